"""The headline as a reader would quote it: without the site's name, section labels and kickers.

Pages give their title up to five times, and editors write some of them for search engines or social networks. The
order was measured (tests/quality); the reasons stand beside the rules.
"""

import re
from typing import Any

from lxml import html

from schemas.entries import Entry
from transforms.extraction.hints import squeeze
from transforms.extraction.plain_text import line
from transforms.extraction.site_names import is_site
from transforms.extraction.structured_data import StructuredData, text_of

_SEPARATOR = re.compile(r"\s+[|\-–—•·:»«›/]+\s+|\s*[|ㅣ｜]\s*|\s+::\s+")
_KICKER = re.compile(r"(?:\s+[-–—|]\s+|:\s+)")
_LEAST_COMMON = 20
_LONGEST = 600


def headline(root: html.HtmlElement, data: StructuredData, entry: Entry, sites: frozenset[str]) -> str | None:
    """The article's title, None where neither the page nor the feed has one."""
    sections = _sections(data)
    declared = next((line(text) for node in data.articles if (text := _title_in(node))), None)
    social = _clean(data.first_meta("og:title", "twitter:title"), sites, sections)
    page_title = _clean(root.findtext(".//title"), sites, sections)
    shown = _shown(root, [title for title in (declared, social, page_title) if title])
    listed = _clean(entry.title, sites, sections)
    for title in (declared, shown, social):
        if title and listed and squeeze(title) == squeeze(listed):
            return title
    chosen = _of_declared(declared, shown, social, page_title, data) if declared else _of_shown(shown, social)
    return chosen or page_title or listed


def _of_declared(
    declared: str, shown: str | None, social: str | None, page_title: str | None, data: StructuredData
) -> str:
    """JSON-LD's headline, unless another is the same without a kicker, or was written for readers instead."""
    if not shown or not social or squeeze(social).startswith(squeeze(declared)):
        return declared
    if squeeze(shown) == squeeze(social) and _is_end(shown, declared):
        return shown
    if squeeze(shown) != squeeze(declared) or not page_title:
        return declared
    # a page that names its headlines apart, or puts the site's name into the social title, means what it declares
    named = [data.first_meta("title"), *(text_of(node.get("alternativeHeadline")) for node in data.articles)]
    if any(named) or squeeze(data.first_meta("og:title") or "") != squeeze(social):
        return declared
    # headline, h1 and title element are one string from one field; a social title that differs was written apart
    return social if squeeze(page_title).startswith(squeeze(declared)) else declared


def _of_shown(shown: str | None, social: str | None) -> str | None:
    """Of the page's heading and its social title: what follows two kickers, the shorter, or the social one."""
    if not shown or not social:
        return shown or social
    if squeeze(social).startswith(squeeze(shown)):
        return shown
    (kicker, *title), (other, *same) = (_KICKER.split(text, maxsplit=1) for text in (shown, social))
    if title and title == same and len(title[0]) >= _LEAST_COMMON and kicker.split()[0] != other.split()[0]:
        return title[0]
    return social


def _title_in(node: dict[str, Any]) -> str | None:
    text = text_of(node.get("headline"))
    return text if text and len(text) <= _LONGEST else None


def _is_end(short: str, long: str) -> bool:
    return squeeze(long).endswith(squeeze(short)) and len(squeeze(short)) < len(squeeze(long))


def _shown(root: html.HtmlElement, others: list[str]) -> str | None:
    """The page's h1: the one that another title holds, else the first where there are few."""
    headings = [line(" ".join(element.itertext())) for element in root.iter("h1")]
    headings = [text for text in headings if squeeze(text) and len(text) <= _LONGEST]
    known = [squeeze(title) for title in others]
    for text in headings:
        if any(squeeze(text) == title for title in known):
            return text
    for text in headings:
        if len(squeeze(text)) > 8 and any(squeeze(text) in title for title in known):
            return text
    return headings[0] if len(headings) == 1 else None


def _clean(title: str | None, sites: frozenset[str], sections: frozenset[str]) -> str | None:
    """The title without the site's name at either end, and without section labels before that name."""
    if not title or len(title) > _LONGEST:
        return None
    text = line(title)
    stripped = False
    for _ in range(4):
        separators = list(_SEPARATOR.finditer(text))
        if not separators:
            break
        first, last = separators[0], separators[-1]
        if is_site(text[last.end() :], sites) or (stripped and squeeze(text[last.end() :]) in sections):
            text, stripped = text[: last.start()], True
        elif is_site(text[: first.start()], sites) and len(text[: first.start()]) < 30:
            text = text[first.end() :]
        elif stripped and (tail := re.search(r"[-–|]\s*(\S{1,15})$", text)) and squeeze(tail[1]) in sections:
            text = text[: tail.start()]
        else:
            break
    return text.strip() or None


def _sections(data: StructuredData) -> frozenset[str]:
    named = [text_of(node.get("articleSection")) for node in data.articles]
    named += [data.first_meta("article:section", "section", "cxenseparse:section")]
    return frozenset(squeeze(text) for text in named if text)
