"""The promises of transforms.feeds.parse for every format."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import Reason
from transforms.feeds.hints import PollHints
from transforms.feeds.markup import MAX_TEXT
from transforms.feeds.parse import NotParsed, ParsedFeed, parse_feed
from transforms.urls import url_key

RSS_091 = """<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>News</title><link>https://news.test/</link><language>en-us</language>
<item><title>One</title><link>https://news.test/1</link></item><item><title>Two</title><link>https://news.test/2</link></item></channel></rss>"""
RSS_20 = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>News</title><link>https://news.test/</link><language>en</language>
<item><title>One</title><link>https://news.test/1</link><guid>https://news.test/1</guid><dc:creator>Ann Author</dc:creator></item>
<item><title>Two</title><link>https://news.test/2</link></item></channel></rss>"""
RDF_090 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">
<channel><title>News</title><link>https://news.test/</link></channel>
<item><title>One</title><link>https://news.test/1</link></item><item><title>Two</title><link>https://news.test/2</link></item></rdf:RDF>"""
RSS_10 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://news.test/"><title>News</title><link>https://news.test/</link><dc:language>en</dc:language></channel>
<item rdf:about="https://news.test/1"><title>One</title><link>https://news.test/1</link><dc:date>2026-06-15T10:00:00Z</dc:date></item>
<item rdf:about="https://news.test/2"><title>Two</title><link>https://news.test/2</link></item></rdf:RDF>"""
ATOM_10 = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>News</title><id>tag:news.test,2026:feed</id>
<link rel="self" href="https://news.test/feed"/>
<entry><title>One</title><id>tag:news.test,2026:1</id><link rel="replies" href="https://news.test/r"/><link href="https://news.test/1"/><updated>2026-06-15T10:00:00Z</updated></entry>
<entry><title>Two</title><id>tag:news.test,2026:2</id><link rel="alternate" type="text/html" href="https://news.test/2"/></entry></feed>"""
ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="en"><title>News</title>
<entry><title>One</title><link rel="alternate" type="text/html" href="https://news.test/1"/><issued>2026-06-15T10:00:00Z</issued></entry>
<entry><title>Two</title><link rel="alternate" type="text/html" href="https://news.test/2"/></entry></feed>"""
JSON_10 = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1",
        "title": "News",
        "items": [
            {"id": 1, "title": "One", "url": "https://news.test/1", "author": {"name": "Ann Author"}},
            {"id": "https://news.test/2", "title": "Two"},
        ],
    }
)
JSON_11 = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News",
        "language": "en-GB",
        "items": [
            {
                "id": "1",
                "title": "One",
                "url": "https://news.test/1",
                "content_html": "<p>Hello <b>there</b></p>",
                "date_published": "2026-06-15T12:00:00+02:00",
                "authors": [{"name": "Ann Author"}, {"name": "Bob"}, "no object"],
            },
            {"id": "2", "title": "Two", "url": "https://news.test/2", "content_text": "a < b"},
        ],
    }
)


@pytest.mark.parametrize("body", [RSS_091, RSS_20, RDF_090, RSS_10, ATOM_10, ATOM_03, JSON_10, JSON_11])
def test_every_format_gives_every_entry(parse, body):
    """Title and entries of each format come out whole and in order, each with the key of its link."""
    found = parse(body, feed_index=7)
    assert isinstance(found, ParsedFeed)
    assert found.title == "News"
    assert not found.truncated
    assert [(entry.title, entry.url, entry.position) for entry in found.entries] == [
        ("One", "https://news.test/1", 0),
        ("Two", "https://news.test/2", 1),
    ]
    for entry in found.entries:
        assert entry.key == url_key(entry.canonical_url)
        assert (entry.feed_url, entry.feed_title, entry.feed_index) == ("https://news.test/feed", "News", 7)
        assert (entry.problem, entry.detail) == (None, None)


@pytest.mark.parametrize("body", [RSS_091, RSS_20, RSS_10, ATOM_10, ATOM_03, JSON_11])
def test_the_declared_language_is_kept_as_its_primary_subtag(parse, body):
    """en-us, en-GB and en are all en."""
    found = parse(body)
    assert found.lang == "en"
    assert {entry.lang for entry in found.entries} == {"en"}


