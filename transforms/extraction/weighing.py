"""Which blocks in the article's place are its text: standfirst, paragraphs, subheadings, lists, quotations.

Left out are headlines, runs of links, short scraps between paragraphs (labels, captions, prices, times), credits and
appeals at the end. The limits come from the evaluation pages (see tests/quality), where each helps on both halves.
"""

import re
from collections import Counter
from itertools import pairwise

from lxml import html

from transforms.extraction.blocks import Block
from transforms.extraction.boxes import without_boxes_after
from transforms.extraction.hints import Hints, squeeze
from transforms.extraction.vocabulary import class_of, is_hedged, is_pictured

_ENDS = frozenset('.!?…。！？"”»“›:;)）」』؟।॥’')
_NETWORK = re.compile("facebook|instagram|linkedin|telegram|tiktok|twitter|whatsapp|youtube", re.IGNORECASE)
_CREDIT = re.compile(
    r"\b(?:reporting|writing|editing|edited|translated|translation) by\b"
    r"|\bcontributed (?:reporting\b|to this (?:report|story|article)\b)"
    r"|^(?:redaktion|übersetzung|übersetzt von|faktencheck|traduction|traducción|traduzione|traduit)\b",
    re.IGNORECASE,
)
_LONG = 80
"""Characters from which a paragraph marks where the text begins and ends."""
_SCRAP = 60
"""Characters below which a text in a box of its own, or a heading without text, is a label."""
_FRAGMENT = 40
"""Characters below which a paragraph that is no sentence, before or after all others, is a kicker or credit."""
_BRIEF = 120
"""Characters below which what stands around a text may speak against it."""
_SURELY_TEXT = 2000
_LONGEST_TITLE = 400


def standfirst(blocks: list[Block], within: set[html.HtmlElement], hints: Hints) -> list[Block]:
    """The blocks between headline and text that introduce it, as their class or the page's description says."""
    first = next((place for place, b in enumerate(blocks) if b.element in within and b.kind != "heading"), 0)
    start = 0
    for place, block in enumerate(blocks[: first + 1]):
        if block.element.tag == "h1" or _is_title(block, hints):
            start = place + 1
    return [
        block for block in blocks[start:first] if block.element not in within and _introduces(block, hints)
    ]


def _is_title(block: Block, hints: Hints) -> bool:
    return len(block.text) < _LONGEST_TITLE and squeeze(block.text) in hints.titles


def _introduces(block: Block, hints: Hints) -> bool:
    text = squeeze(block.text)
    if _is_pictured(block.element):
        return False
    if len(text) < 20 or block.links > 0.3 * len(block.text) or text in hints.titles:
        return False
    return hints.describes(text) or (block.standfirst and len(block.text) >= 40)


def article_blocks(blocks: list[Block], top: set[html.HtmlElement], hints: Hints) -> list[Block]:
    """The blocks beneath the elements `top` that are the article's text."""
    blocks = _without_nested_articles(blocks, top)
    link_lists = _link_lists(blocks)
    kinds = {"paragraph", "other", "quote"}
    long = [place for place, block in enumerate(blocks) if block.kind in kinds and block.size >= _LONG]
    first, last = (long[0], long[-1]) if long else (0, len(blocks))
    prose = sum(len(block.text) for block in blocks if block.kind in {"paragraph", "other"})
    in_paragraphs = sum(len(block.text) for block in blocks if block.kind == "paragraph") > 0.5 * prose
    kept = []
    for place, block in enumerate(blocks):
        if block.element.tag == "h1" or _is_title(block, hints) or _is_links(block):
            continue
        if block.kind == "item" and block.element.getparent() in link_lists:
            continue
        if place < first and _is_preliminary(block):
            continue
        if place > last and _is_closing(block):
            continue
        if (block.kind == "other" and in_paragraphs and _is_scrap(block)) or is_caption(block, top):
            continue
        if (
            block.size < _BRIEF
            and block.kind != "heading"
            and _is_doubtful(block, top, opening=place < first)
        ):
            continue
        if place > first and block.excerpt:
            continue
        kept.append(block)
    return _without_closing(without_boxes_after(_without_labels(blocks, kept), top), top)


def _without_labels(blocks: list[Block], kept: list[Block]) -> list[Block]:
    """The kept blocks without short headings whose next block, a run of links, was left out."""
    known = set(kept)
    labels = {
        heading
        for heading, block in pairwise(blocks)
        if heading.kind == "heading" and heading.size < _SCRAP and block not in known and _is_links(block)
    }
    return [block for block in kept if block not in labels]


def _without_closing(kept: list[Block], top: set[html.HtmlElement]) -> list[Block]:
    """The kept blocks without credits, addresses, notes on authors and appeals at the end."""
    end = len(kept)
    while end > 1 and (_is_closing(kept[end - 1]) or _is_doubtful(kept[end - 1], top, opening=False)):
        end -= 1
    return kept[:end]


