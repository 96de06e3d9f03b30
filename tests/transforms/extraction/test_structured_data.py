"""What pages say of themselves to machines, however sloppily."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.extraction.making import page, parsed
from transforms.extraction.structured_data import read, text_of

NODE = {"@type": "NewsArticle", "headline": "Ferry", "datePublished": "2026-02-14"}


def data_of(*blocks, head=""):
    scripts = "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)
    return read(parsed(page("", head=scripts + head)))


@pytest.mark.parametrize(
    "block",
    [
        json.dumps(NODE),
        json.dumps([{"@type": "WebSite"}, NODE]),
        json.dumps({"@graph": [{"@type": "Organization", "name": "Echo"}, NODE]}),
        json.dumps({"@type": "WebPage", "mainEntity": NODE}),
        json.dumps(NODE | {"@type": ["Thing", "ReportageNewsArticle"]}),
        json.dumps(NODE)[:-1] + ",}",
        f"<!-- {json.dumps(NODE)} -->",
        f"/* <![CDATA[ */ {json.dumps(NODE)} /* ]]> */",
        json.dumps(NODE) + ";",
        json.dumps(NODE | {"description": "a|b"}).replace("|", "\n\t"),
        json.dumps(NODE).replace('"', "&quot;"),
    ],
    ids=[
        "plain",
        "list",
        "graph",
        "entity",
        "types",
        "comma",
        "comment",
        "cdata",
        "semicolon",
        "tab",
        "escaped",
    ],
)
def test_articles_are_found_in_any_shape(block):
    """An article's record is found in lists, graphs and pages, and in JSON that needs mending."""
    (article,) = data_of(block).articles
    assert article["headline"] == "Ferry"


def test_one_bad_block_costs_but_itself():
    """A block that cannot be mended does not hide the next."""
    assert [
        node["headline"] for node in data_of('{"@type": "NewsArticle", "head', json.dumps(NODE)).articles
    ] == ["Ferry"]


def test_the_pages_own_article_comes_first():
    """Of several articles, that of the page's canonical URL leads."""
    other = NODE | {"headline": "Other", "url": "https://echo.test/other"}
    own = NODE | {"mainEntityOfPage": {"@id": "https://echo.test/ferry#main"}}
    head = '<link rel="canonical" href="https://echo.test/ferry">'
    assert [n["headline"] for n in data_of(json.dumps([other, own]), head=head).articles] == [
        "Ferry",
        "Other",
    ]


def test_related_articles_are_not_the_pages_own():
    """What a record only mentions is not entered."""
    block = json.dumps(
        NODE | {"mentions": [NODE | {"headline": "Other"}], "hasPart": NODE | {"headline": "Part"}}
    )
    assert [node["headline"] for node in data_of(block).articles] == ["Ferry"]


def test_meta_elements_are_kept_by_name_in_order():
    """Property, name and itemprop name a meta element; case is folded, entities are decoded."""
    head = (
        '<meta property="OG:Title" content="Ferry &amp;amp; quay"><meta name="author" content="Ida">'
        '<meta name="author" content="Per"><meta itemprop="datePublished" content="2026-02-14"><meta name="empty">'
    )
    data = data_of(head=head)
    assert data.first_meta("og:title") == "Ferry & quay"
    assert data.meta["author"] == ["Ida", "Per"]
    assert data.first_meta("none", "datepublished") == "2026-02-14"
    assert data.first_meta("none") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (["", " b "], "b"),
        ({"@value": "c"}, "c"),
        ({"name": ["d"]}, "d"),
        (None, None),
        (7, None),
        ([], None),
    ],
)
def test_text_of_values(value, text):
    """The text of a value is found through lists and nodes; there may be none."""
    assert text_of(value) == text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["@type", "@id", "@graph", "name", "headline", "author", "datePublished", "url", "mainEntity"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(_JSON)
def test_any_json_is_read(value):
    """Whatever JSON stands in the block, reading it does not raise."""
    block = json.dumps(value).replace("<", "\\u003c")
    assert all(isinstance(node, dict) for node in data_of(block).articles)


def test_endless_nesting_is_passed_over():
    """A block that nests deeper than can be parsed costs nothing else."""
    assert data_of("[" * 200_000, json.dumps(NODE)).articles
