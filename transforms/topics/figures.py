"""Figures that a text states: how many killed, detained, accused and so on, each with the words that state it.

A number becomes a figure where it counts a noun of a kind ("nine suspects", "38 arrests"), or people or nothing
named ("47 people", "20 others") near an event verb of a kind in the same clause ("were detained"), or as a part of
a figure before it ("six of them minors"). Years, dates, ages, money, shares and other things are no figures.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from transforms.topics.folding import FoldedText, fold
from transforms.topics.languages import Language
from transforms.topics.matcher import Hit, Matcher, NumberedTerm
from transforms.topics.numbers import TOKEN, Number, NumberReader, Token
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
_CLAUSE_SIGNS = frozenset(";:()—–")
_SIGNS = frozenset("$€£¥₽₸₹₴№#§")
_NOUN_REACH = 4
_VERB_REACH = 9
_COMMA_COST = 3


_BEFALLS = {
    "participants": frozenset({"detained", "accused", "convicted", "killed", "injured"}),
    "accused": frozenset({"convicted", "killed", "injured"}),
    "detained": frozenset({"convicted", "killed", "injured"}),
    "convicted": frozenset({"killed", "injured"}),
}
"""Kinds named by a noun of who people are, and the kinds that a verb beside it makes of them."""


class StatedFigure(NamedTuple):
    """A figure with its span and its sentence's number, in the folded text."""

    kind: str
    low: int | None
    high: int | None
    start: int
    end: int
    sentence: int


@dataclass(slots=True)
class _Marks:
    """What a token of the sentence is, besides its letters."""

    nouns: list[str]
    verbs: list[str]
    tolls: list[str]
    roles: set[str]
    length: int = 1


