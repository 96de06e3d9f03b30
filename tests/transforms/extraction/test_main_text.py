"""Which words of a page are the article's text."""

import json

import pytest

from tests.transforms.extraction.making import SENTENCES, article_page, page, paragraphs, parsed
from transforms.extraction.hints import hints_of
from transforms.extraction.main_text import main_text
from transforms.extraction.structured_data import read


def text_of(body):
    root = parsed(body)
    data = read(root)
    found = main_text(root, data, hints_of(data))
    return ("", "") if found is None else (found.text, found.method)


WHOLE = "\n".join(SENTENCES)


@pytest.mark.parametrize(
    "body",
    [
        paragraphs(),
        "".join(f"<div class='block'><p>{sentence}</p></div>" for sentence in SENTENCES),
        f"<div class='part'>{paragraphs(SENTENCES[:3])}</div><div class='part'>{paragraphs(SENTENCES[3:])}</div>",
        "<br><br>".join(SENTENCES),
        "".join(
            f"<p><span>{sentence[:20]}<b>{sentence[20:40]}</b>{sentence[40:]}</span></p>"
            for sentence in SENTENCES
        ),
        f"<table><tr><td>{paragraphs()}</td></tr></table>",
        f"<form id='aspnetForm'>{paragraphs()}</form>",
    ],
    ids=["paragraphs", "boxed", "parted", "breaks", "inline", "table", "form"],
)
def test_the_text_is_found_in_any_markup(body):
    """However a site marks up its paragraphs, the text is the same."""
    assert text_of(article_page(body=body))[0] == WHOLE


@pytest.mark.parametrize(
    "clutter",
    [
        "<figure><img src='a.jpg'><figcaption>The old ferry at the quay last winter, in heavy snow.</figcaption></figure>",
        "<div class='newsletter-signup'><p>Sign up to our weekly letter and miss no ferry, ever again.</p></div>",
        "<aside><p>Three other things that happened at the harbour this week, told in brief by us.</p></aside>",
        "<ul class='share-tools'><li><a href='#'>Share</a></li></ul>",
        "<p><a href='/x'>Read also: why the lighthouse keeper will not retire</a></p>",
        "<div style='display: none'><p>You must be logged in to read on, or so this hidden notice says.</p></div>",
        "<article class='card'><h3>Elsewhere</h3><p>A card of another article, with its first lines shown here.</p></article>",
        "<div class='ad-slot'>Advertisement</div>",
        "<div>Photo: J. Doe</div>",
    ],
    ids=["caption", "newsletter", "aside", "share", "link", "hidden", "card", "advert", "scrap"],
)
def test_clutter_between_paragraphs_is_left_out(clutter):
    """What stands between paragraphs but is none is no part of the text."""
    body = paragraphs(SENTENCES[:3]) + clutter + paragraphs(SENTENCES[3:])
    assert text_of(article_page(body=body))[0] == WHOLE


def test_subheadings_lists_and_quotations_are_text():
    """Within an article, headings, lists and quotations are kept in their place."""
    listing = (
        "<ul><li>Monday and Thursday mornings, weather permitting.</li><li>Every Sunday in July.</li></ul>"
    )
    body = (
        paragraphs(SENTENCES[:2])
        + "<h2>When it sails</h2>"
        + listing
        + "<blockquote><p>It is high time.</p></blockquote>"
        + paragraphs(SENTENCES[2:])
    )
    lines = text_of(article_page(body=body))[0].split("\n")
    assert lines[2:6] == [
        "When it sails",
        "Monday and Thursday mornings, weather permitting.",
        "Every Sunday in July.",
        "It is high time.",
    ]


def test_the_standfirst_opens_the_text():
    """The sentences between headline and text belong to it, whether a class or the description tells of them."""
    sentence = "From spring on, islanders may cross twice a day, at a price that the county helps to pay."
    by_class = article_page(before=f"<p class='article__standfirst'>{sentence}</p>")
    assert text_of(by_class)[0] == f"{sentence}\n{WHOLE}"
    described = article_page(
        head=f'<meta name="description" content="{sentence}">', before=f"<div>{sentence}</div>"
    )
    assert text_of(described)[0] == f"{sentence}\n{WHOLE}"


def test_bylines_and_dates_before_the_text_are_left_out():
    """Kicker, byline and date between headline and text are no text."""
    before = (
        "<span class='kicker'>Harbour</span><p class='byline'>By Ida Holm</p><time>14 February 2026</time>"
    )
    assert text_of(article_page(before=before))[0] == WHOLE


