"""Where on a page the article stands: the elements that hold its paragraphs.

Paragraphs of an article stand together, teasers and comments apart. Each run of paragraphs weighs its length to the
power of 1.5, so that one long run outweighs many short ones of the same sum; from the root downwards the heaviest
child is followed as long as it holds most of the weight. Then siblings that are paragraphs as well are taken in, as
sites cut an article into parts (around advertisements, a paywall or pictures).

In the line of Readability's scoring (Arc90, 2009) and of text-density methods (Kohlschütter et al., WSDM 2010).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from lxml import html

from transforms.extraction.blocks import Block
from transforms.extraction.hints import Hints, squeeze

_EXPONENT = 1.5
_FOLLOWED = 0.65
_LEVELS = 5
_SHARE = 0.3
_CAP = 1500
_ALONE = 400


@dataclass(slots=True)
class _Tally:
    characters: int = 0
    links: int = 0
    prose: int = 0
    runs: int = field(default=0)


def article_elements(root: html.HtmlElement, blocks: list[Block], hints: Hints) -> list[html.HtmlElement]:
    """The elements that hold the article's text; none where the page has no prose."""
    prose = [block for block in blocks if _is_prose(block)]
    if not prose:
        return []
    weight = _weights(blocks, prose, hints)
    node = root
    while True:
        heaviest = max((child for child in node if child in weight), key=weight.__getitem__, default=None)
        if heaviest is None or weight[heaviest] < _FOLLOWED * weight[node]:
            break
        node = heaviest
    return [node, *_kindred(node, blocks, prose)]


def _is_prose(block: Block) -> bool:
    least = {"paragraph": 60, "other": 60, "quote": 60, "item": 150, "cell": 120}.get(block.kind)
    most = 0.1 if block.kind == "item" else 0.4
    return (
        least is not None
        and not block.excerpt
        and block.size >= least
        and block.links < most * len(block.text)
    )


def _weights(blocks: list[Block], prose: list[Block], hints: Hints) -> dict[html.HtmlElement, float]:
    """The weight of each element that holds prose: the sum over the runs of paragraphs beneath it."""
    lineage = {block: [block.element, *block.element.iterancestors()] for block in prose}
    held = Counter(element for line in lineage.values() for element in line)
    factor = _factors(blocks, prose, hints)
    runs: dict[html.HtmlElement, float] = defaultdict(float)
    for block in prose:
        line = lineage[block]
        shared = next((element for element in line if held[element] > 1), line[-1])
        holder = shared if block.size < _ALONE else line[min(1, len(line) - 1)]
        runs[holder] += min(block.size, _CAP) * factor[block]
    weight: dict[html.HtmlElement, float] = defaultdict(float)
    for holder, length in runs.items():
        heavy = length**_EXPONENT
        weight[holder] += heavy
        for element in holder.iterancestors():
            weight[element] += heavy
    return weight


def _factors(blocks: list[Block], prose: list[Block], hints: Hints) -> dict[Block, float]:
    """How far the place of a block speaks for it: after the headline, in the headline's article, in the known body."""
    anchor = next(
        (b for b in blocks if b.kind == "heading" and squeeze(b.text) in hints.titles), None
    ) or next((block for block in blocks if block.element.tag == "h1"), None)
    factors: dict[Block, float] = {}
    now = 1.0 if anchor is None else 0.6
    for block in blocks:
        if block is anchor:
            now = 1.0
        elif block.element.tag == "h1" and now == 1.0 and anchor is not None:
            now = 0.4
        factors[block] = now
    home = None if anchor is None else next(anchor.element.iterancestors("article"), None)
    own = {block for block in prose if home is not None and home in block.element.iterancestors("article")}
    for block in prose:
        if own and block not in own and next(block.element.iterancestors("article"), None) is not None:
            factors[block] *= 0.1
        start = squeeze(block.text[:80])
        if (hints.body and start[:50] in hints.body) or hints.describes(start):
            factors[block] *= 3
    return factors


def _kindred(node: html.HtmlElement, blocks: list[Block], prose: list[Block]) -> list[html.HtmlElement]:
    """Siblings of the node and of its ancestors, up to the article's own element, that are prose as well."""
    tallies = _tallies(blocks, set(prose))
    whole = tallies[node].prose
    found = []
    for level in range(_LEVELS):
        parent = node.getparent()
        if parent is None or node.tag in {"body", "article", "html"}:
            break
        before = True
        for sibling in parent:
            if sibling is node:
                before = False
            elif sibling in tallies and _is_prose_alone(sibling, tallies[sibling]):
                alike = sibling.tag == node.tag and sibling.get("class") == node.get("class")
                cards = not alike and next(sibling.iter("article"), None) is not None
                long = (alike or level == 0) and tallies[sibling].prose >= _SHARE * whole
                if not cards and (long or (before and level == 0)):
                    found.append(sibling)
        node = parent
    return found


def _tallies(blocks: list[Block], prose: set[Block]) -> dict[html.HtmlElement, _Tally]:
    """What stands beneath each element that holds a block."""
    tallies: dict[html.HtmlElement, _Tally] = defaultdict(_Tally)
    for block in blocks:
        for element in (block.element, *block.element.iterancestors()):
            tally = tallies[element]
            tally.characters += len(block.text)
            tally.links += block.links
            if block in prose:
                tally.prose += len(block.text)
                tally.runs += 1
    return tallies


def _is_prose_alone(element: html.HtmlElement, tally: _Tally) -> bool:
    """Whether the element is prose for the most part, without a headline of its own."""
    if tally.runs == 0 or tally.links > 0.25 * tally.characters or tally.prose < 0.6 * tally.characters:
        return False
    return element.tag != "article" and next(element.iter("h1"), None) is None
