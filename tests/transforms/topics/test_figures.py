import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.topics.figures import FigureFinder
from transforms.topics.languages import languages
from transforms.topics.number_tokens import TOKEN, Token
from transforms.topics.numbers import NumberReader

STATED = [
    ("en", "Police detained 1,250 people.", ("detained", 1250, 1250)),
    ("en", "More than 40 people were injured.", ("injured", 40, None)),
    ("en", "Up to three hundred people marched.", ("participants", None, 300)),
    ("en", "Hundreds of people gathered in the square.", ("participants", 200, 999)),
    ("en", "Between 20 and 30 people were wounded.", ("injured", 20, 30)),
    ("en", "The death toll rose to ninety-one.", ("killed", 91, 91)),
    ("en", "Prosecutors opened 14 criminal cases.", ("criminal_cases", 14, 14)),
    ("en", "Over 2,500 have been arrested.", ("detained", 2500, None)),
    ("ru", "Задержаны более 300 человек.", ("detained", 300, None)),
    ("ru", "Погибли двадцать три человека.", ("killed", 23, 23)),
    ("ru", "Возбуждено 12 уголовных дел.", ("criminal_cases", 12, 12)),
    ("ru", "На площадь вышли десятки тысяч человек.", ("participants", 20_000, 99_999)),
    ("ru", "Число погибших выросло до 16.", ("killed", 16, 16)),
    ("kk", "Полиция қырық бес адамды ұстады.", ("detained", 45, 45)),
    ("kk", "Алаңға 500-ден астам адам жиналды.", ("participants", 500, None)),
    ("kk", "Апаттан он тоғыз адам жараланды.", ("injured", 19, 19)),
    ("es", "La policía detuvo a treinta y cinco personas.", ("detained", 35, 35)),
    ("es", "Al menos 1.200 personas resultaron heridas.", ("injured", 1200, None)),
    ("es", "Un tribunal condenó a doscientos dos militares.", ("convicted", 202, 202)),
    ("fr", "Soixante-dix-sept personnes ont été interpellées.", ("detained", 77, 77)),
    ("fr", "Quatre-vingt-douze manifestants ont été blessés.", ("injured", 92, 92)),
    ("fr", "Près de 1 500 personnes ont défilé.", ("participants", 1500, 1500)),
    ("de", "Die Polizei nahm siebenundvierzig Menschen fest.", ("detained", 47, 47)),
    ("de", "Mindestens zweihundertfünf Menschen wurden verletzt.", ("injured", 205, None)),
    ("de", "Mehrere hundert Menschen demonstrierten.", ("participants", 200, 999)),
    ("ar", "اعتقلت الشرطة خمسة وعشرين شخصا.", ("detained", 25, 25)),
    ("ar", "أصيب ١٢٠ شخصا على الأقل.", ("injured", 120, None)),
    ("ar", "مقتل أكثر من ثلاثين شخصا.", ("killed", 30, None)),
]
NOT_STATED = [
    ("en", "In 2019 people were injured in the town."),
    ("en", "The man, aged 45, was arrested on 12 May."),
    ("en", "He was fined $300 and sentenced to 12 years."),
    ("en", "Some 40 percent of people arrested were young."),
    ("en", "He was charged under article 212 after 3 hours."),
    ("en", "The 19-year-old was detained at 10:30 with 15 rifles."),
    ("ru", "Суд приговорил его к 12 годам по статье 212."),
    ("ru", "15 мая полиция задержала мужчину 45 лет."),
    ("kk", "Сот оны 12 жылға соттады."),
    ("es", "Fue condenado a 15 años por el artículo 12."),
    ("fr", "Il a été condamné à 12 ans de prison le 3 mai."),
    ("de", "Am 12. Mai wurde er zu 15 Jahren Haft verurteilt."),
    ("ar", "حكمت المحكمة عليه بالسجن 12 عاما في 15 مايو."),
]


