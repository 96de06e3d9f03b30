"""Detect topics and figures in an article, each with the words that prove it."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from schemas.articles import Evidence, Figure, Topic
from transforms.topics.figures import FigureFinder, folded_starts
from transforms.topics.folding import FoldedText, fold
from transforms.topics.languages import Language, language, languages
from transforms.topics.matcher import Hit, Matcher, NumberedTerm
from transforms.topics.rules import (
    LATE_FACTOR,
    LATE_FROM,
    LEAD_FACTOR,
    LEAD_SENTENCES,
    TITLE_FACTOR,
    FoundTerm,
    Judgement,
    RuleBook,
    Sentence,
    gathered,
)
from transforms.topics.sentences import sentence_starts
from transforms.topics.taxonomy import Taxonomy
from transforms.topics.terms import read_term

_BREAK = "\n\n"
_SENTENCE_REACH = 500
SHORT = 600
"""Code points under which a text is told to be of a kind (sport, a review) by two places fewer."""
MOST_EVIDENCE = 20
"""Pieces of evidence kept for a topic, in the order of the text."""
LONGEST_SENTENCE = 600
"""Code points that `read_sentences` takes for one sentence at most."""


class Detection(NamedTuple):
    """What was found in a text: topics at or over their threshold by falling score, figures by place."""

    topics: tuple[Topic, ...]
    figures: tuple[Figure, ...]


class ReadSentence(NamedTuple):
    """A sentence: where it stands (`field[start:end] == text`), its folded text, the taxonomy's groups and rules met."""

    field: str
    start: int
    end: int
    text: str
    folded: str
    groups: tuple[str, ...]
    rules: tuple[str, ...]


