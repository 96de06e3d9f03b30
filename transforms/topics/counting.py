"""What a number of a sentence counts: the noun after it, the event verb around it, or the whole it is part of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from transforms.topics.folding import fold
from transforms.topics.languages import Language
from transforms.topics.number_tokens import Number, Token
from transforms.topics.numbers import NumberReader

_SIGNS = frozenset("$€£¥₽₸₹₴№#§")
_CLAUSE_SIGNS = frozenset(";:()—–")
_QUOTES = frozenset("-'\"«»“”")
_NO_NOUN = frozenset({"stop", "auxiliary", "including"})
_NOUN_REACH = 4
_VERB_REACH = 9
_UNKNOWN_REACH = 4
_BARE_REACH = 3
_NEAR = 1
_COMMA_COST = 3
_BEFALLS = {
    "participants": frozenset({"detained", "accused", "convicted", "killed", "injured"}),
    "accused": frozenset({"convicted", "killed", "injured"}),
    "detained": frozenset({"convicted", "killed", "injured"}),
    "convicted": frozenset({"killed", "injured"}),
}
"""Kinds named by a noun of who people are, and the kinds that a verb beside it makes of them."""


@dataclass(slots=True)
class Marks:
    """What a token of the sentence is, besides its letters."""

    nouns: list[str]
    verbs: list[str]
    tolls: list[str]
    roles: set[str]
    length: int = 1


_NOTHING = Marks([], [], [], set())


class View(NamedTuple):
    """A sentence's tokens, what they are, and which belong to numbers.

    `named` are nouns that a number has counted, `taken` verbs that have their subject.
    """

    tokens: list[Token]
    marks: dict[int, Marks]
    numbers: set[int]
    named: set[int]
    taken: set[int]


class _Counted(NamedTuple):
    """What a number counts: things, people, an unknown noun or nothing; their kind if named; the token after them."""

    what: str
    kind: str | None
    after: int


class Counter:
    """Decides what the numbers of a language's sentences count."""

    def __init__(self, language: Language, reader: NumberReader) -> None:
        tables: Mapping[str, Any] = language.figures
        self._reader = reader
        self._ordinals = language.ordinals
        self._verb_reach = int(tables.get("verb_reach", _VERB_REACH))
        self._unknown_reach = int(tables.get("unknown_reach", _UNKNOWN_REACH))
        self._verbs_first = bool(tables.get("verbs_first"))
        self._verbs_last = bool(tables.get("verbs_last"))
        self._year_before = frozenset(fold(word).text for word in str(tables.get("year_before", "")).split())
        self._conjunction = fold(str(tables.get("conjunction", ""))).text
        self._parts = frozenset(fold(word).text for word in str(tables.get("parts", "")).split())

    def kind(self, number: Number, view: View, before: str | None, last: str | None) -> str | None:
        """The kind that a number counts, None where it counts something else.

        Args:
            number: the number.
            view: its sentence.
            before: the kind of the figure before it in the sentence.
            last: that of the last figure of the sentence before.
        """
        if self._is_no_count(number, view):
            return None
        if self._is_part(number, view):
            kind = self._own_verb(number, view) or self._of_whole(number, view) or before or last
            near = self._verb_before(number, _Counted("nothing", None, number.last), view)
            if near is not None and near[0] <= _NEAR:
                kind = near[2]
            return kind or self._told_around(number, _Counted("people", None, number.last), view, None)
        counted = self._counted(number, view)
        if counted.what == "things":
            return None
        if counted.kind is not None:
            return self._overridden(counted.kind, number, view)
        return self._told_around(number, counted, view, before)

    def _told_around(self, number: Number, counted: _Counted, view: View, before: str | None) -> str | None:
        """The kind that the words around people, or around a bare number, tell."""
        toll = self._toll(number, view)
        ahead = view.tokens[number.first - 1].text if number.first else ""
        if toll is not None or (
            number.plain_year and (counted.what != "people" or ahead in self._year_before)
        ):
            return toll
        kind = self._by_verb(number, counted, view)
        if kind is None and counted.what == "nothing" and ahead in (",", "،"):
            return before
        return kind

    def _own_verb(self, number: Number, view: View) -> str | None:
        """The kind of a verb that a part has for itself: two of whom were killed."""
        place = number.last
        while has(view.marks, place, "of_them", "auxiliary"):
            place += view.marks[place].length
        mark = view.marks.get(place)
        return mark.verbs[0] if mark is not None and mark.verbs else None

    def _of_whole(self, number: Number, view: View) -> str | None:
        """The kind of the whole where it is named just before: among the dead were two girls."""
        for place in range(number.first - 1, max(-1, number.first - 4), -1):
            mark = view.marks.get(place)
            if view.tokens[place].text in ",،":
                return None
            if mark is not None and mark.nouns:
                return mark.nouns[0]
        return None

    def _overridden(self, kind: str, number: Number, view: View) -> str:
        """What befell people who are named by what they are: protesters detained, defendants convicted."""
        befalls = _BEFALLS.get(kind)
        if befalls is None:
            return kind
        after = self._verb_after(_Counted("unknown", None, number.last), view)
        before = self._verb_before(number, _Counted("nothing", None, number.last), view)
        for found, reach in ((after, 4), (before, 2)):
            if found is not None and found[0] <= reach and found[2] in befalls:
                return found[2]
        return kind

    def _is_no_count(self, number: Number, view: View) -> bool:
        tokens, marks = view.tokens, view.marks
        first, last = number.first, number.last
        ahead = tokens[first - 1] if first else None
        after = tokens[last] if last < len(tokens) else None
        if ahead is not None and (ahead.text in _SIGNS or has(marks, first - 1, "never_before", "months")):
            return True
        if first > 1 and has(marks, first - 2, "never_before") and marks[first - 2].length > 1:
            return True
        if self._ordinals and after is not None and after.text == "." and last + 1 < len(tokens):
            return True
        return after is not None and (
            after.text in _SIGNS or after.text in "%°" or has(marks, last, "months")
        )

    def _is_part(self, number: Number, view: View) -> bool:
        marks = view.marks
        for place in range(max(0, number.first - 4), number.first):
            if has(marks, place, "including") and place + marks[place].length <= number.first:
                return True
        if view.tokens[number.bare].text in self._parts:
            return True
        return any(has(marks, place, "of_them") for place in range(number.last, number.last + 2))

    def _counted(self, number: Number, view: View) -> _Counted:
        """What stands after the number: a noun of a kind, things, people, an unknown noun, or nothing."""
        tokens, marks = view.tokens, view.marks
        place = number.last
        if (
            place < len(tokens)
            and self._reader.is_of(tokens[place].text)
            and not has(marks, place, "partitive")
        ):
            place += 1
        steps = 0
        while place < len(tokens) and steps < _NOUN_REACH:
            if not tokens[place].text[0].isalnum() and tokens[place].text in _QUOTES:
                place += 1
                continue
            if not tokens[place].text[0].isalnum() or place in view.numbers:
                break
            mark = marks.get(place, _NOTHING)
            if self._conjunction and mark.nouns and tokens[place].text.startswith(self._conjunction):
                break
            found = self._noun(place, mark, view)
            if found is not None:
                return found
            if "partitive" in mark.roles:
                place += mark.length
                continue
            if mark.verbs or mark.roles & _NO_NOUN:
                break
            place += 1
            steps += 1
        return _Counted("unknown" if steps else "nothing", None, number.last)

    def _noun(self, place: int, mark: Marks, view: View) -> _Counted | None:
        if "things" in mark.roles:
            ahead = view.marks.get(place + 1, _NOTHING)
            # Five bus drivers are people, not buses.
            return None if "people" in ahead.roles or ahead.nouns else _Counted("things", None, place)
        if mark.nouns:
            view.named.add(place)
            return _Counted("people", mark.nouns[0], place + mark.length)
        if "people" in mark.roles:
            ahead = view.marks.get(place + 1, _NOTHING)
            kind = ahead.nouns[0] if ahead.nouns and not ahead.verbs else None
            return _Counted("people", kind, place + mark.length)
        return None

    def _toll(self, number: Number, view: View) -> str | None:
        """The kind of a noun before the number that announces it: the death toll rose to nine."""
        for place in range(number.first - 1, max(-1, number.first - 8), -1):
            mark = view.marks.get(place)
            if mark is not None and mark.tolls:
                return mark.tolls[0]
            if view.tokens[place].text in ";(" or place in view.numbers:
                return None
        return None

    def _by_verb(self, number: Number, counted: _Counted, view: View) -> str | None:
        """The kind of the nearest event verb in the clause: after the counted people, or before the number."""
        after = self._verb_after(counted, view)
        before = self._verb_before(number, counted, view)
        if after is None or (
            before is not None and not self._verbs_last and before[0] < after[0] + self._verbs_first
        ):
            return before[2] if before is not None else None
        view.taken.add(after[1])
        return after[2]

    def _verb_after(self, counted: _Counted, view: View) -> tuple[int, int, str] | None:
        known = counted.what == "people"
        elliptical = counted.what == "nothing"
        reach = self._verb_reach if known else _BARE_REACH if elliptical else self._unknown_reach
        cost = steps = 0
        for place in range(counted.after, min(len(view.tokens), counted.after + 24)):
            token = view.tokens[place]
            mark = view.marks.get(place)
            if token.text in _CLAUSE_SIGNS or steps + cost > reach:
                return None
            if token.text in ",،":
                if not known:
                    return None
                cost += 1
                continue
            if place in view.numbers and not known:
                return None
            if place in view.named:
                steps += 1
                continue
            if mark is not None and mark.verbs:
                return steps + cost, place, mark.verbs[0]
            if elliptical and mark is not None and "stop" in mark.roles:
                return None
            if token.text[0].isalnum() and not (mark is not None and "auxiliary" in mark.roles):
                steps += 1
        return None

    def _verb_before(self, number: Number, counted: _Counted, view: View) -> tuple[int, int, str] | None:
        reach = _VERB_REACH if counted.what == "people" else _BARE_REACH
        cost = steps = 0
        for place in range(number.first - 1, -1, -1):
            token = view.tokens[place]
            mark = view.marks.get(place)
            if token.text in _CLAUSE_SIGNS or steps + cost > reach:
                return None
            if mark is not None and mark.verbs and place not in view.taken | view.named:
                return steps + cost, place, mark.verbs[0]
            if token.text in ",،":
                cost += _COMMA_COST
            elif token.text[0].isalnum():
                steps += 1
        return None


def has(marks: dict[int, Marks], place: int, *roles: str) -> bool:
    """Whether the token at a place has one of the roles."""
    mark = marks.get(place)
    return mark is not None and not mark.roles.isdisjoint(roles)
