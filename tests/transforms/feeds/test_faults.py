"""The faults of feeds, 28 to 39, each by its number: what must happen to each."""

import time
from datetime import UTC, datetime

import pytest

from schemas.dead_letters import Reason
from transforms.feeds.parse import NotParsed, ParsedFeed

CYRILLIC = "Суд приговорил участников беспорядков к трём годам"
CHINESE = "法院昨天判处三名男子有期徒刑"


def test_28_entities_are_neither_expanded_nor_read(parse, tmp_path):
    """An entity bomb stays small, an external entity opens no file."""
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">\n' for n in range(12))
    body = (
        f'<?xml version="1.0"?>\n<!DOCTYPE rss [\n<!ENTITY file SYSTEM "{secret.as_uri()}">\n<!ENTITY e0 "boom">\n{bomb}]>\n'
        '<rss version="2.0"><channel><title>&e12;</title><item><title>&file;&e12;</title>'
        "<link>https://news.test/a</link></item></channel></rss>"
    )
    started = time.perf_counter()
    found = parse(body)
    assert time.perf_counter() - started < 5
    assert "secret words" not in repr(found)
    assert len(repr(found)) < 5_000


@pytest.mark.parametrize(
    "reference", ["&#1114112;", "&#x110000;", "&#0;", "&#xD800;", "&#55555;", "&#99999999999999;"]
)
def test_29_a_bad_character_reference_costs_one_character(parse, rss, reference):
    """References to what is no character are replaced, in text and in CDATA, and the entry is a record."""
    found = parse(
        rss(
            f"<title>before {reference} after</title><link>https://news.test/a</link>"
            f"<description><![CDATA[one {reference} two]]></description>",
            "<title>other</title><link>https://news.test/b</link>",
        )
    )
    assert isinstance(found, ParsedFeed)
    assert [entry.url for entry in found.entries] == ["https://news.test/a", "https://news.test/b"]
    assert found.entries[0].title.startswith("before")
    assert found.entries[0].title.endswith("after")
    found.entries[0].title.encode()
    found.entries[0].summary.encode()


@pytest.mark.parametrize(
    "field",
    [
        "<author>{}</author>",
        "<author><![CDATA[{}]]></author>",
        "<dc:creator>{}</dc:creator>",
        "<author><name>{}</name></author>",
        "<managingEditor>{}</managingEditor>",
    ],
)
def test_30_a_quadratic_regular_expression_is_kept_short(parse, field):
    """A field of 200 KB that meets feedparser's quadratic pattern costs no time; the entry stays."""
    long = field.format("a." * 100_000)
    started = time.perf_counter()
    found = parse(
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>t</title>'
        f"<item><title>x</title><link>https://news.test/a</link>{long}</item>"
        "<item><title>y</title><link>https://news.test/b</link><author>me@a.test (Ann Author)</author></item>"
        "</channel></rss>"
    )
    assert time.perf_counter() - started < 5
    assert [entry.title for entry in found.entries] == ["x", "y"]
    assert found.entries[1].authors == ("Ann Author",)


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0"?>' + "\n" * 200_000 + '<rss version="2.0"/>',
        "<?xml " + 'encoding="' * 20_000,
        '<rss version="2.0"><channel>' + "<author>" * 30_000,
        '<rss version="2.0"><channel><item>' + "<a>" * 20_000,
        '<rss version="2.0"><channel><item>&nbsp;' + "<![CDATA[" * 20_000,
        '<rss version="2.0"><channel><item><pubDate>' + "1 " * 100_000,
    ],
)
def test_30_other_costly_bodies_end_in_time(parse, body):
    """Bodies of 100 KB and more that meet quadratic code in parsers are read or refused, and soon."""
    started = time.perf_counter()
    parse(body)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xe2\x82", b"\xa0"])
