"""The headline as a reader would quote it."""

import json

import pytest

from tests.transforms.extraction.making import URL, entry, page, parsed
from transforms.extraction.headline import headline
from transforms.extraction.site_names import site_names
from transforms.extraction.structured_data import read


def title_of(*, ld=None, h1=None, og=None, title=None, listed=None, extra=""):
    head = extra
    if ld:
        record = json.dumps({"@type": "NewsArticle", "headline": ld})
        head += f'<script type="application/ld+json">{record}</script>'
    if og:
        head += f'<meta property="og:title" content="{og}">'
    if title:
        head += f"<title>{title}</title>"
    head += '<meta property="og:site_name" content="Harbour Echo">'
    root = parsed(page(f"<h1>{h1}</h1>" if h1 else "<p>x</p>", head=head))
    data = read(root)
    return headline(root, data, entry(title=listed), site_names(data, URL, None))


@pytest.mark.parametrize(
    "suffix",
    [
        " | Harbour Echo",
        " - Harbour Echo",
        " – harbour-echo.test",
        " | Sea | Harbour Echo",
        " — Harbour Echo",
    ],
)
def test_site_names_and_sections_are_cut(suffix):
    """Whatever stands between title and site name, the title remains."""
    section = '<meta property="article:section" content="Sea">'
    assert title_of(title=f"Ferry sails twice{suffix}", extra=section) == "Ferry sails twice"


def test_entities_are_decoded_twice_where_escaped_twice():
    """Typographic entities read as the signs they stand for."""
    assert title_of(ld="Ferry &amp;amp; quay: &#8220;at last&#8221;") == "Ferry & quay: “at last”"


def test_a_dash_within_a_title_stays():
    """Only a site's name is cut at a dash."""
    assert title_of(title="Two ferries - one quay") == "Two ferries - one quay"


def test_the_declared_headline_comes_first():
    """JSON-LD's headline wins over a heading that differs."""
    assert title_of(ld="Ferry sails twice", h1="Ahoy!", og="Ahoy!") == "Ferry sails twice"


def test_the_title_that_the_feed_lists_decides():
    """Where the page's titles differ, the one that the feed has too is meant."""
    assert (
        title_of(ld="Ferry sails twice", h1="Ahoy: a ferry", og="Ahoy: a ferry", listed="Ahoy: a ferry")
        == "Ahoy: a ferry"
    )


def test_a_kicker_that_one_source_has_is_cut():
    """Two sources that agree on a title without a kicker outvote the third."""
    assert (
        title_of(ld="Harbour: Ferry sails twice", h1="Ferry sails twice", og="Ferry sails twice")
        == "Ferry sails twice"
    )


def test_two_kickers_before_one_title_are_cut():
    """What follows two different kickers is the title."""
    found = title_of(
        h1="Islands - A second ferry sails from April", og="Harbour: A second ferry sails from April"
    )
    assert found == "A second ferry sails from April"


def test_a_social_title_written_apart_is_meant_for_readers():
    """Where headline, heading and title are one string and the social title differs, an editor wrote the latter."""
    same = "Ferry islands timetable April 2026"
    assert title_of(ld=same, h1=same, title=same, og="At last, a second ferry") == "At last, a second ferry"


def test_no_title_at_all():
    """A page without any title has the feed's, or none."""
    assert title_of(listed="Ferry sails twice") == "Ferry sails twice"
    assert title_of() is None
