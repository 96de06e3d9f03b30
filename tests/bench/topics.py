"""Documents a second, on one core: topics alone, topics and figures, with language, and Python's re beside them.

    python tests/bench/topics.py

Documents of 3,000 characters are made of the default taxonomy's own examples, in each of its languages.
"""

import re
import time

from transforms.language import detect_language
from transforms.topics.detector import Detector
from transforms.topics.folding import fold
from transforms.topics.taxonomy import Taxonomy, load_taxonomy

LENGTH = 3000
SECONDS = 1.5


def documents(taxonomy: Taxonomy) -> list[tuple[str, str]]:
    """Language and text of one long document for each language of the taxonomy."""
    made = []
    for lang in taxonomy.languages():
        text = "\n".join(example.text for example in taxonomy.examples if example.lang == lang)
        made.append((lang, (text * (LENGTH // len(text) + 1))[:LENGTH]))
    return made


def rate(work, made: list[tuple[str, str]]) -> float:
    """How many documents a second the work takes, the documents in turn."""
    done = 0
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        for lang, text in made:
            work(lang, text)
        done += len(made)
    return done / (time.perf_counter() - started)


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
    made = documents(taxonomy)
    pattern = alternation(taxonomy)
    detect_language(made[0][1])
    rows = {
        "topics": lambda lang, text: detector.detect(title=None, text=text, lang=lang, with_figures=False),
        "topics + figures": lambda lang, text: detector.detect(title=None, text=text, lang=lang),
        "topics + figures + language": lambda _, text: detector.detect(
            title=None, text=text, lang=detect_language(text)
        ),
        "the automaton alone": lambda lang, text: detector._matcher.hits(fold(text).text, lang),
        "Python re, single words alone": lambda _, text: pattern.findall(fold(text).text),
    }
    print(f"{len(taxonomy.groups)} groups, {len(made)} languages, {LENGTH} characters a document")
    for name, work in rows.items():
        each = (
            "  ".join(f"{lang} {rate(work, [(lang, text)]):,.0f}" for lang, text in made)
            if name == "topics"
            else ""
        )
        print(f"{name:32s} {rate(work, made):8,.0f} documents a second  {each}")


if __name__ == "__main__":
    main()
