"""Words that sites put into class and id attributes, and what they tell of an element.

The words are those that content management systems and their themes share across the web; an attribute is read as
words, parted at hyphens, underscores, digits and capitals, so that `article-share__list` speaks of sharing and
`barcelona` does not speak of a bar.
"""

import re
from functools import lru_cache

from lxml import html

LONGEST = 500
"""Characters of a class or id that are looked at."""
_REMEMBERED = 20_000
"""Answers kept of each kind; a site's pages share their classes, and a worker's memory must stay flat."""
_STATE = re.compile(r"(?:has|no|not|is|with|without)(?:[-_]|(?=[A-Z]))")
_PARTS = re.compile(r"[^A-Za-z]+")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def word_set(text: str) -> frozenset[str]:
    """The words of a text, parted by white space."""
    return frozenset(text.split())


CLUTTER = word_set(
    """
    share sharing shares sharebar sharetools social socials
    related relatedarticles relatedposts relatedstories recirc recirculation recommend recommended recommendation
    recommendations readmore readnext upnext moreon seealso linkbox linklist prevnext pagination pager trending popular
    promo promos promotion promobox newsletter newsletters signup subscribe subscription subscriptions
    comment comments disqus livefyre reactions likes rating ratings feedback bookmark bookmarks poll
    advert adverts advertisement advertising ad ads adslot adbox adsense sponsor sponsored commercial affiliate
    outbrain taboola cookie cookies consent onetrust didomi ccpa gdpr login donate donation
    breadcrumb breadcrumbs tags taglist sidebar toolbar menu nav navi navigation footer masthead banner
    caption captions credit credits copyright byline bylines bio timestamp
    gallery galleries slideshow carousel slider player jwplayer embed embedded tweet twitter instagram facebook
    whatsapp telegram tooltip modal popup overlay factbox infobox faktabox expandable accordion collapsible
    visuallyhidden offscreen noprint
    """
)
"""An element with such a word is no part of an article's text."""

HEDGED = word_set(
    """
    meta image images picture photo photos foto bild media video videos audio date dates time published updated
    lastchanged author authors autor auteur writer excerpt topic topics category categories keyword keywords label
    labels cta fallback prev next latest stories info mediainfo legend source agency disclaimer kicker overline
    topline infotext readtime
    """
)
"""A short run of text beneath such a word is seldom part of an article's text."""

STANDFIRST = word_set(
    """
    summary lead lede intro standfirst deck dek subtitle subheadline subhead subheading description excerpt abstract
    chapo sapo entradilla bajada perex ingress manchet leadtext introtext introduction teaser strapline preamble
    """
)
"""The words for the sentences between headline and text."""

_CARDS = word_set("post story news article related")
"""A name of these and `card` (`post-card`) is that of a box that leads to another article."""

_EMBED = word_set("embed embedded tweet twitter instagram facebook social")

_PICTURE = word_set("image images picture photo photos foto figure gallery caption media bild")

EXCERPT = word_set("excerpt excerpts teaser teasers clamp")
"""The words for the beginning of a text that stands elsewhere; before an article's text, its standfirst."""

SUBHEADING = word_set("subheadline subhead subheading crosshead crossheading intertitle heading")
"""The words for headings within a text, where they are no heading elements."""


def class_of(element: html.HtmlElement) -> str | None:
    """The element's class attribute, cut where it is absurdly long; None where it has none."""
    names: str | None = element.get("class")
    return names if names is None or len(names) <= LONGEST else names[:LONGEST]


@lru_cache(maxsize=2_000)
def words(names: str) -> frozenset[str]:
    """The words of a class or id attribute, in lower case.

    A condition (`md:hidden`) or a state (`has-sidebar`) has none. Words of up to three letters count only where
    hyphens or the like part them from all else, as the names that style tools make up (`sc-bZkfAO`) hold any letters.
    """
    tokens = [name for name in names.split() if ":" not in name and not _STATE.match(name)]
    long = {word.lower() for name in tokens for word in _WORD.findall(name) if len(word) > 3}
    return frozenset(
        long.union(word.lower() for name in tokens for word in _PARTS.split(name) if len(word) < 4)
    )


@lru_cache(maxsize=_REMEMBERED)
def is_clutter(names: str) -> bool:
    """Whether class and id say that the element is no part of the article."""
    said = words(names)
    if not CLUTTER.isdisjoint(said):
        return True
    if "card" in said and any("card" in words(name) and words(name) & _CARDS for name in names.split()):
        return True
    # "hidden" beside a utility class with a condition is shown on some screens
    return "hidden" in names.split() and ":" not in names


@lru_cache(maxsize=_REMEMBERED)
def is_embed(names: str) -> bool:
    """Whether the class speaks of embedding a post of a social network, and of no other clutter."""
    said = words(names)
    return bool(said & _EMBED) and said & CLUTTER <= _EMBED


@lru_cache(maxsize=_REMEMBERED)
def is_pictured(names: str) -> bool:
    """Whether the class speaks of pictures."""
    return not words(names).isdisjoint(_PICTURE)


@lru_cache(maxsize=_REMEMBERED)
def is_hedged(names: str) -> bool:
    """Whether class and id make a short text doubtful."""
    return not HEDGED.isdisjoint(words(names))


@lru_cache(maxsize=_REMEMBERED)
def is_standfirst(names: str) -> bool:
    """Whether class and id speak of the sentences between headline and text."""
    return not STANDFIRST.isdisjoint(words(names))


@lru_cache(maxsize=_REMEMBERED)
def is_excerpt(names: str) -> bool:
    """Whether the class speaks of the first words of another text."""
    return not EXCERPT.isdisjoint(words(names))


@lru_cache(maxsize=_REMEMBERED)
def is_subheading(names: str) -> bool:
    """Whether the class speaks of a heading within a text."""
    return not SUBHEADING.isdisjoint(words(names))
