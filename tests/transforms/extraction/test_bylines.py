"""Who wrote an article, and nobody else."""

import json

import pytest

from tests.transforms.extraction.making import URL, entry, page, parsed
from transforms.extraction.bylines import authors, names_in
from transforms.extraction.site_names import site_names
from transforms.extraction.structured_data import read


def authors_of(*, ld=None, head="", body="", listed=()):
    if ld is not None:
        record = json.dumps({"@type": "NewsArticle", "headline": "Ferry", "author": ld})
        head += f'<script type="application/ld+json">{record}</script>'
    head += '<meta property="og:site_name" content="Harbour Echo">'
    root = parsed(page(f"<main><article><h1>Ferry</h1>{body}</article></main>", head=head))
    data = read(root)
    return authors(root, data, entry(authors=listed), site_names(data, URL, None))


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Ida Holm", ["Ida Holm"]),
        ("Von Ida Holm und Per Lund", ["Ida Holm", "Per Lund"]),
        ("Ida Holm, Per Lund and Oona Marsh", ["Ida Holm", "Per Lund", "Oona Marsh"]),
        ("Ida Holm, senior reporter", ["Ida Holm"]),
        ("Par Zoé Lefèvre et Luc Petit", ["Zoé Lefèvre", "Luc Petit"]),
        ("Автор: Анна Петрова", ["Анна Петрова"]),
        ("Ida Holm; Per Lund", ["Ida Holm", "Per Lund"]),
        ("Ida Holm, PhD", ["Ida Holm"]),
        ("Marks and Spencer", ["Marks and Spencer"]),
        ("ida.holm@harbour-echo.test", []),
        ("김서연 기자", ["김서연"]),
    ],
)
def test_names_in_bylines(byline, names):
    """Opening words, roles, degrees and addresses are no names; several authors are several."""
    assert list(names_in(byline)) == names


@pytest.mark.parametrize(
    "declared",
    [
        "Ida Holm",
        {"@type": "Person", "name": "Ida Holm"},
        [{"@type": "Person", "name": "By Ida Holm"}, {"name": "ida holm"}],
        {"@type": "Person", "givenName": "Ida", "familyName": "Holm"},
        [[{"name": "Ida Holm", "jobTitle": "Editor"}]],
    ],
)
def test_declared_authors(declared):
    """JSON-LD names authors in many shapes; each gives the one name."""
    assert authors_of(ld=declared) == ("Ida Holm",)


def test_a_reference_to_an_author_is_followed():
    """An author given by @id is looked up in the page's graph."""
    graph = {
        "@graph": [
            {"@type": "NewsArticle", "headline": "Ferry", "author": {"@id": "#ida"}},
            {"@type": "Person", "@id": "#ida", "name": "Ida Holm"},
        ]
    }
    assert authors_of(head=f'<script type="application/ld+json">{json.dumps(graph)}</script>') == (
        "Ida Holm",
    )


def test_a_person_in_the_byline_outranks_the_site():
    """Where the page declares but its own name, the byline's person is the author."""
    body = '<div class="article-byline">By <a rel="author" href="/authors/ida-holm">Ida Holm</a></div>'
    assert authors_of(ld={"@type": "Organization", "name": "Harbour Echo"}, body=body) == ("Ida Holm",)


def test_the_site_stands_where_nobody_is_named():
    """An institution that the page declares as its author is kept where no person is."""
    assert authors_of(ld={"@type": "Organization", "name": "Harbour Echo"}) == ("Harbour Echo",)


def test_commenters_and_teasers_are_no_authors():
    """Names by comments and in cards of other articles are not taken."""
    body = (
        '<div class="comment"><span class="author">Bruno Salt</span></div>'
        '<aside><a rel="author" href="/authors/x-y">Xenia Yarrow</a></aside>'
    )
    assert authors_of(body=body) == ()


def test_the_feed_names_the_author_where_the_page_does_not():
    """The entry's authors are the last resort, cleaned like the others."""
    assert authors_of(listed=("by Ida Holm",)) == ("Ida Holm",)


def test_profile_addresses_are_no_names():
    """A URL in the author's place names nobody."""
    assert authors_of(head='<meta property="article:author" content="https://social.test/idaholm">') == ()


def test_a_signature_names_the_author():
    """A name set to the right beneath the text is its author's where nobody else is named."""
    body = "<p>The ferry sails twice a day.</p><p style='text-align: right'><strong>Ida Holm</strong></p>"
    assert authors_of(body=body) == ("Ida Holm",)