@pytest.mark.parametrize("body", [RSS_10, ATOM_10, ATOM_03, JSON_11])
def test_dates_are_in_utc(parse, body):
    """Each format's date is one moment in UTC, with the words it came from."""
    entry = parse(body).entries[0]
    assert entry.published_at == datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
    assert entry.published_raw.startswith("2026-06-15T1")


@pytest.mark.parametrize("body", [RSS_20, JSON_10, JSON_11])
def test_authors_are_names(parse, body):
    """The names of the authors come out, in order."""
    assert parse(body).entries[0].authors[0] == "Ann Author"


def test_text_is_plain_and_kept_apart(parse):
    """Summary and content are plain text with paragraphs, each in its column; hidden mark-up is gone."""
    (entry,) = parse(
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item>'
        "<title>AT&amp;amp;T &lt;b&gt;wins&lt;/b&gt;</title><link>https://news.test/1</link>"
        "<description>Short &amp;amp; sweet.</description>"
        "<content:encoded><![CDATA[<p>First <a href='x'>para</a>.</p><script>x()</script><p>Second<br>line.</p>]]></content:encoded>"
        "</item></channel></rss>"
    ).entries
    assert entry.title == "AT&T wins"
    assert entry.summary == "Short & sweet."
    assert entry.content == "First para.\nSecond\nline."


def test_text_that_is_no_html_stays_as_it_is(parse):
    """Atom's type=text and JSON's content_text are taken literally."""
    (entry,) = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title type="text">a &lt;b&gt; c</title>'
        '<link href="https://news.test/1"/><content type="text">x &lt; y</content></entry></feed>'
    ).entries
    assert (entry.title, entry.content) == ("a <b> c", "x < y")
    assert parse(JSON_11).entries[1].content == "a < b"


def test_xhtml_content_is_read(parse):
    """Atom's inline XHTML gives its text."""
    (entry,) = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>t</title><link href="https://news.test/1"/>'
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Two &amp; three</p></div></content></entry></feed>'
    ).entries
    assert entry.content == "One\nTwo & three"


def test_xml_base_is_honoured(parse):
    """A relative link is joined to its xml:base, itself joined to the feed's URL."""
    (entry,) = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/blog/"><entry><title>t</title>'
        '<link href="a/1"/></entry></feed>'
    ).entries
    assert entry.url == "https://news.test/blog/a/1"


def test_the_listed_link_keeps_its_tracking_and_the_identity_does_not(parse, rss):
    """url is asked for as listed; canonical_url and key are free of tracking parameters."""
    (entry,) = parse(
        rss("<title>t</title><link>https://me:pw@news.test/1?utm_source=rss&amp;a=1</link>")
    ).entries
    assert entry.url == "https://news.test/1?utm_source=rss&a=1"
    assert entry.canonical_url == "https://news.test/1?a=1"


def test_duplicates_in_a_feed_are_all_given(parse, rss):
    """An entry listed twice is two entries of one key: the pipeline counts them."""
    item = "<title>t</title><link>https://news.test/1</link>"
    found = parse(rss(item, item))
    assert [entry.position for entry in found.entries] == [0, 1]
    assert len({entry.key for entry in found.entries}) == 1