class _View(NamedTuple):
    """A sentence's tokens, what they are, which belong to numbers, and which verbs have their subject."""

    tokens: list[Token]
    marks: dict[int, _Marks]
    counted: set[int]
    taken: set[int]


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
        self._ordinals = language.ordinals
        self._verb_reach = int(tables.get("verb_reach", _VERB_REACH))
        self._verbs_first = bool(tables.get("verbs_first"))
        self._verbs_last = bool(tables.get("verbs_last"))
        self._year_before = frozenset(fold(word).text for word in str(tables.get("year_before", "")).split())
        self._parts = frozenset(fold(word).text for word in str(tables.get("parts", "")).split())
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

    def find(self, folded: FoldedText, starts: Sequence[int]) -> list[StatedFigure]:
        """The figures of a folded text, by place. `starts` are where its sentences begin, in the folded text."""
        found: list[StatedFigure] = []
        places = self._reader.places(folded.text)
        for sentence in sorted({bisect_right(starts, place) - 1 for place in places}):
            start = starts[sentence]
            end = starts[sentence + 1] if sentence + 1 < len(starts) else len(folded.text)
            text = folded.text[start:end]
            hits = self._kinds.hits(text, self._lang)
            if hits:
                hits += self._company.hits(text, self._lang)
                last = found[-1].kind if found and found[-1].sentence == sentence - 1 else None
                tokens = [Token(match.group(), *match.span()) for match in TOKEN.finditer(text)]
                found += [
                    figure._replace(start=figure.start + start, end=figure.end + start)
                    for figure in self._sentence(tokens, hits, sentence, last)
                ]
        return found

    def _sentence(
        self, tokens: list[Token], hits: Sequence[Hit], sentence: int, last: str | None
    ) -> list[StatedFigure]:
        numbers = self._reader.read(tokens)
        if not numbers:
            return []
        marks = self._marks(tokens, hits)
        view = _View(
            tokens, marks, {place for number in numbers for place in range(number.bare, number.last)}, set()
        )
        found: list[StatedFigure] = []
        for number in numbers:
            kind = self._kind(number, view, found[-1].kind if found else None, last)
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

    def _marks(self, tokens: list[Token], hits: Sequence[Hit]) -> dict[int, _Marks]:
        places = {token.start: place for place, token in enumerate(tokens)}
        ends = {token.end: place for place, token in enumerate(tokens)}
        begins = [token.start for token in tokens]
        marks: dict[int, _Marks] = {}
        for start, end, term in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
            place = places.get(start)
            if place is None:
                place = bisect_right(begins, start) - 1
            mark = marks.setdefault(place, _Marks([], [], [], set()))
            role, name = self._meaning[term]
            mark.length = max(mark.length, ends.get(end, place) - place + 1)
            if role == "role":
                mark.roles.add(name)
            else:
                listed: list[str] = getattr(mark, role)
                listed.append(name)
        for place, token in enumerate(tokens):
            roles = self._word_roles.get(token.text)
            if roles is not None:
                marks.setdefault(place, _Marks([], [], [], set())).roles.update(roles)
        return marks

    def _kind(self, number: Number, view: _View, before: str | None, last: str | None) -> str | None:
        """The kind that a number counts, None where it counts something else."""
        if self._is_no_count(number, view):
            return None
        if self._is_part(number, view):
            return self._own_verb(number, view) or self._of_whole(number, view) or before or last
        named = self._named(number, view)
        if isinstance(named, str):
            return None if named == "things" else self._overridden(named, number, view)
        toll = self._toll(number, view)
        if toll is not None or (number.plain_year and named <= number.last):
            return toll
        if number.plain_year and view.tokens[number.first - 1].text in self._year_before:
            return None
        kind = self._by_verb(number, named, view)
        if (
            kind is None
            and before is not None
            and named == number.last
            and view.tokens[number.first - 1].text in ",،"
        ):
            return before
        return kind

    def _own_verb(self, number: Number, view: _View) -> str | None:
        """The kind of a verb that a part has for itself: two of whom were killed."""
        place = number.last
        while _has(view.marks, place, "of_them", "auxiliary"):
            place += view.marks[place].length
        mark = view.marks.get(place)
        return mark.verbs[0] if mark is not None and mark.verbs else None

    def _of_whole(self, number: Number, view: _View) -> str | None:
        """The kind of the whole where it is named just before: among the dead were two girls."""
        for place in range(number.first - 1, max(-1, number.first - 4), -1):
            mark = view.marks.get(place)
            if view.tokens[place].text in ",،":
                return None
            if mark is not None and mark.nouns:
                return mark.nouns[0]
        return None

    def _overridden(self, kind: str, number: Number, view: _View) -> str:
        """What befell people who are named by what they are: protesters detained, defendants convicted."""
        befalls = _BEFALLS.get(kind)
        if befalls is None:
            return kind
        after = self._verb_after(number, -number.last, view)
        before = self._verb_before(number, number.last, view)
        for found, reach in ((after, 4), (before, 2)):
            if found is not None and found[0] <= reach and found[2] in befalls:
                return found[2]
        return kind

    def _is_no_count(self, number: Number, view: _View) -> bool:
        tokens, marks = view.tokens, view.marks
        first, last = number.first, number.last
        ahead = tokens[first - 1] if first else None
        after = tokens[last] if last < len(tokens) else None
        if ahead is not None and (ahead.text in _SIGNS or _has(marks, first - 1, "never_before", "months")):
            return True
        if first > 1 and _has(marks, first - 2, "never_before") and marks[first - 2].length > 1:
            return True
        if self._ordinals and after is not None and after.text == "." and last + 1 < len(tokens):
            return True
        return after is not None and (
            after.text in _SIGNS or after.text in "%°" or _has(marks, last, "months")
        )

    def _is_part(self, number: Number, view: _View) -> bool:
        marks = view.marks
        for place in range(max(0, number.first - 4), number.first):
            if _has(marks, place, "including") and place + marks[place].length <= number.first:
                return True
        if view.tokens[number.bare].text in self._parts:
            return True
        return any(_has(marks, place, "of_them") for place in range(number.last, number.last + 2))

    def _named(self, number: Number, view: _View) -> str | int:
        """The kind of the noun that the number counts, "things", or the token after the counted people.

        An unknown noun gives the negative of the token after the number; no noun at all that token.
        """
        tokens, marks = view.tokens, view.marks
        place = number.last
        if (
            place < len(tokens)
            and self._reader.is_of(tokens[place].text)
            and not _has(marks, place, "partitive")
        ):
            place += 1
        steps = 0
        while place < len(tokens) and steps < _NOUN_REACH:
            token = tokens[place]
            if not token.text[0].isalnum():
                if token.text in "-'\"«»“”":
                    place += 1
                    continue
                break
            if place in view.counted:
                break
            mark = marks.get(place)
            if mark is not None:
                if "things" in mark.roles:
                    return "things"
                if mark.nouns:
                    view.taken.add(place)
                    return mark.nouns[0]
                if "people" in mark.roles:
                    ahead = marks.get(place + 1)
                    if ahead is not None and ahead.nouns and not ahead.verbs:
                        return ahead.nouns[0]
                    return place + mark.length
                if "partitive" in mark.roles:
                    place += mark.length
                    continue
                if mark.verbs or mark.roles & {"stop", "auxiliary", "including"}:
                    break
            place += 1
            steps += 1
        return number.last if steps == 0 else -number.last

    def _toll(self, number: Number, view: _View) -> str | None:
        """The kind of a noun before the number that announces it: the death toll rose to nine."""
        for place in range(number.first - 1, max(-1, number.first - 8), -1):
            mark = view.marks.get(place)
            if mark is not None and mark.tolls:
                return mark.tolls[0]
            if view.tokens[place].text in _CLAUSE_SIGNS or place in view.counted:
                return None
        return None

    def _by_verb(self, number: Number, named: int, view: _View) -> str | None:
        """The kind of the nearest event verb in the clause: after the counted people, or before the number."""
        after = self._verb_after(number, named, view)
        before = self._verb_before(number, named, view)
        after_first = self._verbs_last or before is None
        if after is not None and (after_first or after[0] + self._verbs_first <= before[0]):
            view.taken.add(after[1])
            return after[2]
        return before[2] if before is not None else None

    def _verb_after(self, number: Number, named: int, view: _View) -> tuple[int, int, str] | None:
        known = named > number.last
        elliptical = named == number.last
        reach = self._verb_reach if known else 3 if elliptical else 4
        cost = steps = 0
        for place in range(abs(named), min(len(view.tokens), abs(named) + 24)):
            token = view.tokens[place]
            mark = view.marks.get(place)
            if token.text in _CLAUSE_SIGNS or steps + cost > reach:
                return None
            if token.text in ",،":
                if not known:
                    return None
                cost += 1
                continue
            if place in view.counted and not known:
                return None
            if place in view.taken:
                steps += 1
                continue
            if mark is not None and mark.verbs:
                return steps + cost, place, mark.verbs[0]
            if elliptical and mark is not None and "stop" in mark.roles:
                return None
            if token.text[0].isalnum() and not (mark is not None and "auxiliary" in mark.roles):
                steps += 1
        return None

    def _verb_before(self, number: Number, named: int, view: _View) -> tuple[int, int, str] | None:
        reach = _VERB_REACH if named > number.last else 3
        cost = steps = 0
        for place in range(number.first - 1, -1, -1):
            token = view.tokens[place]
            mark = view.marks.get(place)
            if token.text in _CLAUSE_SIGNS or steps + cost > reach:
                return None
            if mark is not None and mark.verbs and place not in view.taken:
                return steps + cost, place, mark.verbs[0]
            elif token.text in ",،":
                cost += _COMMA_COST
            elif token.text[0].isalnum():
                steps += 1
        return None


def _has(marks: dict[int, _Marks], place: int, *roles: str) -> bool:
    mark = marks.get(place)
    return mark is not None and not mark.roles.isdisjoint(roles)


def folded_starts(folded: FoldedText, starts: Sequence[int]) -> list[int]:
    """Where sentences that begin at `starts` of the stored text begin in the folded text."""
    if not folded.cuts:
        return list(starts)
    origin = [cut + shift for cut, shift in zip(folded.cuts, folded.shifts, strict=True)]
    places = []
    for start in starts:
        at = bisect_right(origin, start)
        places.append(start - (folded.shifts[at - 1] if at else 0))
    return places
