"""Figures that a text states: how many killed, detained, accused and so on, each with the words that state it.

A number becomes a figure where it counts a noun of a kind ("nine suspects", "38 arrests"), or people or nothing
named ("47 people", "20 others") near an event verb of a kind in the same clause ("were detained"), or as a part of
a figure before it ("six of them minors"). Years, dates, ages, money, shares and other things are no figures.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from transforms.topics.counting import Counter, Marks, View
from transforms.topics.folding import fold
from transforms.topics.heads import NumberedTerm
from transforms.topics.languages import Language
from transforms.topics.matcher import Hit, Matcher
from transforms.topics.number_tokens import TOKEN, Token
from transforms.topics.numbers import NumberReader
from transforms.topics.terms import read_term

KINDS = (
    "criminal_cases",
    "pretrial_investigations",
    "accused",
    "detained",
    "convicted",
    "killed",
    "injured",
    "participants",
)
_ROLES = (
    "people",
    "things",
    "including",
    "of_them",
    "auxiliary",
    "stop",
    "partitive",
    "never_before",
    "months",
)
_CLOSED = frozenset({"stop", "auxiliary", "partitive", "never_before", "months"})
"""Roles whose words are so common that whole words are looked up rather than sought."""


class StatedFigure(NamedTuple):
    """A figure with its span and its sentence's number, in the folded text."""

    kind: str
    low: int | None
    high: int | None
    start: int
    end: int
    sentence: int


class FigureFinder:
    """Finds the figures of one language by its tables (`figures` in `data/languages`)."""

    def __init__(self, language: Language) -> None:
        tables: Mapping[str, Any] = language.figures
        self._reader = NumberReader(tables)
        self._meaning: list[tuple[str, str]] = []
        self._word_roles: dict[str, set[str]] = {}
        terms: list[NumberedTerm] = []
        for role in ("nouns", "verbs", "tolls"):
            for kind, listed in tables.get(role, {}).items():
                if kind not in KINDS:
                    raise ValueError(
                        f"{language.code}.yaml: figures.{role} names {kind!r}; the kinds are {KINDS}"
                    )
                self._add(terms, language, (role, kind), str(listed))
        for role in _ROLES:
            self._add(terms, language, ("role", role), str(tables.get(role, "")))
        self._counter = Counter(language, self._reader)
        clitics = {language.code: language.clitics}
        self._kinds = Matcher([t for t in terms if self._meaning[t.number][0] != "role"], clitics)
        self._company = Matcher([t for t in terms if self._meaning[t.number][0] == "role"], clitics)
        self._lang = language.code

    def _add(
        self, terms: list[NumberedTerm], language: Language, meaning: tuple[str, str], listed: str
    ) -> None:
        for line in listed.splitlines():
            for source in line.partition("#")[0].split(","):
                if source.strip():
                    if meaning[1] in _CLOSED and source.strip().isalpha():
                        self._word_roles.setdefault(fold(source.strip()).text, set()).add(meaning[1])
                        continue
                    number = len(self._meaning)
                    self._meaning.append(meaning)
                    terms += [
                        NumberedTerm(language.code, number, term)
                        for term in read_term(" ".join(source.split()), usual_suffix=language.usual_suffix)
                    ]

    def find(self, folded: str, starts: Sequence[int]) -> list[StatedFigure]:
        """The figures of a folded text, by place. `starts` are where its sentences begin, in the folded text."""
        found: list[StatedFigure] = []
        places = self._reader.places(folded)
        for sentence in sorted({bisect_right(starts, place) - 1 for place in places}):
            start = starts[sentence]
            end = starts[sentence + 1] if sentence + 1 < len(starts) else len(folded)
            text = folded[start:end]
            hits = self._kinds.hits(text, self._lang)
            if hits:
                last = found[-1].kind if found and found[-1].sentence == sentence - 1 else None
                found += [
                    figure._replace(start=figure.start + start, end=figure.end + start)
                    for figure in self._sentence(text, hits, sentence, last)
                ]
        return found

    def _sentence(self, text: str, hits: list[Hit], sentence: int, last: str | None) -> list[StatedFigure]:
        """The figures of a sentence in which words of a kind stand; `last` is the last kind of the one before."""
        tokens = [Token(match[0], match.start(), match.end()) for match in TOKEN.finditer(text)]
        numbers = self._reader.read(tokens)
        if not numbers:
            return []
        marks = self._marks(tokens, hits + self._company.hits(text, self._lang))
        view = View(
            tokens,
            marks,
            {place for number in numbers for place in range(number.bare, number.last)},
            set(),
            set(),
        )
        found: list[StatedFigure] = []
        for number in numbers:
            kind = self._counter.kind(number, view, found[-1].kind if found else None, last)
            if kind is not None:
                found.append(
                    StatedFigure(
                        kind,
                        number.low,
                        number.high,
                        tokens[number.first].start,
                        tokens[number.last - 1].end,
                        sentence,
                    )
                )
        return found

    def _marks(self, tokens: list[Token], hits: Sequence[Hit]) -> dict[int, Marks]:
        places = {token.start: place for place, token in enumerate(tokens)}
        ends = {token.end: place for place, token in enumerate(tokens)}
        begins = [token.start for token in tokens]
        marks: dict[int, Marks] = {}
        for start, end, term in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
            place = places.get(start)
            if place is None:
                place = bisect_right(begins, start) - 1
            mark = marks.setdefault(place, Marks([], [], [], set()))
            role, name = self._meaning[term]
            mark.length = max(mark.length, ends.get(end, place) - place + 1)
            if role == "role":
                if not (name == "things" and mark.nouns):
                    mark.roles.add(name)
            else:
                listed: list[str] = getattr(mark, role)
                listed.append(name)
        for place, token in enumerate(tokens):
            roles = self._word_roles.get(token.text)
            if roles is not None:
                marks.setdefault(place, Marks([], [], [], set())).roles.update(roles)
        return marks
