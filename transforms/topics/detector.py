"""Detect topics and figures in an article, each with the words that prove it."""

from itertools import pairwise
from typing import NamedTuple

from schemas.articles import Figure, Topic
from transforms.topics.figures import FigureFinder
from transforms.topics.folding import FoldedText, fold
from transforms.topics.headed_text import HeadedText
from transforms.topics.languages import Language, language
from transforms.topics.read_sentences import ReadSentence, bounded
from transforms.topics.rules import RuleBook
from transforms.topics.scoring import Scoring, all_groups
from transforms.topics.sentences import sentence_starts
from transforms.topics.taxonomy import Taxonomy
from transforms.topics.term_finder import TermFinder

_SENTENCE_REACH = 500


class Detection(NamedTuple):
    """What was found in a text: topics at or over their threshold by falling score, figures by place."""

    topics: tuple[Topic, ...]
    figures: tuple[Figure, ...]


class Detector:
    """A taxonomy made ready. Building one takes a good part of a second: make one a process and keep it."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._rules = RuleBook(taxonomy)
        self._terms = TermFinder(taxonomy, self._rules)
        self._scoring = Scoring(taxonomy, self._rules)
        self._finders: dict[str, FigureFinder] = {}

    def detect(
        self, *, title: str | None, text: str, lang: str | None, with_figures: bool = True
    ) -> Detection:
        """Topics and figures of an article.

        Args:
            title: the headline; it counts more than the text.
            text: the article's text; offsets in the result are code points into it (or into the title).
            with_figures: whether to look for figures too.
            lang: BCP 47 primary subtag. Only that language's terms are sought; where None, those of all.

        Returns:
            The same for the same arguments, always. Nothing for a language that the taxonomy has no terms in.
        """
        article = HeadedText.of(title, text)
        folded = fold(article.whole)
        hits = self._terms.matcher.hits(folded.text, lang)
        spoken = language(lang or self._terms.language_of(hits))
        starts = sentence_starts(article.whole, spoken.abbreviations, ordinals=spoken.ordinals)
        topics = self._scoring.topics(self._terms.heard(hits, folded), article, starts) if hits else ()
        figures: tuple[Figure, ...] = ()
        if spoken.figures and with_figures:
            figures = self._figures(folded, article, starts, spoken)
        return Detection(topics, figures)

    def read_sentences(self, *, title: str | None, text: str, lang: str | None) -> list[ReadSentence]:
        """The sentences of an article with what the taxonomy hears in each, for a learned stage.

        The title is never one sentence with the text, and what has no end of a sentence is cut at
        `LONGEST_SENTENCE` code points, so that a table does not count as one sentence.

        Args:
            title: the headline.
            text: the article's text.
            lang: as in `detect`; where None the terms of all languages are sought.
        """
        article = HeadedText.of(title, text)
        whole, text_start = article.whole, article.text_start
        folded = fold(whole)
        spoken = language(lang)
        starts = sentence_starts(whole, spoken.abbreviations, ordinals=spoken.ordinals)
        starts = bounded(sorted({*starts, text_start}), len(whole))
        found = self._terms.heard(self._terms.matcher.hits(folded.text, lang), folded)
        heard = {
            number: (groups, said)
            for number, groups, said in self._scoring.judged(found, article, starts, all_groups(found))
        }
        places = [*folded.places(starts), len(folded.text)]
        read = []
        for number, (begin, beyond) in enumerate(pairwise([*starts, len(whole)])):
            words = whole[begin:beyond].strip()
            if not words:
                continue
            start = whole.index(words, begin)
            groups, said = heard.get(number, (0, ()))
            read.append(
                ReadSentence(
                    *article.place(start, start + len(words)),
                    text=words,
                    folded=folded.text[places[number] : places[number + 1]],
                    groups=tuple(name for name, bit in self._rules.bits.items() if groups & bit),
                    rules=tuple(judgement.rule for judgement in said),
                )
            )
        return read

    def _figures(
        self, folded: FoldedText, article: HeadedText, starts: list[int], spoken: Language
    ) -> tuple[Figure, ...]:
        finder = self._finders.get(spoken.code)
        if finder is None:
            finder = self._finders[spoken.code] = FigureFinder(spoken)
        whole = article.whole
        figures = []
        for stated in finder.find(folded.text, folded.places(starts)):
            start, end = folded.span(stated.start, stated.end)
            if start < article.title_end:
                continue
            begin = starts[stated.sentence]
            beyond = starts[stated.sentence + 1] if stated.sentence + 1 < len(starts) else len(whole)
            # What passes for a sentence may be a whole table; around the figure is enough.
            begin, beyond = max(begin, start - _SENTENCE_REACH), min(beyond, end + _SENTENCE_REACH)
            figures.append(
                Figure(
                    stated.kind,
                    stated.low,
                    stated.high,
                    *article.place(start, end),
                    text=whole[start:end],
                    sentence=whole[begin:beyond].strip(),
                )
            )
        return tuple(figures)
