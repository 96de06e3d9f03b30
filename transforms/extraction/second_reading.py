"""What trafilatura reads, on the article's place to confirm doubtful blocks, or on the whole page."""

import logging

import trafilatura
from lxml import html
from trafilatura.settings import Extractor

from transforms.extraction.blocks import Block, PageBlocks
from transforms.extraction.hints import Hints, squeeze
from transforms.extraction.weighing import is_uncertain, without_last_heading

_MOST_ELEMENTS = 30_000
_OPTIONS = Extractor(output_format="python", fast=True, precision=True, comments=False)
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


def read_page(root: html.HtmlElement) -> str:
    """The article text that trafilatura finds on a page, empty where it finds none or the page is out of all measure.

    Its time grows faster than the page: 200,000 elements take it ten seconds, the largest page of those measured has
    2,650.
    """
    if sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        return ""
    document = trafilatura.bare_extraction(root, options=_OPTIONS)
    return (document.text or "") if document is not None and not isinstance(document, dict) else ""


def confirmed(kept: list[Block], page: PageBlocks, top: list[html.HtmlElement], hints: Hints) -> list[Block]:
    """The kept blocks without uncertain ones that trafilatura, reading the same place, leaves out.

    The page's tree is taken apart by it. Where trafilatura reads less than half of the place, it is not heard.
    """
    uncertain = {block for block in kept if is_uncertain(block, hints)}
    if not uncertain:
        return kept
    text = read_page(_place_alone(page, top))
    if 2 * len(text) < sum(len(block.text) for block in kept):
        return kept
    read = squeeze(text)
    return without_last_heading(
        [block for block in kept if block not in uncertain or squeeze(block.text[:120])[:80] in read]
    )


def _place_alone(page: PageBlocks, top: list[html.HtmlElement]) -> html.HtmlElement:
    """A page that holds only the article's elements, without what was left out of them."""
    for element in page.left_out:
        if element.getparent() is not None:
            element.drop_tree()
    document = html.Element("html")
    place = html.Element("article")
    body = html.Element("body")
    document.append(body)
    body.append(place)
    for element in top:
        element.tail = None
        place.append(element)
    return document
