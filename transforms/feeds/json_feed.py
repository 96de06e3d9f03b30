"""JSON Feed, versions 1.0 and 1.1 (jsonfeed.org)."""

import json
from collections.abc import Iterator
from typing import Any

from transforms.feeds.entry import Markup, RawEntry

VERSION_PREFIXES = ("https://jsonfeed.org/version/", "http://jsonfeed.org/version/")
"""What the version of a JSON Feed begins with."""


class NotJsonFeed(ValueError):  # noqa: N818 - named for what it says of the document
    """The document is JSON, but no JSON Feed. The message says what is missing."""


def load_json_feed(text: str) -> dict[str, Any]:
    """The top-level object of a JSON Feed.

    Raises:
        NotJsonFeed: if the JSON is no JSON Feed.
        ValueError: if the text is no JSON.
        RecursionError: if it is nested too deep.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise NotJsonFeed("the JSON is no object")
    version = document.get("version")
    if not (isinstance(version, str) and version.startswith(VERSION_PREFIXES)):
        raise NotJsonFeed("the JSON has no version that begins with https://jsonfeed.org/version/")
    if not isinstance(document.get("items"), list):
        raise NotJsonFeed("the JSON Feed has no list of items")
    return document


def json_entries(document: dict[str, Any]) -> Iterator[RawEntry]:
    """The items of a JSON Feed in its order; whatever is no object is an entry without any field."""
    for item in document["items"]:
        yield _entry(item if isinstance(item, dict) else {})


def _entry(item: dict[str, Any]) -> RawEntry:
    identifier = item.get("id")
    html, text = _string(item.get("content_html")), _string(item.get("content_text"))
    content = Markup(html, is_html=True) if html else Markup(text, is_html=False) if text else None
    title, summary = _string(item.get("title")), _string(item.get("summary"))
    authors = item.get("authors")
    people = authors if isinstance(authors, list) else [item.get("author")]
    return RawEntry(
        links=tuple(link for link in (_string(item.get("url")), _string(item.get("external_url"))) if link),
        # Version 1.0 lets an id be a number, and readers must take it as its text.
        id=str(identifier) if isinstance(identifier, str | int | float) else None,
        id_is_link=True,
        title=Markup(title, is_html=False) if title else None,
        authors=tuple(name for one in people if isinstance(one, dict) and (name := _string(one.get("name")))),
        dates=((_string(item.get("date_published")), None), (_string(item.get("date_modified")), None)),
        summary=Markup(summary, is_html=False) if summary else None,
        content=content,
        lang=_string(item.get("language")),
    )


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
