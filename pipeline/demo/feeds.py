"""The demo's feeds: RSS 2.0, Atom (RFC 4287), RDF (RSS 1.0) and JSON Feed 1.1."""

import json
from collections.abc import Callable
from email.utils import format_datetime
from html import escape

from pipeline.demo.publishers import BrokenItem, FeedFormat, Item, Publisher, Story

CONTENT_TYPES = {
    FeedFormat.RSS: "application/rss+xml",
    FeedFormat.ATOM: "application/atom+xml",
    FeedFormat.RDF: "application/rdf+xml",
    FeedFormat.JSON: "application/feed+json",
}

_CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
_DUBLIN_CORE = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
_RDF_SYNTAX = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


def feed_body(publisher: Publisher) -> bytes:
    """A publisher's feed in its format and encoding, every item of `Publisher.items` in that order."""
    return _WRITERS[publisher.feed.format](publisher).encode(publisher.feed.encoding)


def feed_list(publishers: tuple[Publisher, ...], *, with_unusable: bool = False) -> str:
    """The demo's feed list: OPML 2.0 with nested folders; `with_unusable` adds three feeds that are none.

    They are a feed that answers 404, a homepage that only links to its feed, and a line without a usable
    address. The demo leaves them out: each run would tell of them again, and a second run is to add nothing.
    """
    folders: dict[str, dict[str, list[str]]] = {}
    for publisher in publishers:
        outer, inner = publisher.feed.folder.split("/")
        folders.setdefault(outer, {}).setdefault(inner, []).append(
            _outline(publisher.name, publisher.feed_url)
        )
    if with_unusable:
        folders["Needs attention"] = {
            "Old bookmarks": [_outline(title, url) for title, url in UNUSABLE_FEEDS]
        }
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<opml version="2.0">']
    lines += ["  <head><title>Demo news</title></head>", "  <body>"]
    for outer, inners in folders.items():
        lines.append(f'    <outline text="{escape(outer)}">')
        for inner, outlines in inners.items():
            lines.append(f'      <outline text="{escape(inner)}">')
            lines += [f"        {outline}" for outline in outlines]
            lines.append("      </outline>")
        lines.append("    </outline>")
    lines += ["  </body>", "</opml>", ""]
    return "\n".join(lines)


UNUSABLE_FEEDS = (
    ("La Gazette de Brumont, sports", "http://gazette-de-brumont.test/sports.atom"),
    ("Falkenroder Anzeiger, Startseite", "http://falkenroder-anzeiger.test/"),
    ("Noticeboard", "htp//noticeboard: ask Mirela for the address"),
)
"""Title and address of the lines in the feed list that lead to no feed: 404, HTML, not an address."""


def _outline(title: str, url: str) -> str:
    return f'<outline type="rss" text="{escape(title)}" title="{escape(title)}" xmlUrl="{escape(url)}"/>'


def _rss(publisher: Publisher) -> str:
    items = []
    for item in publisher.items():
        link = escape(publisher.link(item))
        lines = [f"<title>{escape(item.title)}</title>", f"<link>{link}</link>"]
        lines.append(f'<guid isPermaLink="false">{escape(item_id(publisher, item))}</guid>')
        lines.append(f"<pubDate>{format_datetime(item.published)}</pubDate>")
        lines += [f"<dc:creator>{escape(author)}</dc:creator>" for author in _authors(item)]
        if summary := _summary(item):
            lines.append(f"<description>{escape(summary)}</description>")
        if content := _content(item):
            lines.append(f"<content:encoded><![CDATA[{content}]]></content:encoded>")
        items.append("<item>\n" + "\n".join(lines) + "\n</item>")
    return "\n".join(
        (
            f'<?xml version="1.0" encoding="{publisher.feed.encoding}"?>',
            f'<rss version="2.0" {_CONTENT} {_DUBLIN_CORE}>',
            f"<channel>\n<title>{escape(publisher.name)}</title>",
            f"<link>{publisher.url('/')}</link>",
            f"<description>{escape(publisher.phrases['tagline'])}</description>",
            f"<language>{publisher.lang}</language>",
            f"<lastBuildDate>{format_datetime(publisher.changed)}</lastBuildDate>",
            *items,
            "</channel>\n</rss>\n",
        )
    )