def without_last_heading(blocks: list[Block]) -> list[Block]:
    """The blocks without headings at the end, which head something that is not there.

    Several long headings in a row stay: galleries tell their story in them.
    """
    end = len(blocks)
    while end and blocks[end - 1].kind == "heading":
        if blocks[end - 1].size >= _SCRAP and end > 1 and blocks[end - 2].kind == "heading":
            break
        end -= 1
    return blocks[:end]


def is_uncertain(block: Block, hints: Hints) -> bool:
    """Whether the block is of a sort that is as often clutter as text, so that a second reader is to confirm it."""
    doubtful = block.kind in {"item", "cell", "other"} or (
        block.kind == "paragraph" and block.size < _SCRAP and not _ends(block)
    )
    if not doubtful or block.size > _SURELY_TEXT or block.standfirst:
        return False
    return not hints.describes(squeeze(block.text))


def _without_nested_articles(blocks: list[Block], top: set[html.HtmlElement]) -> list[Block]:
    """Cards of other articles stand in `article` elements within the article."""
    nested = {block for block in blocks if _nested(block.element, top)}
    if 2 * sum(len(block.text) for block in nested) > sum(len(block.text) for block in blocks):
        return blocks
    return [block for block in blocks if block not in nested]


def _link_lists(blocks: list[Block]) -> set[html.HtmlElement | None]:
    """The lists a good part of whose text is links: to other articles, for the most part."""
    characters: Counter[html.HtmlElement | None] = Counter()
    links: Counter[html.HtmlElement | None] = Counter()
    for block in blocks:
        if block.kind == "item":
            characters[block.element.getparent()] += len(block.text)
            links[block.element.getparent()] += block.links
    return {element for element, length in characters.items() if links[element] > 0.3 * length}


def _nested(element: html.HtmlElement | None, top: set[html.HtmlElement]) -> bool:
    while element is not None and element not in top:
        if element.tag == "article":
            return True
        element = element.getparent()
    return False


def _ends(block: Block) -> bool:
    """Whether the block ends as a sentence does."""
    return block.text[-1] in _ENDS


def _is_links(block: Block) -> bool:
    return block.links > (0.6 if _ends(block) else 0.3) * len(block.text)


def _is_preliminary(block: Block) -> bool:
    """A kicker, byline or the like before the first paragraph."""
    return block.size < _FRAGMENT and not _ends(block) and block.kind in {"paragraph", "heading", "other"}


def _is_closing(block: Block) -> bool:
    """A credit, an address, an appeal to follow or a list of links, as they stand after the last paragraph."""
    linked = block.links / len(block.text)
    if block.kind == "heading":
        return block.size < _FRAGMENT
    if block.kind == "item":
        return linked > 0.25 or _is_credit(block)
    if block.kind == "paragraph" and (
        (block.size < _FRAGMENT and not _ends(block)) or (block.size < 180 and linked > 0.12)
    ):
        return True
    return _is_credit(block)


def _is_credit(block: Block) -> bool:
    """Whether the signs in the block are those of credits and of appeals to write or follow."""
    text = block.text
    bracketed = text.startswith("(") and text.endswith(")")
    if block.size < 200 and (bracketed or text.count("|") > 1):
        return True
    if block.size < 400 and (block.slanted or "@" in text or "©" in text or _CREDIT.search(text)):
        return True
    return len({name.lower() for name in _NETWORK.findall(text)}) > 1


def _is_scrap(block: Block) -> bool:
    return block.size < _SCRAP or (block.size < _BRIEF and not _ends(block))


def is_caption(block: Block, top: set[html.HtmlElement]) -> bool:
    """Whether the block stands beside a picture, in an element of its own that is there for it."""
    alone = block.kind == "other" and block.size < 200 and not _ends(block)
    if alone and block.element not in top and _has_picture(block.element):
        return True
    element: html.HtmlElement | None = block.element
    for _ in range(3):
        if element is None or element in top:
            return False
        names = class_of(element)
        if names is not None and is_pictured(names) and _has_picture(element):
            return sum(map(len, element.itertext())) < 2 * len(block.text) + _LONG
        element = element.getparent()
    return False


def _is_pictured(element: html.HtmlElement | None) -> bool:
    """Whether a class close around the element speaks of pictures."""
    for _ in range(3):
        if element is None:
            return False
        names = class_of(element)
        if names is not None and is_pictured(names):
            return True
        element = element.getparent()
    return False


def _has_picture(element: html.HtmlElement) -> bool:
    return next(element.iter("img", "picture", "video", "iframe", "svg", "amp-img"), None) is not None


def _is_doubtful(block: Block, top: set[html.HtmlElement], *, opening: bool) -> bool:
    """Whether a class around the block, beneath the article's place, speaks of pictures, dates, authors and such."""
    if opening and block.standfirst:
        return False
    element: html.HtmlElement | None = block.element
    for _ in range(3):
        if element is None or element in top:
            return False
        names = class_of(element)
        if names is not None and is_hedged(names):
            return True
        element = element.getparent()
    return False
