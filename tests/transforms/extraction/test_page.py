"""One page to one article, or to the reason why there is none."""

import gzip
import json
import os
import random
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import Reason
from schemas.extraction import Extraction, Refusal
from tests.transforms.extraction.making import (
    NOW,
    SENTENCES,
    URL,
    article_page,
    damaged,
    entry,
    page,
    paragraphs,
)
from transforms.extraction.page import extract_page


def extract(body, content_type="text/html", **of_entry):
    return extract_page(body, content_type=content_type, url=URL, entry=entry(**of_entry), now=NOW)


def test_the_article_of_a_page():
    """Text, title, site, language and canonical URL come without navigation, notices, teasers and comments."""
    head = (
        '<title>Second ferry for the islands | Harbour Echo</title><link rel="canonical" href="/ferry">'
        '<meta property="og:site_name" content="Harbour Echo">'
    )
    found = extract(article_page(head=head))
    assert isinstance(found, Extraction)
    assert found.text == "\n".join(SENTENCES)
    assert found.title == "Second ferry for the islands"
    assert found.site_name == "Harbour Echo"
    assert found.lang == "en"
    assert found.declared_canonical_url == "https://www.harbour-echo.test/ferry"
    assert (found.text_source, found.text_method) == ("page", "blocks")


def test_a_page_without_text_gives_way_to_the_feed():
    """An empty shell becomes an article from the feed's content, else from its summary."""
    shell = page("<div id='root'></div>")
    full = extract(shell, content="A whole article from the feed, which says all there is.", summary="Short.")
    assert isinstance(full, Extraction)
    assert (full.text_source, full.text_method) == ("feed", "feed_content")
    short = extract(shell, summary="But a summary of the article.")
    assert isinstance(short, Extraction)
    assert (short.text, short.text_method) == ("But a summary of the article.", "feed_summary")


def test_a_paywall_stub_gives_way_to_the_feeds_content():
    """Where the page shows the first lines only and the feed has the article, the feed's text is taken."""
    stub = article_page(body=paragraphs(SENTENCES[:2]))
    found = extract(stub, content="\n".join(SENTENCES))
    assert isinstance(found, Extraction)
    assert found.text_source == "feed"
    assert found.text == "\n".join(SENTENCES)


def test_the_feed_tells_what_introduces_the_text():
    """What the feed's summary says is known as the standfirst where it stands before the text."""
    sentence = "From spring on, islanders may cross twice a day, at a price that the county helps to pay."
    body = article_page(before=f"<div>{sentence}</div>")
    told = extract(body, summary=sentence)
    assert isinstance(told, Extraction)
    assert told.text == "\n".join((sentence, *SENTENCES))


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "text/html", Reason.EMPTY),
        (b" \n\t ", None, Reason.EMPTY),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, "text/html", Reason.WRONG_TYPE),
        (b'{"articles": [{"title": "none"}]}', "application/json", Reason.WRONG_TYPE),
        (page("<div></div>"), "text/html", Reason.NO_TEXT),
        (page("<p>* * *</p>" * 90), "text/html", Reason.NO_TEXT),
        (page("<div>" * 30_000 + paragraphs()), "text/html", Reason.TOO_DEEP),
    ],
    ids=["empty", "spaces", "pdf", "json", "shell", "wordless", "bottomless"],
)
def test_pages_without_an_article_are_refused_by_name(body, content_type, reason):
    """What holds no article gives a reason of the closed list and a sentence, and no text is made up."""
    found = extract(body, content_type)
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert found.detail


@pytest.mark.parametrize("levels", [100, 300, 1000, 2000])
@pytest.mark.parametrize("element", ["div", "section", "blockquote"])
def test_deeply_nested_pages_give_their_text(levels, element):
    """Nesting that stops other extractors costs no text."""
    body = page(f"<{element}>" * levels + paragraphs() + f"</{element}>" * levels)
    found = extract(body)
    assert isinstance(found, Extraction)
    assert found.text == "\n".join(SENTENCES)


def test_text_behind_twelve_megabytes():
    """A script of 12 MB before the text costs neither the text nor much time."""
    found = extract(page(f"<script>var data = '{'a' * 12_000_000}'</script>" + paragraphs()))
    assert isinstance(found, Extraction)
    assert found.text == "\n".join(SENTENCES)


def test_a_text_node_of_twelve_megabytes_is_text():
    """The parser's limit of 10 MB a text node is lifted."""
    found = extract(page("<p>" + "The tide came in again. " * 500_000 + "</p>"))
    assert isinstance(found, Extraction)
    assert len(found.text) > 11_000_000


def test_unstorable_characters_do_not_reach_the_text():
    """NUL, lone surrogates and controls vanish; what is left is valid UTF-8."""
    dirt = "&#0;&#xD800;&#x1F;\x00"
    body = page("".join(f"<p>{dirt}{sentence}{dirt}</p>" for sentence in SENTENCES)).replace(
        b"ferry", b"fer\xed\xa0\x80ry"
    )
    found = extract(body)
    assert isinstance(found, Extraction)
    found.text.encode("utf-8")
    assert not any(ord(letter) < 32 for letter in found.text.replace("\n", ""))
    assert "The board expects costs" in found.text


def test_other_charsets_are_read():
    """A page in windows-1251 that says so gives Cyrillic, not mojibake."""
    russian = (
        "Совет порта решил во вторник, что паром к северным островам будет ходить дважды в день, с апреля. "
        * 4
    )
    markup = f'<html><head><meta charset="windows-1251"></head><body><p>{russian}</p></body></html>'
    found = extract(markup.encode("cp1251"))
    assert isinstance(found, Extraction)
    assert found.text == russian.strip()
    assert found.lang == "ru"


@given(st.binary(max_size=600))
@settings(max_examples=150, deadline=None)
def test_any_bytes_end_as_an_article_or_a_reason(body):
    """No bytes raise, with or without markup around them."""
    for made in (body, b"<html><body><p>" + body, page("<article>") + body):
        assert isinstance(extract(made, None), Extraction | Refusal)


def test_damaged_pages_end_as_an_article_or_a_reason(eval_pages):
    """Pages cut, flipped, nested, glued and recoded never raise, and what they give can be stored.

    TOCSIN_DAMAGED_PAGES sets how many are made; the generator is seeded, so that a failure repeats.
    """
    chance = random.Random(20_260_301)
    pages = [
        article_page(),
        article_page(head="<title>Ferry</title>", before="<p class=lead>Soon.</p>"),
        *eval_pages,
    ]
    types = (
        "text/html",
        "text/html; charset=utf-8",
        "text/html; charset=windows-1251",
        "text/html; charset=no",
        None,
    )
    for _ in range(int(os.environ.get("TOCSIN_DAMAGED_PAGES", "300"))):
        body = damaged(chance.choice(pages), chance.choice(pages), chance)
        found = extract(body, chance.choice(types))
        if isinstance(found, Refusal):
            assert found.reason in set(Reason)
            continue
        for text in (found.text, found.title or "", *found.authors, found.site_name or ""):
            assert "\x00" not in text
            text.encode("utf-8")


@pytest.fixture(scope="module")
def eval_pages(project_root):
    """Some real pages where the evaluation data is at hand; none where it is not."""
    data = Path(os.environ.get("TOCSIN_EVAL_DATA", project_root.parent / "shared" / "eval"))
    folder = data / "extraction" / "aeb"
    if not folder.is_dir():
        return []
    with (folder / "pages.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, 20)]
    return [gzip.decompress((folder / row["html"]).read_bytes()) for row in rows]
