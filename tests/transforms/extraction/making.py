"""Entries, pages and damaged pages for the tests of extraction."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lxml import html

from schemas.entries import Entry
from transforms.extraction import tree

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://www.harbour-echo.test/2026/02/14/ferry"

SENTENCES = (
    "The ferry to the northern islands will sail twice a day from April, the harbour board decided on Tuesday.",
    "Residents had asked for a second crossing since the bakery on the largest island closed two winters ago.",
    "“We can hardly believe it,” said Oona Marsh, who runs the school and takes the boat three times a week.",
    "The board expects costs of some four hundred thousand a year, half of which the county has promised to bear.",
    "Fishermen warned that the new timetable leaves them less room at the quay in the early hours of the morning.",
    "A first review is planned for the autumn, when passenger numbers for the whole summer will be known.",
)
CLUTTER = (
    '<nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>'
    '<div class="cookie-banner"><p>We use cookies to measure how our pages are read, and share the figures.</p></div>'
)
AFTER = (
    '<div class="related-articles"><h3>Read on</h3><p>Why the lighthouse keeper of the outer bank will not retire '
    'before his cat does, and what the council says.</p></div><section id="comments"><p>First! I have always said '
    "that this would come to pass one day, and now it has.</p></section><footer><p>All rights reserved by the "
    "publishers of this newspaper, which has been printed here for ninety years.</p></footer>"
)


def entry(**given: Any) -> Entry:
    """An entry of a feed that says nothing but what is given."""
    empty: dict[str, Any] = {
        "key": b"0" * 16,
        "feed_url": "https://www.harbour-echo.test/feed",
        "feed_title": None,
        "entry_id": None,
        "url": URL,
        "canonical_url": URL,
        "title": None,
        "authors": (),
        "published_at": None,
        "published_raw": None,
        "summary": None,
        "content": None,
        "lang": None,
        "truncated": False,
        "feed_index": 0,
        "position": 0,
    }
    return Entry(**(empty | given))


def page(body: str, *, head: str = "", lang: str = "en") -> bytes:
    """A page around what stands in its body."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">{head}</head><body>{body}</body></html>'
    ).encode()


def paragraphs(sentences: tuple[str, ...] = SENTENCES) -> str:
    """A paragraph of each sentence."""
    return "".join(f"<p>{sentence}</p>" for sentence in sentences)


def article_page(*, head: str = "", before: str = "", body: str | None = None) -> bytes:
    """A page with the clutter of real ones around an article."""
    inner = paragraphs() if body is None else body
    return page(
        f'{CLUTTER}<main><article><h1>Second ferry for the islands</h1>{before}<div class="article-body">{inner}</div>'
        f"</article>{AFTER}</main>",
        head=head,
    )


def parsed(body: bytes) -> html.HtmlElement:
    """The page's tree."""
    root = tree.parse(body.decode())
    assert root is not None
    return root


def damaged(body: bytes, other: bytes, chance: random.Random) -> bytes:
    """The page as a bad line, a broken template or an attacker would leave it."""
    return chance.choice(_DAMAGES)(body, other, chance)


def _cut(body: bytes, _: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _flipped(body: bytes, _: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randrange(1, 300)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _nested(body: bytes, _: bytes, chance: random.Random) -> bytes:
    opening = chance.choice(
        [b"<div>", b"<span>", b"<p>", b"<ul><li>", b"<table><tr><td>", b"<blockquote>", b"<b>"]
    )
    place = chance.randrange(len(body) + 1)
    return body[:place] + opening * chance.choice([50, 300, 1500, 5000]) + body[place:]


def _glued(body: bytes, other: bytes, _: random.Random) -> bytes:
    return body + other


def _holed(body: bytes, _: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    return body[:start] + body[end:]


def _stammered(body: bytes, _: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    end = min(end, start + 20_000)
    return body[:end] + body[start:end] * chance.randrange(1, 4) + body[end:]


def _mangled(body: bytes, _: bytes, chance: random.Random) -> bytes:
    return body.replace(b"<", chance.choice([b"<<", b"&lt;", b"< ", b""]), chance.randrange(200))


def _poisoned(body: bytes, _: bytes, chance: random.Random) -> bytes:
    references = b"&#0;&#xD800;&#55296;&#1114112;&#x1F;\x00\xed\xa0\x80\xff\xfe"
    return body.replace(b"<p>", b"<p>" + references, chance.randrange(1, 40))


def _recoded(body: bytes, _: bytes, chance: random.Random) -> bytes:
    charset = chance.choice(["utf-16", "utf-16-le", "utf-7", "cp1251", "gb18030", "shift_jis", "utf-32"])
    return body.decode("utf-8", "replace").encode(charset, "replace")


_DAMAGES: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    _cut,
    _flipped,
    _nested,
    _glued,
    _holed,
    _stammered,
    _mangled,
    _poisoned,
    _recoded,
)