def test_credits_after_the_text_are_left_out():
    """Appeals, addresses and credits at the end are no text."""
    closing = (
        "<p>Follow us on <a href='https://facebook.test'>Facebook</a> and <a href='https://twitter.test'>Twitter</a>.</p>"
        "<p><em>Ida Holm writes on the sea and all who live by it.</em></p><p>© Harbour Echo 2026</p>"
    )
    assert text_of(article_page(body=paragraphs() + closing))[0] == WHOLE


def test_the_first_of_two_articles_is_meant():
    """Where a page appends another whole article, only the one under the page's headline is taken."""
    second = "".join(
        f"<p>Quite another story, told at length in its part {n}, which goes on for a while.</p>"
        for n in range(20)
    )
    body = f"<article><h1>Second ferry</h1>{paragraphs()}</article><article><h1>Other story</h1>{second}</article>"
    assert text_of(page(body))[0] == WHOLE


def test_a_declared_body_stands_in_for_a_page_without_text():
    """The JSON-LD articleBody is taken where the page itself shows but a stub."""
    record = json.dumps({"@type": "NewsArticle", "headline": "Second ferry", "articleBody": WHOLE})
    head = f'<script type="application/ld+json">{record}</script>'
    assert text_of(page("<h1>Second ferry</h1><p>Loading.</p>", head=head)) == (WHOLE, "json_ld")


def test_text_in_scripts_stands_in_for_a_page_without_text():
    """Markup that a page's scripts hold as a string is read where the page shows nothing."""
    row = json.dumps([1, "<div>" + paragraphs() + "</div>"]).replace("<", "\\u003c").replace(">", "\\u003e")
    body = page(f"<div id='root'></div><script>self.flight.push({row})</script>")
    assert text_of(body) == (WHOLE, "script")


def test_a_class_made_by_a_tool_says_nothing():
    """Letters of a hashed class name are not read as words."""
    assert text_of(article_page(body=f"<div class='sc-adBxYz css-1nav9ad'>{paragraphs()}</div>"))[0] == WHOLE


def test_lists_of_links_are_left_out_and_other_lists_kept():
    """A list whose text is links leads elsewhere, and its heading with it; one of words is text."""
    links = (
        "<h3>More on this</h3><ul>"
        + "".join(f'<li><a href="/{n}">Another story of the sea, number {n}</a></li>' for n in range(4))
        + "</ul>"
    )
    body = paragraphs(SENTENCES[:3]) + links + paragraphs(SENTENCES[3:])
    assert text_of(article_page(body=body))[0] == WHOLE


def test_cards_of_other_articles_are_left_out():
    """A box whose class calls it the card of a post leads elsewhere, whatever prose it shows."""
    card = f"<div class='post-card__body'><h4>Other news</h4><p>{SENTENCES[5]} And more of it.</p></div>"
    assert text_of(article_page(body=paragraphs(SENTENCES[:5]) + card))[0] == "\n".join(SENTENCES[:5])


def test_embedded_posts_are_text():
    """A post that an article quotes is read where it stands as a quotation."""
    post = "<div class='social-embed'><blockquote><p>The quay is full today, and everybody waves.</p></blockquote></div>"
    found = text_of(article_page(body=paragraphs(SENTENCES[:3]) + post + paragraphs(SENTENCES[3:])))[0]
    assert found.split("\n")[3] == "The quay is full today, and everybody waves."


def test_a_class_around_the_whole_article_does_not_hide_it():
    """A word that means clutter says nothing of an element that holds most of the page's paragraphs."""
    body = page(f"<div class='sidebar related'><div id='newsletter-wrap'>{paragraphs()}</div></div>")
    assert text_of(body)[0] == WHOLE


def test_a_page_without_prose_has_no_text():
    """Where no source gives text, there is none."""
    assert text_of(page("<ul><li><a href='/'>Home</a></li></ul>")) == ("", "")


def test_boxes_after_the_text_are_left_out():
    """What stands in boxes after paragraphs that stand in none is about the paper; quotations and lists are not."""
    box = "<div><h4>Our readers</h4><p>We live from what you give, and would rather not beg for it each week.</p></div>"
    assert text_of(article_page(body=paragraphs() + box))[0] == WHOLE
    listing = "<div><ul><li>Monday and Thursday mornings, weather permitting.</li></ul></div>"
    assert text_of(article_page(body=paragraphs() + listing))[0].endswith("weather permitting.")