def test_a_long_text_is_cut_and_says_so(parse, rss):
    """Content beyond its limit is cut, and the entry is marked."""
    long = "word " * (MAX_TEXT // 5 + 10)
    first, second = parse(
        rss(
            f"<title>t</title><link>https://news.test/1</link><description>{long}</description>",
            "<title>u</title><link>https://news.test/2</link><description>short</description>",
        )
    ).entries
    assert first.truncated
    assert len(first.summary) <= MAX_TEXT
    assert not second.truncated


def test_hints_on_polling_are_read(parse, rss):
    """ttl, the syndication module, and hours and days to skip."""
    found = parse(
        '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><ttl>60</ttl>'
        "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
        "<skipHours><hour>0</hour><hour>24</hour><hour>3</hour></skipHours>"
        "<skipDays><day>Sunday</day><day>Nonday</day></skipDays></channel></rss>"
    )
    assert found.hints == PollHints(60, 21_600, (0, 3), (6,))
    assert parse(rss("", channel="<ttl>soon</ttl>")).hints == PollHints()


def test_a_feed_without_entries_is_a_feed(parse, rss):
    """A valid feed may be empty for a while: that is no failure."""
    found = parse(rss())
    assert isinstance(found, ParsedFeed)
    assert found.entries == ()


def test_a_body_that_was_cut_gives_its_whole_entries(parse, rss):
    """Of a body over the cap, the last half item is left out, the others are whole, and the feed says so."""
    whole = rss(*(f"<title>Title {n}</title><link>https://news.test/{n}</link>" for n in range(3)))
    body = whole[: whole.index("Title 2") + 3]
    found = parse(body, cut=True)
    assert found.truncated
    assert [entry.title for entry in found.entries] == ["Title 0", "Title 1"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("just some words", Reason.NOT_A_FEED),
        ("%PDF-1.7\n%\xe2\xe3", Reason.NOT_A_FEED),
        ('<?xml version="1.0"?><urlset><url><loc>https://news.test/</loc></url></urlset>', Reason.NOT_A_FEED),
        ("<opml><body><outline xmlUrl='https://a.test'/></body></opml>", Reason.NOT_A_FEED),
        ('{"a": 1}', Reason.NOT_A_FEED),
        ("[1, 2]", Reason.NOT_A_FEED),
        ('{"version": "https://jsonfeed.org/version/1", "items": 3}', Reason.NOT_A_FEED),
        ('{"version": "https://jsonfeed.org/ver', Reason.PARSE_FAILED),
        ("[" * 100_000, Reason.PARSE_FAILED),
        ('<rss version="2.0"><channel><title>cut', Reason.PARSE_FAILED),
    ],
)
def test_what_is_no_feed_is_told_with_its_reason(parse, body, reason):
    """Other documents and broken ones give a reason and one sentence, and no feed."""
    found = parse(body)
    assert isinstance(found, NotParsed)
    assert found.reason == reason
    assert 10 < len(found.detail) < 500
    assert "\n" not in found.detail


def test_a_homepage_without_feeds_is_told_as_such(parse):
    """A web page given as a feed is named as one, XHTML with an XML declaration too."""
    found = parse('<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head/><body/></html>')
    assert found.reason == Reason.NOT_A_FEED
    assert "web page" in found.detail
    assert found.alternates == ()


@pytest.mark.parametrize(
    "junk",
    ["\n\n  ", "<br />\n<b>Warning</b>: x in <b>y.php</b>\n", "<!DOCTYPE html>\n", "<!-- cached -->\n"],
)
def test_what_a_server_puts_before_a_feed_costs_nothing(parse, rss, junk):
    """Blank lines, warnings, comments and a wrong doctype in front of a feed leave it a feed."""
    found = parse(junk + rss("<title>A &amp; b</title><link>https://news.test/1</link>"))
    assert [entry.title for entry in found.entries] == ["A & b"]


def test_45_text_is_valid_unicode(parse, rss):
    """Fault 45 in feeds: no NUL, no lone surrogate, no control character but the newline reaches a record."""
    body = rss(
        "<title>a\0b\x0bc\x1bd\x85e</title><link>https://news.test/1</link><description>&#27;x</description>"
    )
    (entry,) = parse(body.encode().replace(b"</title>", b"\xed\xa0\x80</title>")).entries
    (item,) = parse(
        '{"version": "https://jsonfeed.org/version/1", "items": [{"title": "a\\ud800\\u0000b"}]}'
    ).entries
    for text in (entry.title, entry.summary, item.title):
        text.encode()
        assert all(character.isprintable() or character in "\n\ufffd" for character in text)
    assert item.title == "ab"


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=200).map(
        lambda text: f'<rss version="2.0"><channel><item><title>{text}'.encode("utf-8", "replace")
    )
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["id", "url", "title", "authors", "content_html"]), inner)
        ),
        max_leaves=20,
    ).map(lambda items: json.dumps({"version": "https://jsonfeed.org/version/1", "items": [items]}).encode()),
    st.none() | st.text(max_size=30),
)
def test_no_body_raises(body, content_type):
    """Any bytes give a feed or a reason, and text that can be written."""
    found = parse_feed(
        body,
        content_type=content_type,
        feed_url="https://news.test/feed",
        final_url="https://news.test/feed",
        feed_index=0,
        now=datetime(2026, 6, 15, tzinfo=UTC),
    )
    assert isinstance(found, ParsedFeed | NotParsed)
    repr(found).encode()
