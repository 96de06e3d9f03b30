"""Which language a text is written in: by its letters where they decide, else by py3langid's model.

py3langid ships its model with the package (a naive Bayes classifier over byte n-grams, Lui and Baldwin 2012). On the
evaluation texts it errs on languages that share a script and differ in a few letters (Kazakh, Kyrgyz, Russian) only
where a text is short or quotes the other language, so the letters that one language alone writes come first.
"""

import re
from collections import Counter
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_SAMPLE = 500
"""Characters looked at; more cost time and change no answer on the evaluation texts."""
_PIECES = (slice(0, 80), slice(210, 290), slice(420, 500))
"""Pieces of a sample that are looked at first: enough where they are sure, for less than half the time."""
_SURE_BY_PIECES = 0.99
_VARIETIES = {"ary": "ar"}
"""Languages of the model that pieces need not tell from another one."""
_FEWEST_LETTERS = 20
_SURE = 0.5
"""Probability, as py3langid normalises it, below which the page's own declaration is asked."""
_THINKABLE = 0.1

_SCRIPTS = (
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af\u1100-\u11ff]"), "ko"),
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u10a0-\u10ff]"), "ka"),
    (re.compile("[\u0530-\u058f]"), "hy"),
)
"""Scripts that one language of news writes."""
_SOME_SCRIPT = re.compile("[" + "".join(script.pattern[1:-1] for script, _ in _SCRIPTS) + "]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_OWN_LETTERS = {
    "kk": "ғқұ",
    "tg": "ӣӯҳҷ",
    "tt": "җ",
    "uk": "їєґ",
    "be": "ў",
    "sr": "ђћљњџ",
    "mk": "ѓќѕ",
}
"""Cyrillic letters that (nearly) one language alone has; Tajik shares ғ and қ with Kazakh and is asked for first."""
_TURKIC = frozenset("өүң")
_FEWEST_OWN = 0.006
"""Share of a language's own letters among all; a name quoted in another language stays below."""


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def detect_language(text: str, declared: str | None = None) -> str | None:
    """The text's language as a BCP 47 primary subtag, None where there is too little text or it is unsure.

    Args:
        text: plain text; its first 500 characters are read.
        declared: what the page or feed declares (`kk`, `en-GB`), believed where the text itself leaves a doubt.
    """
    sample = text[:_SAMPLE]
    letters = sum(map(str.isalpha, sample))
    by_script = _of_script(sample, letters)
    if by_script is not None:
        return by_script
    if letters < _FEWEST_LETTERS:
        return None
    ranking = _ranking(sample)
    found, probability = ranking[0]
    by_letters = _of_letters(sample, letters, found) if _CYRILLIC.search(sample) else None
    if by_letters is not None:
        return by_letters
    if probability > _SURE:
        return found
    claim = primary_subtag(declared)
    return claim if any(lang == claim and share > _THINKABLE for lang, share in ranking[:5]) else None


def _ranking(sample: str) -> list[tuple[str, float]]:
    """Languages by probability, the likeliest first; that one alone where pieces of the sample are sure of it."""
    ranking: list[tuple[str, float]]
    if len(sample) == _SAMPLE:
        ranking = _identifier().rank(" ".join(sample[piece] for piece in _PIECES))
        (found, probability), (second, share) = ranking[:2]
        if probability + (share if _VARIETIES.get(second) == found else 0.0) > _SURE_BY_PIECES:
            return ranking[:1]
    ranking = _identifier().rank(sample)
    return ranking


def primary_subtag(declared: str | None) -> str | None:
    """The primary subtag of a language tag (`en` of `en-GB`, `pt` of `pt_BR`), None where there is none."""
    match = re.match(r"\s*([A-Za-z]{2,3})(?:[-_]|\s*$)", declared or "")
    return match[1].lower() if match else None


def _of_script(sample: str, letters: int) -> str | None:
    if not _SOME_SCRIPT.search(sample):
        return None
    for script, lang in _SCRIPTS:
        found = len(script.findall(sample))
        if found >= 6 and found > (0.1 if lang == "ja" else 0.4) * letters:
            return lang
    return None


def _of_letters(sample: str, letters: int, found: str) -> str | None:
    """The Cyrillic language whose own letters the text holds; None where the letters do not decide."""
    count = Counter(sample.lower())
    least = max(2.0, _FEWEST_OWN * letters)
    own = {lang: sum(count[letter] for letter in own) for lang, own in _OWN_LETTERS.items()}
    if own["tg"] >= least and own["tg"] * 2 >= own["kk"]:
        return "tg"
    lang, most = max(own.items(), key=lambda item: item[1])
    if most >= least:
        return lang
    turkic = sum(count[letter] for letter in _TURKIC)
    if turkic >= least and found in {"ru", "kk", "bg", "uk"}:
        return "ky" if count["ң"] else None
    return None
