"""Boxes after an article: notes on the paper, the team, the programme, within the element that holds the text."""

from collections import defaultdict

from lxml import html

from transforms.extraction.blocks import Block

_LONG = 80
_FEWEST_PARAGRAPHS = 3
_OWN_SHARE = 0.6
_BOX_SHARE = 0.4
_BOXES = frozenset({"div", "section"})


def without_boxes_after(kept: list[Block], top: set[html.HtmlElement]) -> list[Block]:
    """The blocks without those of boxes after the last paragraph, where the paragraphs stand in no boxes themselves.

    That is told by most of the text standing in direct children of one of the elements `top`. Boxes of quotations or
    lists, and boxes that hold a great part of the text, belong to the article.
    """
    beneath: dict[html.HtmlElement, list[tuple[Block, html.HtmlElement]]] = defaultdict(list)
    for block in kept:
        element = block.element
        while element not in top:
            parent = element.getparent()
            if parent is None:
                break
            if parent in top:
                beneath[parent].append((block, element))
            element = parent
    dropped: set[Block] = set()
    for held in beneath.values():
        dropped |= _in_boxes_after(held)
    return [block for block in kept if block not in dropped]


def _in_boxes_after(held: list[tuple[Block, html.HtmlElement]]) -> set[Block]:
    """Of the blocks beneath one element, each with the child that holds it, those in boxes after the last paragraph."""
    whole = sum(len(block.text) for block, _ in held)
    direct = [
        place
        for place, (block, child) in enumerate(held)
        if block.element is child and block.kind == "paragraph" and block.size >= _LONG
    ]
    if len(direct) < _FEWEST_PARAGRAPHS:
        return set()
    if sum(len(held[place][0].text) for place in direct) < _OWN_SHARE * whole:
        return set()
    boxes: dict[html.HtmlElement, list[Block]] = defaultdict(list)
    for block, child in held[direct[-1] + 1 :]:
        if child.tag in _BOXES:
            boxes[child].append(block)
    return {block for blocks in boxes.values() if _is_aside(blocks, whole) for block in blocks}


def _is_aside(blocks: list[Block], whole: int) -> bool:
    length = sum(len(block.text) for block in blocks)
    items = sum(len(block.text) for block in blocks if block.kind == "item")
    quoted = any(block.kind == "quote" for block in blocks)
    return not quoted and 2 * items <= length and length <= _BOX_SHARE * whole
