"""The headline as a reader would quote it."""

from lxml import html

from schemas.entries import Entry
from transforms.extraction.plain_text import line
from transforms.extraction.structured_data import StructuredData, text_of


def headline(root: html.HtmlElement, data: StructuredData, entry: Entry) -> str | None:
    """The first of JSON-LD headline, the page's only h1, og:title, the entry's title, the title element."""
    for node in data.articles:
        found = text_of(node.get("headline"))
        if found:
            return line(found)
    tops = [line(element.text_content()) for element in root.iter("h1")]
    tops = [text for text in tops if text]
    candidates = [
        tops[0] if len(tops) == 1 else None,
        data.first_meta("og:title", "twitter:title"),
        entry.title,
    ]
    candidates.append(root.findtext(".//title"))
    return next((line(text) for text in candidates if text and line(text)), None)