def _atom(publisher: Publisher) -> str:
    entries = []
    for item in publisher.items():
        moment = item.published.isoformat()
        lines = [f"<title>{escape(item.title)}</title>"]
        lines.append(f'<link rel="alternate" type="text/html" href="{escape(publisher.link(item))}"/>')
        lines.append(f"<id>{escape(item_id(publisher, item))}</id>")
        lines.append(f"<published>{moment}</published>\n<updated>{moment}</updated>")
        lines += [f"<author><name>{escape(author)}</name></author>" for author in _authors(item)]
        if summary := _summary(item):
            lines.append(f"<summary>{escape(summary)}</summary>")
        if content := _content(item):
            lines.append(f'<content type="html">{escape(content)}</content>')
        entries.append("<entry>\n" + "\n".join(lines) + "\n</entry>")
    return "\n".join(
        (
            f'<?xml version="1.0" encoding="{publisher.feed.encoding}"?>',
            f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{publisher.lang}">',
            f"<title>{escape(publisher.name)}</title>",
            f'<link rel="self" href="{publisher.feed_url}"/>\n<link href="{publisher.url("/")}"/>',
            f"<id>tag:{publisher.host},2026:feed</id>",
            f"<updated>{publisher.changed.isoformat()}</updated>",
            f"<author><name>{escape(publisher.name)}</name></author>",
            *entries,
            "</feed>\n",
        )
    )


def _rdf(publisher: Publisher) -> str:
    items = []
    for item in publisher.items():
        link = escape(publisher.link(item))
        lines = [f"<title>{escape(item.title)}</title>", f"<link>{link}</link>"]
        lines.append(f"<dc:date>{item.published.isoformat()}</dc:date>")
        lines += [f"<dc:creator>{escape(author)}</dc:creator>" for author in _authors(item)]
        if summary := _summary(item):
            lines.append(f"<description>{escape(summary)}</description>")
        if content := _content(item):
            lines.append(f"<content:encoded><![CDATA[{content}]]></content:encoded>")
        items.append(f'<item rdf:about="{link}">\n' + "\n".join(lines) + "\n</item>")
    sequence = "".join(f'<rdf:li resource="{escape(publisher.link(item))}"/>' for item in publisher.items())
    return "\n".join(
        (
            f'<?xml version="1.0" encoding="{publisher.feed.encoding}"?>',
            f'<rdf:RDF xmlns="http://purl.org/rss/1.0/" {_RDF_SYNTAX} {_CONTENT} {_DUBLIN_CORE}>',
            f'<channel rdf:about="{publisher.feed_url}">\n<title>{escape(publisher.name)}</title>',
            f"<link>{publisher.url('/')}</link>",
            f"<description>{escape(publisher.phrases['tagline'])}</description>",
            f"<dc:language>{publisher.lang}</dc:language>",
            f"<items><rdf:Seq>{sequence}</rdf:Seq></items>\n</channel>",
            *items,
            "</rdf:RDF>\n",
        )
    )


def _json(publisher: Publisher) -> str:
    items = []
    for item in publisher.items():
        fields: dict[str, object] = {
            "id": item_id(publisher, item),
            "url": publisher.link(item),
            "title": item.title,
            "date_published": item.published.isoformat(),
        }
        if authors := _authors(item):
            fields["authors"] = [{"name": author} for author in authors]
        if summary := _summary(item):
            fields["summary"] = summary
        if content := _content(item):
            fields["content_html"] = content
        items.append(fields)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": publisher.name,
        "home_page_url": publisher.url("/"),
        "feed_url": publisher.feed_url,
        "description": publisher.phrases["tagline"],
        "language": publisher.lang,
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1)


def item_id(publisher: Publisher, item: Item) -> str:
    """The item's own id: a tag URI (RFC 4151) of its day and link, or its link in RDF, which has no other."""
    if publisher.feed.format is FeedFormat.RDF:
        return publisher.link(item)
    path = item.path if isinstance(item, Story) else item.link
    return f"tag:{publisher.host},{item.published:%Y-%m-%d}:{path}"


def _authors(item: Item) -> tuple[str, ...]:
    return item.authors if isinstance(item, Story) else ()


def _summary(item: Item) -> str | None:
    return None if isinstance(item, BrokenItem) else item.summary


def _content(item: Item) -> str | None:
    if not isinstance(item, Story) or not item.in_full:
        return None
    return "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in item.paragraphs)


_WRITERS: dict[FeedFormat, Callable[[Publisher], str]] = {
    FeedFormat.RSS: _rss,
    FeedFormat.ATOM: _atom,
    FeedFormat.RDF: _rdf,
    FeedFormat.JSON: _json,
}
