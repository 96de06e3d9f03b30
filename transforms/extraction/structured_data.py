"""What a page says of itself to machines: JSON-LD, meta elements, links.

JSON-LD in the wild is sloppy: control characters, trailing commas, comments and HTML escapes occur, so a block that
does not parse is mended and tried once more. Vocabulary: schema.org; Open Graph protocol; the names that news sites
and their measuring services use in `meta`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import Any

from lxml import html

_MAX_BLOCK = 4_000_000
_MAX_NODES = 5_000
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
_ARTICLE_TYPE = re.compile(r"(?:article|posting|report|reportage|review|liveblog|recipe)$", re.IGNORECASE)
_PAGE_TYPE = re.compile(r"(?:page|videoobject|creativework|podcastepisode|newsmediaobject)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StructuredData:
    """What the page declares.

    `articles` are JSON-LD nodes of article types, the page's own first; `pages` those of other types that carry a
    headline or date; `nodes` all nodes by their `@id`. `meta` maps the lower-case property, name or itemprop of meta
    elements to their contents in page order.
    """

    articles: tuple[dict[str, Any], ...]
    pages: tuple[dict[str, Any], ...]
    nodes: dict[str, dict[str, Any]]
    meta: dict[str, list[str]]
    canonical: str | None
    html_lang: str | None

    def first_meta(self, *names: str) -> str | None:
        """The first non-empty content of the named meta elements, in the order of the names."""
        for name in names:
            for content in self.meta.get(name, ()):
                if content:
                    return content
        return None


def read(root: html.HtmlElement) -> StructuredData:
    """What the page declares in JSON-LD, meta elements and links."""
    nodes = _nodes(root)
    by_id: dict[str, dict[str, Any]] = {}
    for node in nodes:
        identity = node.get("@id")
        if isinstance(identity, str) and len(node) > len(by_id.get(identity, ())):
            by_id[identity] = node
    meta = _meta(root)
    links = (link.get("href") for link in root.iter("link") if (link.get("rel") or "").lower() == "canonical")
    canonical = next((href.strip() for href in links if href), None)
    address = _address(canonical or next(iter(meta.get("og:url", ())), None))
    articles = [node for node in nodes if _ARTICLE_TYPE.search(_type(node)) and _is_whole(node)]
    return StructuredData(
        articles=tuple(sorted(articles, key=lambda node: not _is_about(node, address))),
        pages=tuple(node for node in nodes if _PAGE_TYPE.search(_type(node)) and _is_whole(node)),
        nodes=by_id,
        meta=meta,
        canonical=canonical,
        html_lang=root.get("lang") or root.get("xml:lang"),
    )


def _nodes(root: html.HtmlElement) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for script in root.iter("script"):
        if "ld+json" in script.get("type", ""):
            for value in _values(script.text or ""):
                nodes += islice(_walk(value), _MAX_NODES - len(nodes))
    return nodes


def _meta(root: html.HtmlElement) -> dict[str, list[str]]:
    meta: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        content = element.get("content") or element.get("value")
        if content is None:
            continue
        for attribute in ("property", "name", "itemprop"):
            name = element.get(attribute)
            if name:
                meta.setdefault(name.strip().lower(), []).append(unescape(content).strip())
    return meta


def _address(url: Any) -> str | None:
    """A URL without scheme, query, fragment and closing slash, to tell whether two mean one page."""
    if isinstance(url, dict):
        url = url.get("@id") or url.get("url")
    if not isinstance(url, str):
        return None
    return re.sub(r"^\w+:", "", url).partition("#")[0].partition("?")[0].rstrip("/") or None


def _is_about(node: dict[str, Any], address: str | None) -> bool:
    """Whether a node describes the page of this address, or does not say which."""
    named = [found for key in ("mainEntityOfPage", "url", "@id") if (found := _address(node.get(key)))]
    return address is None or not named or address in named


def text_of(value: Any) -> str | None:
    """The text of a JSON-LD value: a string, the first of a list, or the `@value` or `name` of a node."""
    if isinstance(value, str):
        return unescape(value).strip() or None
    if isinstance(value, list):
        return next((text for text in map(text_of, value) if text), None)
    if isinstance(value, dict):
        return text_of(value.get("@value") or value.get("name"))
    return None


def _is_whole(node: dict[str, Any]) -> bool:
    """Whether the node describes something, rather than only pointing to it."""
    return any(key in node for key in ("headline", "datePublished", "articleBody", "author"))


def _type(node: dict[str, Any]) -> str:
    kind = node.get("@type")
    if isinstance(kind, list):
        kind = next((name for name in kind if isinstance(name, str) and _ARTICLE_TYPE.search(name)), kind[:1])
        if isinstance(kind, list):
            kind = kind[0] if kind else None
    return kind if isinstance(kind, str) else ""


def _values(block: str) -> Iterator[Any]:
    """The JSON values of a script element, mended where they do not parse."""
    if not block or len(block) > _MAX_BLOCK:
        return
    for text in (block, _mended(block)):
        try:
            yield json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        return


def _mended(block: str) -> str:
    """The block from its first bracket to its last, without comments around it, escapes and trailing commas."""
    text = block.replace("<![CDATA[", "").replace("]]>", "")
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    text = text[min(starts, default=0) : max(text.rfind("}"), text.rfind("]")) + 1]
    if "&quot;" in text and '"' not in text:
        text = unescape(text)
    return _TRAILING_COMMA.sub(r"\1", text)


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    """The nodes of a JSON-LD value that stand on the top: lists, `@graph` and what pages are about are entered."""
    waiting = [value]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting = item + waiting
        elif isinstance(item, dict):
            yield item
            inner = [
                item[key]
                for key in ("@graph", "mainEntity", "mainEntityOfPage")
                if isinstance(item.get(key), (dict, list))
            ]
            waiting = inner + waiting
