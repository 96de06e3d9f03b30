"""The article's text: the blocks of the article's place, weighed one by one."""

from dataclasses import dataclass

from lxml import html

from transforms.extraction.area import Hints, article_elements, squeeze
from transforms.extraction.blocks import Block, read_blocks
from transforms.extraction.vocabulary import is_hedged

_ENDS = frozenset('.!?…。！？"”»“:;)؟।’')
_LONG = 80
_SHORT = 60


@dataclass(frozen=True, slots=True)
class MainText:
    """A text and the method that gave it."""

    text: str
    method: str


def main_text(root: html.HtmlElement, hints: Hints) -> MainText | None:
    """The page's article text, None where there is none."""
    kept = article_blocks(root, hints)
    text = "\n".join(block.text for block in kept)
    return MainText(text, "blocks") if text else None


def article_blocks(root: html.HtmlElement, hints: Hints) -> list[Block]:
    blocks = read_blocks(root).blocks
    elements = article_elements(root, blocks, hints)
    if not elements:
        return []
    inside = {part for element in elements for part in element.iter()}
    within = _without_nested([block for block in blocks if block.element in inside], set(elements))
    return _standfirst(blocks, within, inside, hints) + _weigh(within, set(elements), hints)


def _standfirst(blocks, within, inside, hints) -> list[Block]:
    first = next((i for i, b in enumerate(blocks) if b.element in inside and b.kind != "heading"), 0)
    start = 0
    for place, block in enumerate(blocks[: first + 1]):
        if block.element.tag == "h1" or squeeze(block.text) in hints.titles:
            start = place + 1
    found = []
    for block in blocks[start:first]:
        text = squeeze(block.text)
        if block.element in inside or len(text) < 20 or block.links > 0.3 * len(block.text) or text in hints.titles:
            continue
        if hints.describes(text) or (block.standfirst and len(block.text) >= 40):
            found.append(block)
    return found


def _weigh(within: list[Block], top: set[html.HtmlElement], hints: Hints) -> list[Block]:
    prose = sum(len(b.text) for b in within if b.kind == "paragraph")
    in_paragraphs = prose > 0.5 * sum(len(b.text) for b in within if b.kind in {"paragraph", "other"})
    long = [i for i, b in enumerate(within) if b.kind in {"paragraph", "other", "quote"} and b.size >= _LONG]
    first, last = (long[0], long[-1]) if long else (0, len(within))
    kept = []
    for place, block in enumerate(within):
        lead, trail = place < first, place > last
        if block.element.tag == "h1" or squeeze(block.text) in hints.titles:
            continue
        ends = block.text[-1] in _ENDS
        short = block.size < _SHORT
        if block.links > (0.6 if ends else 0.5) * len(block.text):
            continue
        if block.kind == "other" and in_paragraphs and (short or (block.size < 120 and not ends)):
            continue
        if block.kind == "paragraph" and short and not ends and (trail or lead):
            continue
        if block.kind == "heading" and short and lead:
            continue
        if trail and block.slanted and block.size < 120:
            continue
        if block.size < 120 and block.kind != "heading" and not (lead and block.standfirst) and _is_hedged(block.element, top):
            continue
        if trail and "@" in block.text:
            continue
        kept.append(block)
    return _without_empty_headings(kept)


def _without_nested(within, top):
    nested = set()
    for block in within:
        element = block.element
        while element is not None and element not in top:
            if element.tag == "article":
                nested.add(block)
                break
            element = element.getparent()
    if sum(len(b.text) for b in nested) < 0.5 * sum(len(b.text) for b in within):
        return [b for b in within if b not in nested]
    return within


def _is_hedged(element: html.HtmlElement, top: set[html.HtmlElement]) -> bool:
    for _ in range(3):
        if element is None or element in top:
            return False
        names = element.get("class")
        if names is not None and is_hedged(names):
            return True
        element = element.getparent()
    return False


def _without_empty_headings(kept):
    while kept and kept[-1].kind == "heading" and kept[-1].size < _SHORT:
        kept.pop()
    return kept
