"""Which language a text is written in, by letters where they decide and by py3langid where they do not."""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_ENOUGH = 20
_SAMPLE = 500


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def detect_language(text: str) -> str | None:
    """The BCP 47 primary subtag of the text's language, None where there is too little text or it is unsure."""
    sample = text[:_SAMPLE]
    if sum(letter.isalpha() for letter in sample) < _ENOUGH:
        return None
    found, probability = _identifier().classify(sample)
    return str(found) if probability > 0.5 else None
