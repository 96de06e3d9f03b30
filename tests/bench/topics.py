"""Documents a second, on one core: topics alone, topics and figures, with language; beside them spaCy and Python's re.

    python tests/bench/topics.py

Documents of 3,000 characters are made of the default taxonomy's own examples, in each of its languages.
"""

import re
import time
from collections.abc import Callable

import spacy
from spacy.matcher import PhraseMatcher

from transforms.language import detect_language
from transforms.mentions.dates import mentioned_dates
from transforms.mentions.places import mentioned_places
from transforms.topics.detector import Detector
from transforms.topics.folding import fold
from transforms.topics.taxonomy import Taxonomy, load_taxonomy

Work = Callable[[str, str], object]

LENGTH = 3000
SECONDS = 1.5


def documents(taxonomy: Taxonomy, *, telling: bool) -> list[tuple[str, str]]:
    """Language and text of one document a language, of examples that have topics, or of those that have none."""
    made = []
    for lang in taxonomy.languages():
        chosen = [e.text for e in taxonomy.examples if e.lang == lang and bool(e.has) == telling]
        text = "\n".join(chosen)
        made.append((lang, (text * (LENGTH // len(text) + 1))[:LENGTH]))
    return made


def rate(work: Work, made: list[tuple[str, str]]) -> float:
    """How many documents a second the work takes, the documents in turn."""
    done = 0
    started = time.process_time()
    while time.process_time() - started < SECONDS:
        for lang, text in made:
            work(lang, text)
        done += len(made)
    return done / (time.process_time() - started)


def phrase_matcher(taxonomy: Taxonomy) -> Callable[[str], object]:
    """spaCy's PhraseMatcher with the taxonomy's plain terms, case folded, over spaCy's own tokens."""
    blank = spacy.blank("xx")
    blank.max_length = 10_000_000
    matcher = PhraseMatcher(blank.vocab, attr="LOWER")
    plain = sorted(
        {
            term.source.replace("*", "").strip()
            for group in taxonomy.groups.values()
            for terms in group.terms.values()
            for term in terms
            if re.fullmatch(r"[\w *-]+", term.source)
        }
    )
    matcher.add("terms", list(blank.pipe(plain)))
    return lambda text: matcher(blank(text))


def alternation(taxonomy: Taxonomy) -> re.Pattern[str]:
    """The plain single-word terms of every language as one regular expression."""
    words = {
        fold(term.source.partition("*")[0]).text
        for group in taxonomy.groups.values()
        for terms in group.terms.values()
        for term in terms
        if re.fullmatch(r"\w+(\*\d*)?", term.source)
    }
    return re.compile(r"\b(?:" + "|".join(sorted(words, key=lambda word: (-len(word), word))) + r")\w{0,4}\b")


def main() -> None:
    taxonomy = load_taxonomy()
    detector = Detector(taxonomy)
    pattern = alternation(taxonomy)
    phrases = phrase_matcher(taxonomy)
    works: dict[str, Work] = {
        "topics": lambda lang, text: detector.detect(title=None, text=text, lang=lang, with_figures=False),
        "topics + figures": lambda lang, text: detector.detect(title=None, text=text, lang=lang),
        "topics + figures + language": lambda _, text: detector.detect(
            title=None, text=text, lang=detect_language(text)
        ),
        "dates + places": lambda lang, text: (
            mentioned_dates(None, text, lang=lang, published=None),
            mentioned_places(None, text, lang=lang),
        ),
        "spaCy PhraseMatcher, plain terms": lambda _, text: phrases(text),
        "Python re, single words alone": lambda _, text: pattern.findall(fold(text).text),
    }
    detect_language("a sentence long enough for the model to be loaded")
    for lang in taxonomy.languages():
        works["dates + places"](lang, "so that its tables are loaded")
    for telling, kind in ((False, "ordinary news"), (True, "every sentence tells of a topic")):
        made = documents(taxonomy, telling=telling)
        print(f"{kind}: {len(made)} languages, {LENGTH} characters a document")
        for name, work in works.items():
            print(f"  {name:34s} {rate(work, made):8,.0f} documents a second of processor time")


if __name__ == "__main__":
    main()