def test_31_one_bad_byte_leaves_the_rest_intact(parse, rss, bad):
    """One byte that is no UTF-8 costs one character, not the letters of the whole feed."""
    body = rss(
        f"<title>{CYRILLIC}</title><link>https://news.test/a</link><description>один BAD два</description>"
    )
    found = parse(body.encode().replace(b"BAD", bad))
    (entry,) = found.entries
    assert entry.title == CYRILLIC
    assert entry.summary.startswith("один")
    assert entry.summary.endswith("два")


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "utf-8", "text/xml; charset=iso-8859-1"),
        ("utf-8", "windows-1251", "application/rss+xml"),
        ("utf-8", "windows-1251", "application/rss+xml; charset=koi8-r"),
        ("utf-8", None, None),
        ("utf-8-sig", "windows-1251", "text/xml; charset=koi8-r"),
        ("windows-1251", "windows-1251", None),
        ("windows-1251", "utf-8", "text/xml; charset=windows-1251"),
        ("windows-1251", "windows-1251", "text/xml; charset=utf-8"),
        ("windows-1251", "windows-1251", "text/xml; charset=iso-8859-1"),
        ("windows-1251", "windows-1251", "text/xml; charset=nonsense"),
        ("koi8-r", "koi8-r", "text/xml"),
        ("utf-16-le", None, None),
        ("utf-16-be", None, None),
        ("utf-16-le", "utf-16", None),
        ("utf-16-be", "utf-8", "text/xml; charset=utf-8"),
        ("utf-16", "utf-16", None),
        ("utf-32-le", None, None),
    ],
)
def test_32_conflicting_and_missing_charsets_give_the_right_text(
    parse, rss, encoding, declared, content_type
):
    """Whatever server and declaration say, and with no byte order mark, Cyrillic text comes out as written."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    body = rss(f"<title>{CYRILLIC}</title><link>https://news.test/a</link>", declaration=declaration)
    found = parse(body.encode(encoding), content_type=content_type)
    assert [entry.title for entry in found.entries] == [CYRILLIC]


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("gb2312", "gb2312", None),
        ("gbk", "gb2312", "text/xml"),
        ("gb18030", "gb2312", "text/xml; charset=gb2312"),
        ("gb2312", "utf-8", "text/xml; charset=gb2312"),
        ("utf-8", "gb2312", None),
        ("gb2312", None, None),
    ],
)
def test_32_chinese_charsets_give_the_right_text(parse, rss, encoding, declared, content_type):
    """gb2312 is read as the larger set that pages use, whichever of its names is declared."""
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = rss(f"<title>{CHINESE}</title><link>https://news.test/a</link>", declaration=declaration)
    found = parse(body.encode(encoding), content_type=content_type)
    assert [entry.title for entry in found.entries] == [CHINESE]


def test_33_a_web_page_and_nothing_are_told_apart(parse):
    """A web page is not a feed, and names its feeds; an empty body is empty."""
    page = (
        "<!-- x --><!DOCTYPE html><html><head><title>Home</title>"
        '<link rel="alternate" type="application/rss+xml" href="/rss.xml">'
        '<LINK REL="alternate stylesheet" type="text/css" href="/a.css">'
        '<link type="application/atom+xml; charset=utf-8" rel=alternate href="https://other.test/atom?a=1&amp;b=2">'
        '<link rel="alternate" type="application/rss+xml" href="javascript:x">'
        "</head><body>hi</body></html>"
    )
    found = parse(page, final_url="https://news.test/en/", content_type="application/rss+xml")
    assert isinstance(found, NotParsed)
    assert found.reason == Reason.NOT_A_FEED
    assert found.alternates == ("https://news.test/rss.xml", "https://other.test/atom?a=1&b=2")
    assert all(url in found.detail for url in found.alternates)
    assert "web page" in found.detail
    for nothing in (b"", b" \r\n\t", b"\xef\xbb\xbf", b"\0\0\0"):
        empty = parse(nothing)
        assert (empty.reason, empty.alternates) == (Reason.EMPTY, ())


def test_34_a_feed_of_very_many_items_is_bounded(parse, rss):
    """Items beyond the limit are left out, and the feed says so; those before are whole."""
    body = rss(*(f"<title>{n}</title><link>https://news.test/{n}</link>" for n in range(5_000)))
    started = time.perf_counter()
    found = parse(body, max_entries=300)
    assert time.perf_counter() - started < 5
    assert found.truncated
    assert [entry.title for entry in found.entries] == [str(n) for n in range(300)]
    whole = parse(body, max_entries=5_000)
    assert (len(whole.entries), whole.truncated) == (5_000, False)


def test_35_one_guid_with_different_links_keeps_both(parse, rss):
    """The link is the identity: a guid that repeats loses no entry."""
    found = parse(
        rss(
            '<title>a</title><guid isPermaLink="false">same</guid><link>https://news.test/a</link>',
            '<title>b</title><guid isPermaLink="false">same</guid><link>https://news.test/b</link>',
        )
    )
    assert [entry.entry_id for entry in found.entries] == ["same", "same"]
    assert len({entry.key for entry in found.entries}) == 2


@pytest.mark.parametrize("link", ["<link>https://news.test/a</link>", ""])
def test_36_a_guid_that_is_absent_or_changes_leaves_the_key_stable(parse, rss, link):
    """Two polls of one entry give one key, with a link and without, whatever becomes of its guid."""
    story = f"<title>A story</title>{link}<description>What happened.</description>"
    keys = {
        parse(rss(f"{story}{guid}")).entries[0].key
        for guid in ("", '<guid isPermaLink="false">1</guid>', '<guid isPermaLink="false">2</guid>')
    }
    assert len(keys) == 1
    other = story.replace("A story", "Another").replace("/a<", "/b<")
    assert parse(rss(other)).entries[0].key not in keys


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 2099 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "2099-01-01T00:00:00Z",
        "Fri, 31 Dec 9999 23:59:59 -1400",
        "Mon, 00 Foo 0000 99:99:99 GMT",
        "yesterday",
    ],
)
def test_37_an_impossible_date_is_null_and_kept_as_written(parse, rss, date):
    """The raw date stays, no wrong moment is given, and nothing else of the entry suffers."""
    found = parse(
        rss(
            f"<title>a</title><link>https://news.test/a</link><pubDate>{date}</pubDate>",
            "<title>b</title><link>https://news.test/b</link><pubDate>Mon, 15 Jun 2026 10:00:00 +0200</pubDate>",
            "<title>c</title><link>https://news.test/c</link>",
        )
    )
    first, second, third = found.entries
    assert (first.published_at, first.published_raw) == (None, date)
    assert (first.title, first.url) == ("a", "https://news.test/a")
    assert second.published_at == datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
    assert (third.published_at, third.published_raw) == (None, None)


def test_38_pages_of_a_feed_are_not_followed(parse):
    """RFC 5005 links to further pages lead nowhere: one poll is one request, without end or not."""
    found = parse(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><link rel="next" href="?page=2"/>'
        '<entry><title>a</title><id>tag:a</id><link href="https://news.test/a"/></entry></feed>'
    )
    assert [entry.url for entry in found.entries] == ["https://news.test/a"]


def test_39_links_are_resolved_or_told_to_be_bad(parse, rss):
    """Relative links are joined to the feed's URL; links to nothing that can be fetched are told, not lost."""
    found = parse(
        rss(
            "<title>relative</title><link>../a?b=1</link>",
            "<title>rooted</title><link>/a</link>",
            "<title>no scheme</title><link>//other.test/a</link>",
            "<title>script</title><link>javascript:alert(1)</link>",
            "<title>mail</title><link>mailto:someone@news.test</link>",
            "<title>none</title>",
            '<title>by guid</title><guid isPermaLink="true">https://news.test/g</guid>',
            '<title>guid is no link</title><guid isPermaLink="false">https://news.test/i</guid>',
            "<title>guid is no URL</title><guid>12345</guid>",
        ),
        final_url="https://news.test/en/feeds/rss.xml",
    )
    assert [entry.url for entry in found.entries] == [
        "https://news.test/en/a?b=1",
        "https://news.test/a",
        "https://other.test/a",
        None,
        None,
        None,
        "https://news.test/g",
        None,
        None,
    ]
    for entry in found.entries:
        bad = entry.url is None
        assert (entry.canonical_url is None) == bad
        assert (entry.problem == Reason.BAD_URL) == bad
        assert bool(entry.detail) == bad
    assert len({entry.key for entry in found.entries}) == len(found.entries)
    assert "javascript" in found.entries[3].detail