class Detector:
    """A taxonomy made ready. Building one takes a good part of a second: make one a process and keep it."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._rules = RuleBook(taxonomy)
        terms: list[NumberedTerm] = []
        self._groups_of: list[int] = []
        self._lang_of: list[str] = []
        self._finders: dict[str, FigureFinder] = {}
        known: dict[tuple[str, str], int] = {}
        for group in taxonomy.groups.values():
            bit = self._rules.bits[group.name]
            for lang, own in group.terms.items():
                suffix = language(lang).usual_suffix
                for written in own:
                    number = known.setdefault((lang, written.source), len(known))
                    if number == len(self._groups_of):
                        self._groups_of.append(0)
                        self._lang_of.append(lang)
                        read = read_term(written.source, usual_suffix=suffix)
                        terms += [NumberedTerm(lang, number, term) for term in read]
                    self._groups_of[number] |= bit | (self._rules.gapped if ".." in written.source else 0)
        self._matcher = Matcher(terms, {code: spec.clitics for code, spec in languages().items()})
        self._masks = self._rules.mask(taxonomy.masks)
        self._thresholds = [topic.threshold for topic in taxonomy.topics]
        self._dampers = [
            (
                self._rules.mask(damper.groups),
                damper.at_least,
                damper.factor,
                self._rules.mask(damper.unless),
                frozenset(
                    i for i, t in enumerate(taxonomy.topics) if not damper.topics or t.name in damper.topics
                ),
            )
            for damper in taxonomy.dampers
        ]

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
        heading = title or ""
        whole = heading + _BREAK + text
        folded = fold(whole)
        hits = self._matcher.hits(folded.text, lang)
        if lang is None and hits:
            # The language most of whose terms were met is the one to count in.
            met = Counter(self._lang_of[hit.term] for hit in hits)
            lang = min(met, key=lambda code: (-met[code], code))
        spoken = language(lang)
        starts = sentence_starts(whole, spoken.abbreviations, ordinals=spoken.ordinals)
        topics = self._topics(self._heard(hits, folded), whole, starts, len(heading)) if hits else ()
        figures: tuple[Figure, ...] = ()
        if spoken.figures and with_figures:
            figures = self._figures(folded, whole, starts, len(heading), spoken)
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
        heading = title or ""
        whole = heading + _BREAK + text
        text_start = len(heading) + len(_BREAK)
        folded = fold(whole)
        spoken = language(lang)
        starts = sentence_starts(whole, spoken.abbreviations, ordinals=spoken.ordinals)
        starts = _bounded(sorted({*starts, text_start}), len(whole))
        found = self._heard(self._matcher.hits(folded.text, lang), folded)
        heard = {
            number: (groups, said)
            for number, groups, said in self._sentence_by_sentence(
                found, whole, starts, len(heading), _all_groups(found)
            )
        }
        places = [*folded_starts(folded, starts), len(folded.text)]
        read = []
        for number, (start, end) in enumerate(pairwise([*starts, len(whole)])):
            words = whole[start:end]
            start += len(words) - len(words.lstrip())  # noqa: PLW2901 -- the sentence without the space around it
            end = start + len(words.strip())  # noqa: PLW2901 -- likewise
            if start >= end:
                continue
            groups, said = heard.get(number, (0, []))
            base = 0 if start < text_start else text_start
            read.append(
                ReadSentence(
                    field="title" if start < text_start else "text",
                    start=start - base,
                    end=end - base,
                    text=whole[start:end],
                    folded=folded.text[places[number] : places[number + 1]],
                    groups=tuple(name for name, bit in self._rules.bits.items() if groups & bit),
                    rules=tuple(judgement.rule for judgement in said),
                )
            )
        return read

    def _heard(self, hits: list[Hit], folded: FoldedText) -> list[FoundTerm]:
        """The hits as spans of the stored text, without those that lie within a set phrase."""
        groups_of = self._groups_of
        if folded.cuts:
            span = folded.span
            found = [FoundTerm(*span(start, end), groups_of[term]) for start, end, term in hits]
        else:
            found = [FoundTerm(start, end, groups_of[term]) for start, end, term in hits]
        found.sort()
        masks = self._masks
        masking = [term for term in found if term.groups & masks]
        if not masking:
            return found
        starts = [mask.start for mask in masking]
        reaches = list(accumulate((mask.end for mask in masking), max))

        def is_masked(term: FoundTerm) -> bool:
            before = bisect_right(starts, term.start)
            return before > 0 and reaches[before - 1] >= term.end

        return [term for term in found if term.groups & masks or not is_masked(term)]

    def _figures(
        self, folded: FoldedText, whole: str, starts: list[int], title_end: int, spoken: Language
    ) -> tuple[Figure, ...]:
        finder = self._finders.get(spoken.code)
        if finder is None:
            finder = self._finders[spoken.code] = FigureFinder(spoken)
        text_start = title_end + len(_BREAK)
        figures = []
        for stated in finder.find(folded, folded_starts(folded, starts)):
            start, end = folded.span(stated.start, stated.end)
            if start < title_end:
                continue
            begin = starts[stated.sentence]
            beyond = starts[stated.sentence + 1] if stated.sentence + 1 < len(starts) else len(whole)
            # What passes for a sentence may be a whole table; around the figure is enough.
            begin, beyond = max(begin, start - _SENTENCE_REACH), min(beyond, end + _SENTENCE_REACH)
            figures.append(
                Figure(
                    kind=stated.kind,
                    low=stated.low,
                    high=stated.high,
                    field="text",
                    start=start - text_start,
                    end=end - text_start,
                    text=whole[start:end],
                    sentence=whole[begin:beyond].strip(),
                )
            )
        return tuple(figures)

    def _topics(
        self, found: list[FoundTerm], whole: str, starts: list[int], title_end: int
    ) -> tuple[Topic, ...]:
        document = _all_groups(found)
        judgements: list[Judgement] = []
        for _, _, said in self._sentence_by_sentence(found, whole, starts, title_end, document):
            judgements += said
        if not judgements:
            return ()
        damping = self._damping(found, document, len(whole))
        by_topic: dict[int, list[Judgement]] = {}
        for judgement in judgements:
            by_topic.setdefault(judgement.topic, []).append(judgement)
        topics = []
        for number, said in by_topic.items():
            damp = damping.get(number, 1.0)
            score = gathered([judgement.weight * damp for judgement in said])
            if score >= self._thresholds[number]:
                topics.append(self._topic(number, score, said, whole, title_end))
        topics.sort(key=lambda topic: (-topic.score, topic.topic))
        return tuple(topics)

    def _sentence_by_sentence(
        self, found: list[FoundTerm], whole: str, starts: list[int], title_end: int, document: int
    ) -> Iterator[tuple[int, int, list[Judgement]]]:
        """Of every sentence with terms: its number, the groups met in it, what the rules say of it."""
        first = bisect_right(starts, title_end)
        at = 0
        while at < len(found):
            number = bisect_right(starts, found[at].start)
            end = starts[number] if number < len(starts) else len(whole)
            groups = 0
            beyond = at
            while beyond < len(found) and found[beyond].start < end:
                groups |= found[beyond].groups
                beyond += 1
            factor = _place_factor(number - first, found[at].start - title_end)
            sentence = Sentence(found[at:beyond], groups, factor)
            yield number - 1, groups, self._rules.judge(sentence, whole, document)
            at = beyond

    def _damping(self, found: list[FoundTerm], document: int, length: int) -> dict[int, float]:
        damping: dict[int, float] = {}
        for mask, at_least, factor, unless, topics in self._dampers:
            if not document & mask or document & unless:
                continue
            spans = {(term.start, term.end) for term in found if term.groups & mask}
            if len(spans) >= (at_least if length >= SHORT else max(2, at_least - 2)):
                for topic in topics:
                    damping[topic] = damping.get(topic, 1.0) * factor
        return damping

    def _topic(self, number: int, score: float, said: list[Judgement], whole: str, title_end: int) -> Topic:
        spec = self.taxonomy.topics[number]
        text_start = title_end + len(_BREAK)
        evidence: list[Evidence] = []
        for judgement in said:
            for start, end in judgement.spans:
                in_title = start < title_end
                base = 0 if in_title else text_start
                evidence.append(
                    Evidence(
                        field="title" if in_title else "text",
                        start=start - base,
                        end=end - base,
                        text=whole[start:end],
                        rule=judgement.rule,
                    )
                )
        return Topic(
            topic=spec.name,
            score=round(score, 4),
            concepts=tuple(mapping.concept for mapping in spec.mappings),
            evidence=tuple(evidence[:MOST_EVIDENCE]),
        )


def _all_groups(found: list[FoundTerm]) -> int:
    """Bits of the groups met anywhere in the document."""
    document = 0
    for term in found:
        document |= term.groups
    return document


def _bounded(starts: list[int], length: int) -> list[int]:
    """The starts, and further ones where a sentence would be longer than `LONGEST_SENTENCE`."""
    bounded: list[int] = []
    for start, end in pairwise([*starts, length]):
        bounded += range(start, max(end, start + 1), LONGEST_SENTENCE)
    return bounded


def _place_factor(sentence: int, depth: int) -> float:
    """How much a sentence's place adds: `sentence` counts from the title's last, `depth` in code points from it."""
    if sentence <= 0:
        return TITLE_FACTOR
    if sentence <= LEAD_SENTENCES:
        return LEAD_FACTOR
    return LATE_FACTOR if depth > LATE_FROM else 1.0
