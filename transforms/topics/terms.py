"""The small language in which the taxonomy writes terms, and what a term is once read.

riot            the word, whole
riot*           the word and any ending of up to the language's usual length; riot*3 allows three letters
*streik*        anything before it too (compounds); 2*streik allows two letters before
(stone|rock)*   a choice, of words or of several words each: (police|riot police)
took .. custody a gap of up to three words; ..6 of up to six
"""

import re
from dataclasses import dataclass

from transforms.topics.folding import fold

_PIECE = re.compile(r"(\*?)([^*|()]+)(?:\*(\d*))?$")
_STARRED = re.compile(r"\*\d*$")
_GAP = re.compile(r"\.\.(\d*)$")
_TOKEN = re.compile(r"\([^()]*\)[^\s()]*|[^\s()]+")

USUAL_PREFIX = 12
USUAL_GAP = 3
_LONGEST_GAP = 12
_LEAST_STEM = 3


class TermError(ValueError):
    """A term that cannot be read; its text says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One way a word of a term may look, folded: at most `before` letters, the stem, at most `after` letters."""

    stem: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a term: the gap of words allowed before it, and its choices."""

    gap: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A term as written and as read."""

    source: str
    words: tuple[Word, ...]


def read_term(source: str, *, usual_suffix: int) -> tuple[Term, ...]:
    """Read a term; a choice between several words each makes a term for each choice.

    Args:
        source: the term as written.
        usual_suffix: letters that a bare star at the end of a word allows, a matter of the language.

    Raises:
        TermError: if it breaks the syntax.
    """
    tokens = _TOKEN.findall(source)
    if "".join("".join(tokens).split()) != "".join(source.split()):
        raise TermError(f"term {source!r}: brackets do not match; write (one|other)")
    for place, token in enumerate(tokens):
        if token.startswith("(") and " " in token:
            inner, _, tail = token[1:].partition(")")
            return tuple(
                term
                for choice in inner.split("|")
                for chosen in read_term(
                    " ".join((*tokens[:place], _with_tail(choice, tail), *tokens[place + 1 :])),
                    usual_suffix=usual_suffix,
                )
                for term in (Term(source, chosen.words),)
            )
    return (Term(source, _words(tokens, source, usual_suffix)),)


def _with_tail(choice: str, tail: str) -> str:
    """A choice with what follows its bracket. A choice too short for a star, or with its own, keeps to itself."""
    choice = choice.strip()
    own = _STARRED.search(choice) or len(choice) < _LEAST_STEM
    return choice if tail.startswith("*") and own else choice + tail


def _words(tokens: list[str], source: str, usual_suffix: int) -> tuple[Word, ...]:
    words: list[Word] = []
    gap = 0
    for token in tokens:
        if found := _GAP.match(token):
            gap = int(found.group(1)) if found.group(1) else USUAL_GAP
            if not words or not 0 < gap <= _LONGEST_GAP:
                raise TermError(
                    f"term {source!r}: a gap stands between words and is 1 to {_LONGEST_GAP} words"
                )
            continue
        words.append(Word(gap, _pieces(token, source, usual_suffix, alone=len(tokens) == 1)))
        gap = 0
    if not words or gap:
        raise TermError(f"term {source!r}: a term needs a word at its beginning and its end")
    return tuple(words)


def _pieces(token: str, source: str, usual_suffix: int, *, alone: bool) -> tuple[Piece, ...]:
    tail = ""
    if token.startswith("("):
        inner, _, tail = token[1:].partition(")")
        choices = inner.split("|")
    else:
        choices = token.split("|")
    pieces = []
    for choice in choices:
        found = _PIECE.match(_with_tail(choice, tail))
        if not found:
            raise TermError(
                f"term {source!r}: cannot read {choice!r}; a word is letters with a star before or after, as riot*"
            )
        before, stem, after = found.groups()
        folded = fold(stem).text
        if not any(c.isalnum() for c in folded):
            raise TermError(f"term {source!r}: {choice!r} has no letters")
        if alone and len(folded) < _LEAST_STEM and not folded.isdecimal() and (before or after is not None):
            raise TermError(f"term {source!r}: in a term of one word a star needs three letters beside it")
        pieces.append(
            Piece(
                stem=folded,
                before=USUAL_PREFIX if before else 0,
                after=0 if after is None else int(after) if after else usual_suffix,
            )
        )
    return tuple(pieces)