def stated(detector, lang, text):
    return [
        (figure.kind, figure.low, figure.high)
        for figure in detector.detect(title=None, text=text, lang=lang).figures
    ]


@pytest.mark.parametrize(("lang", "text", "figure"), STATED)
def test_a_stated_figure_is_read_with_its_bounds(detector, lang, text, figure):
    """Digits and words, grouped in every way, exact and bounded, in seven languages."""
    assert stated(detector, lang, text) == [figure]


@pytest.mark.parametrize(("lang", "text"), NOT_STATED)
def test_years_dates_ages_money_shares_and_terms_are_no_figures(detector, lang, text):
    """A number that counts something else is never told as a figure."""
    assert stated(detector, lang, text) == []


def test_parts_are_told_beside_their_whole(detector):
    """Six of the 47 are listed too, under the same kind."""
    text = "Police said 47 people were detained, six of them minors. Two of the wounded died."
    assert stated(detector, "en", text)[:2] == [("detained", 47, 47), ("detained", 6, 6)]


@pytest.mark.parametrize(
    ("lang", "text", "kinds"),
    [
        ("en", "Six officers were injured and two inmates died.", ["injured", "killed"]),
        ("fr", "Trois agents ont été blessés et dix personnes interpellées.", ["injured", "detained"]),
        (
            "de",
            "44 Vermummte zogen durch die Stadt, zwölf von ihnen wurden festgenommen.",
            ["participants", "detained"],
        ),
        ("ar", "شارك ألف شخص في المسيرة، واعتقلت الشرطة 50 منهم.", ["participants", "detained"]),
        ("ar", "أسفر الهجوم عن مقتل خمسة وإصابة 44.", ["killed", "injured"]),
    ],
)
def test_each_number_keeps_to_its_own_verb(detector, lang, text, kinds):
    """A verb that has its subject, or stands for a part alone, says nothing of the other number."""
    assert [kind for kind, _, _ in stated(detector, lang, text)] == kinds


def test_what_befell_people_goes_before_what_they_are(detector):
    """Protesters who were arrested count as detained, not as taking part."""
    assert stated(detector, "en", "Police arrested 30 protesters.") == [("detained", 30, 30)]


@pytest.mark.parametrize("lang", sorted(languages()))
def test_every_language_has_its_tables(lang):
    """A language is data: its file builds a finder, whatever it leaves out."""
    FigureFinder(languages()[lang])


SPOKEN = {
    "en": (["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], "hundred"),
    "kk": (["", "бір", "екі", "үш", "төрт", "бес", "алты", "жеті", "сегіз", "тоғыз"], "жүз"),
    "de": (["", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"], "hundert"),
}
TENS = {
    "en": ["", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
    "kk": ["", "он", "жиырма", "отыз", "қырық", "елу", "алпыс", "жетпіс", "сексен", "тоқсан"],
    "de": [
        "",
        "zehn",
        "zwanzig",
        "dreißig",
        "vierzig",
        "fünfzig",
        "sechzig",
        "siebzig",
        "achtzig",
        "neunzig",
    ],
}


@pytest.mark.parametrize("lang", sorted(SPOKEN))
@given(number=st.integers(121, 999).filter(lambda n: n % 100 > 20 and n % 10))
@settings(max_examples=80, deadline=None)
def test_numbers_in_words_are_read_up_to_999(lang, number):
    """Hundreds, tens and units, apart or written as one word."""
    units, hundred = SPOKEN[lang]
    tens = TENS[lang]
    h, t, u = number // 100, number // 10 % 10, number % 10
    words = {
        "en": f"{units[h]} hundred and {tens[t]}-{units[u]}",
        "kk": f"{units[h]} {hundred} {tens[t]} {units[u]}",
        "de": f"{units[h]}{hundred}{units[u]}und{tens[t]}",
    }[lang]
    tokens = [Token(found.group(), *found.span()) for found in TOKEN.finditer(words)]
    read = NumberReader(languages()[lang].figures).read(tokens)
    assert [(found.low, found.high) for found in read] == [(number, number)]
