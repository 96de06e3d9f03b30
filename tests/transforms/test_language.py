"""Which language a text is in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.language import detect_language, primary_subtag

SAMPLES = {
    "en": "The ferry to the northern islands will sail twice a day from April.",
    "de": "Die Fähre zu den nördlichen Inseln fährt ab April zweimal am Tag.",
    "fr": "Le bac vers les îles du nord partira deux fois par jour dès avril.",
    "es": "El transbordador a las islas del norte saldrá dos veces al día desde abril.",
    "ru": "Паром к северным островам будет ходить дважды в день с апреля.",
    "uk": "Пором до північних островів ходитиме двічі на день із квітня, її розклад змінили.",
    "kk": "Солтүстік аралдарға баратын паром сәуірден бастап күніне екі рет қатынайды.",
    "ky": "Түндүк аралдарга каттаган паром апрель айынан баштап күнүнө эки жолу жүрөт.",
    "tg": "Паром ба ҷазираҳои шимолӣ аз моҳи апрел рӯзе ду маротиба мераванд.",
    "bg": "Фериботът до северните острови ще пътува два пъти на ден от април.",
    "ar": "ستبحر العبارة إلى الجزر الشمالية مرتين في اليوم ابتداء من أبريل.",
    "fa": "کشتی مسافربری به جزایر شمالی از فروردین روزی دو بار حرکت می‌کند.",
    "ja": "北の島々へのフェリーは四月から一日二便になります。",
    "ko": "북쪽 섬으로 가는 여객선이 사월부터 하루에 두 번 운항한다.",
    "zh": "开往北方岛屿的渡轮将从四月起每天开行两班，港务局周二决定。",
    "el": "Το πλοίο για τα βόρεια νησιά θα φεύγει δύο φορές την ημέρα.",
    "tr": "Kuzey adalarına giden feribot nisan ayından itibaren günde iki kez kalkacak.",
}


@pytest.mark.parametrize("lang", SAMPLES)
def test_one_sentence_is_enough(lang):
    """A sentence tells the language, also among those that share a script."""
    assert detect_language(SAMPLES[lang]) == lang


def test_a_quotation_does_not_change_the_language():
    """A Russian text that names a Kazakh place stays Russian."""
    assert detect_language(SAMPLES["ru"] * 5 + " Қарағанды. " + SAMPLES["ru"] * 5) == "ru"


@pytest.mark.parametrize("text", ["", "OK", "12.02.2026 14:30", "– – –", "Ferry 12"])
def test_too_little_text_is_null(text):
    """Where there is next to no text, no language is made up, even where one is declared."""
    assert detect_language(text, "en") is None


def test_a_declaration_settles_a_doubt_only():
    """What the page declares decides where the text leaves a doubt, and not against the text."""
    assert detect_language(SAMPLES["de"], "en-GB") == "de"
    doubtful = "Skjebnen til Hansen og Berg"
    assert detect_language(doubtful, "no") in {None, "no", "da"}


@pytest.mark.parametrize(
    ("declared", "primary"),
    [
        ("en-GB", "en"),
        ("pt_BR", "pt"),
        ("DE", "de"),
        (" kk ", "kk"),
        ("english", None),
        ("", None),
        (None, None),
    ],
)
def test_primary_subtags(declared, primary):
    """Of a language tag the primary subtag is taken; what is no tag gives none."""
    assert primary_subtag(declared) == primary


@given(st.text())
def test_any_text(text):
    """Any text gives a short subtag or None."""
    found = detect_language(text)
    assert found is None or 2 <= len(found) <= 3


@pytest.mark.quality
def test_the_evaluation_texts(eval_data):
    """Of the composed texts of seven languages none is mistaken, nor of the Kyrgyz news."""
    with (eval_data / "gold" / "A.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(row) for row in lines]
    with (eval_data / "topics" / "kyrgyz_24kg.ky.jsonl").open(encoding="utf-8") as lines:
        rows += [json.loads(row) for row in lines][:300]
    wrong = [row["id"] for row in rows if detect_language(row["text"]) != row["lang"]]
    assert wrong == []
