"""The article's text: read from its place on the page, or from where else the page holds it."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import html

from transforms.extraction import declared_text
from transforms.extraction.area import article_elements
from transforms.extraction.blocks import Block, read_blocks
from transforms.extraction.hints import Hints, squeeze
from transforms.extraction.second_reading import confirmed, read_page
from transforms.extraction.structured_data import StructuredData
from transforms.extraction.weighing import article_blocks, standfirst

_STUB = 480
"""Characters below which a text may be but the beginning of the article, a notice or a caption."""
_MUCH_LONGER = 1.5


@dataclass(frozen=True, slots=True)
class MainText:
    """A text, and the method that gave it: blocks, json_ld, script or trafilatura."""

    text: str
    method: str


def main_text(root: html.HtmlElement, data: StructuredData, hints: Hints) -> MainText | None:
    """The page's article text, None where there is none. The tree is taken apart by it.

    Where the page's blocks give a stub, or a small part of what the page declares in `articleBody`, the declared
    text, markup in scripts and trafilatura's reading of the whole page are tried in this order: the first that is
    much longer and speaks of the same things is taken.
    """
    page = read_blocks(root)
    top = article_elements(root, page.blocks, hints)
    within = {part for element in top for part in element.iter()}
    kept = article_blocks([block for block in page.blocks if block.element in within], set(top), hints)
    opening = _not_repeated(standfirst(page.blocks, within, hints), kept) if top else []
    text = _joined(opening + kept)
    if len(text) < _STUB or 3 * len(text) < len(hints.body):
        for found in _elsewhere(root, data):
            if len(found.text) > _MUCH_LONGER * len(text) and hints.fits(found.text):
                return found
    if kept:
        text = _joined(opening + confirmed(kept, page, top, hints))
    return MainText(text, "blocks") if text else None


def _not_repeated(opening: list[Block], kept: list[Block]) -> list[Block]:
    """The opening blocks that the text does not begin with anyway."""
    beginning = squeeze(_joined(kept[:3]))
    return [block for block in opening if squeeze(block.text) not in beginning]


def _elsewhere(root: html.HtmlElement, data: StructuredData) -> Iterator[MainText]:
    yield MainText(declared_text.body_of(data), "json_ld")
    yield MainText(declared_text.script_text(root), "script")
    yield MainText(read_page(root), "trafilatura")


def _joined(blocks: list[Block]) -> str:
    return "\n".join(block.text for block in blocks)
