"""Who wrote an article: names, without roles."""

from typing import Any

from lxml import html

from schemas.entries import Entry
from transforms.extraction.plain_text import line
from transforms.extraction.structured_data import StructuredData


def authors(root: html.HtmlElement, data: StructuredData, entry: Entry) -> tuple[str, ...]:
    """The authors that JSON-LD, meta elements or the feed name."""
    for node in data.articles:
        names = _names(node.get("author"), data)
        if names:
            return names
    meta = data.first_meta("author", "article:author", "parsely-author")
    if meta and "://" not in meta:
        return (line(meta),)
    return entry.authors


def _names(value: Any, data: StructuredData) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    found = []
    for item in values:
        name = item
        if isinstance(item, dict):
            node = item if "name" in item else data.nodes.get(str(item.get("@id")), {})
            name = node.get("name")
        if isinstance(name, str) and line(name):
            found.append(line(name))
    return tuple(dict.fromkeys(found))
