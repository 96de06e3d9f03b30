"""What a page says of itself to machines: JSON-LD, meta elements, microdata, links.

JSON-LD in the wild is sloppy: control characters, trailing commas, comments and HTML escapes occur, so a block that
does not parse is mended and tried once more. Vocabulary: schema.org; Open Graph protocol; the names that news sites
and their measuring services use in `meta`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml import etree, html

_JSON_LD = etree.XPath("//script[contains(@type, 'ld+json')]")
_MAX_BLOCK = 4_000_000
_MAX_NODES = 5_000
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
_COMMENT = re.compile(r"^\s*(?:<!--|/\*.*?\*/|//[^\n]*\n|<!\[CDATA\[)+|(?:-->|\]\]>|;|//\s*)+\s*$", re.DOTALL)
_ARTICLE_TYPE = re.compile(r"(?:article|posting|report|reportage|review|liveblog|recipe)$", re.IGNORECASE)
_PAGE_TYPE = re.compile(r"(?:page|videoobject|creativework|podcastepisode|newsmediaobject)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StructuredData:
    """What the page declares.

    `articles` are JSON-LD nodes of article types, the page's own first; `pages` those of other types that carry a
    headline or date; `nodes` all nodes by their `@id`. `meta` maps lower-case property or name to its contents in
    page order; `microdata` maps itemprop names to texts.
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
    nodes = []
    for block in _JSON_LD(root):
        for value in _values("".join(block.itertext())):
            nodes += list(_walk(value))
            if len(nodes) > _MAX_NODES:
                break
    by_id: dict[str, dict[str, Any]] = {}
    for node in nodes:
        identity = node.get("@id")
        if isinstance(identity, str) and len(node) > len(by_id.get(identity, ())):
            by_id[identity] = node
    meta: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        content = element.get("content") or element.get("value")
        if content is None:
            continue
        for attribute in ("property", "name", "itemprop"):
            name = element.get(attribute)
            if name:
                meta.setdefault(name.strip().lower(), []).append(unescape(content).strip())
    canonical = next(
        (link.get("href") for link in root.iter("link") if (link.get("rel") or "").lower() == "canonical"),
        None,
    )
    articles = [node for node in nodes if _ARTICLE_TYPE.search(_type(node)) and _is_whole(node)]
    pages = [node for node in nodes if _PAGE_TYPE.search(_type(node)) and _is_whole(node)]
    return StructuredData(
        articles=tuple(articles),
        pages=tuple(pages),
        nodes=by_id,
        meta=meta,
        canonical=canonical.strip() if canonical else None,
        html_lang=root.get("lang")
        or root.get("{http://www.w3.org/XML/1998/namespace}lang")
        or root.get("xml:lang"),
    )


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
    text = _COMMENT.sub("", block).strip()
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
