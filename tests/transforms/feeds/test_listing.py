"""The promises of transforms.feeds.listing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.feeds.listing import parse_feed_list
from transforms.urls import BadUrl, canonical_url


def urls_of(data: str) -> list[str]:
    return [source.url for source in parse_feed_list(data.encode(), "list").sources]


def test_a_text_list_gives_its_urls_with_their_lines():
    """Blank lines and comments are no feeds, and every feed knows its line and place."""
    found = parse_feed_list(b"# news\n\nhttps://a.test/feed  # morning\r\nhttps://b.test/feed#x\n", "list")
    assert [(s.url, s.index, s.line) for s in found.sources] == [
        ("https://a.test/feed", 0, 3),
        ("https://b.test/feed#x", 1, 4),
    ]
    assert found.problems == ()


def test_a_bad_line_costs_no_other():
    """A bad line is a problem with its number and what to mend; the good lines stay feeds."""
    found = parse_feed_list(b"https://a.test\na.test/feed\nftp://b.test\nhttps://c.test two words\n", "list")
    assert [source.url for source in found.sources] == ["https://a.test"]
    assert [(problem.line, problem.text) for problem in found.problems] == [
        (2, "a.test/feed"),
        (3, "ftp://b.test"),
        (4, "https://c.test two words"),
    ]
    assert "http://" in found.problems[0].detail


def test_opml_folders_nest_to_any_depth():
    """Feeds come out in document order from folders in folders, whatever the case of xmlUrl."""
    assert urls_of(
        '<opml version="2.0"><body><outline text="World"><outline text="Asia">'
        '<outline type="rss" text="A" xmlUrl="https://a.test/feed"/></outline>'
        '<outline type="rss" text="B" xmlurl="https://b.test/feed"/></outline>'
        '<outline XMLURL="https://c.test/feed"/></body></opml>'
    ) == ["https://a.test/feed", "https://b.test/feed", "https://c.test/feed"]


def test_opml_titles_and_lines_are_kept():
    """A source carries the outline's title and its line, leading blank lines and declaration counted."""
    data = '\n\n<?xml version="1.0"\nencoding="UTF-8"?>\n<opml><body>\n<outline text="t" title="A &amp; B" xmlUrl="https://a.test"/></body></opml>'
    (source,) = parse_feed_list(data.encode(), "list").sources
    assert (source.title, source.line) == ("A & B", 6)


def test_a_repeat_is_counted_and_not_polled_twice():
    """Of two spellings of one feed the first is kept, and the other is told as a repeat, not as a problem."""
    found = parse_feed_list(b"https://a.test/feed\nHTTPS://A.test:443/feed\n", "list")
    assert [source.url for source in found.sources] == ["https://a.test/feed"]
    assert [(repeat.url, repeat.index, repeat.line) for repeat in found.repeats] == [
        ("HTTPS://A.test:443/feed", 0, 2)
    ]
    assert found.problems == ()


def test_the_url_stays_as_it_is_written():
    """Normalisation decides on repeats alone: a source keeps the list's own spelling."""
    assert urls_of("HTTP://A.test:80/Feed?utm_source=x\n") == ["HTTP://A.test:80/Feed?utm_source=x"]


@pytest.mark.parametrize(
    "broken",
    [
        '<outline text="Tom & Jerry" xmlUrl="https://b.test/?x=1&y=2"/>',
        '<outline text="the "best" of" xmlUrl="https://b.test/?x=1&amp;y=2"/>',
        '<outline text="a < b" xmlUrl="https://b.test/?x=1&amp;y=2"/>',
        '<outline text="caf&eacute;&nbsp;" xmlUrl="https://b.test/?x=1&amp;y=2"/>',
        '<outline text="x" xmlUrl="https://b.test/?x=1&amp;y=2">',
    ],
)
def test_broken_opml_loses_no_feed(broken):
    """Bare ampersands, quotes and brackets in attributes, HTML entities and missing ends hide no feed."""
    data = f'<opml><body>\n<outline xmlUrl="https://a.test"/>\n{broken}\n<outline xmlUrl="https://c.test"/>\n</body></opml>'
    found = parse_feed_list(data.encode(), "list")
    assert [(s.url, s.line) for s in found.sources] == [
        ("https://a.test", 2),
        ("https://b.test/?x=1&y=2", 3),
        ("https://c.test", 4),
    ]


def test_broken_opml_says_where():
    """The line where the XML breaks is told."""
    found = parse_feed_list(b'<opml><body>\n<outline xmlUrl="https://a.test"\n</body></opml>', "list")
    assert [source.url for source in found.sources] == ["https://a.test"]
    assert found.problems[0].line in {2, 3}
    assert "broken" in found.problems[0].detail


def test_a_feed_outline_without_a_url_is_told():
    """An outline that says it is a feed and has no xmlUrl is a problem; a folder is none."""
    found = parse_feed_list(
        b'<opml><body><outline text="folder"/>\n<outline type="rss" text="lost"/>\n<outline xmlUrl=" "/></body></opml>',
        "list",
    )
    assert [(problem.line, problem.text) for problem in found.problems[:2]] == [(2, "lost"), (3, "")]


def test_28_a_list_expands_no_entity_and_reads_no_file(tmp_path):
    """Fault 28 in a list: an external entity stays unread, an entity bomb unexpanded."""
    secret = tmp_path / "secret"
    secret.write_text("https://secret.test")
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    data = (
        f'<!DOCTYPE opml [<!ENTITY file SYSTEM "{secret.as_uri()}"><!ENTITY e0 "x">{bomb}]>'
        '<opml><body><outline text="&file;&e9;" xmlUrl="https://a.test/feed"/></body></opml>'
    )
    (source,) = parse_feed_list(data.encode(), "list").sources
    assert source.url == "https://a.test/feed"
    assert "secret.test" not in (source.title or "")
    assert len(source.title or "") < 100


@pytest.mark.parametrize(
    "data", [b"", b"# only a comment\n", b"<html><body>no list</body></html>", b"<rss/>"]
)
def test_a_list_without_a_feed_is_a_problem(data):
    """An empty list, a web page or a feed given as a list is told as such."""
    found = parse_feed_list(data, "my list")
    assert found.sources == ()
    assert "my list names no feed" in found.problems[-1].detail


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "windows-1251"])
def test_a_list_may_be_in_another_encoding(encoding):
    """Byte order marks and declared charsets are read."""
    data = '<?xml version="1.0" encoding="windows-1251"?><opml><body><outline text="Новости" xmlUrl="https://a.test"/></body></opml>'
    (source,) = parse_feed_list(data.encode(encoding), "list").sources
    assert source.title == "Новости"


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_break_the_parser(data):
    """Any bytes give feeds that can be asked, or problems, never an exception."""
    found = parse_feed_list(data, "list")
    assert found.sources or found.problems
    for source in found.sources:
        canonical_url(source.url)


def test_real_lists_lose_no_feed(eval_data: Path):
    """Every non-empty xmlUrl of real OPML files is a source, a repeat or a problem that names it."""
    files = sorted((eval_data / "opml").rglob("*.opml"))
    assert files
    for file in files:
        data = file.read_bytes()
        found = parse_feed_list(data, file.name)
        told = len(found.sources) + len(found.repeats)
        told += sum(_is_bad(problem.text) for problem in found.problems)
        assert told == data.count(b'xmlUrl="') - data.count(b'xmlUrl=""'), file.name


def _is_bad(text: str) -> bool:
    try:
        canonical_url(text)
    except BadUrl:
        return text != ""
    return False
