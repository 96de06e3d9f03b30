"""The publishers of the demo site and their stories, as read from `stories/*.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import resources

from ruamel.yaml import YAML

from pipeline.demo.checked_yaml import CheckedMapping

FOLDER = "stories"


class FeedFormat(StrEnum):
    """The feed formats that the site speaks."""

    RSS = "rss"
    ATOM = "atom"
    RDF = "rdf"
    JSON = "json"


class Trouble(StrEnum):
    """What goes wrong with a listed link that leads to no article."""

    MISSING = "missing"
    """404"""
    GONE = "gone"
    """410"""
    FAILING = "failing"
    """500"""
    PDF = "pdf"
    """a PDF document"""
    PRIVATE_REDIRECT = "private_redirect"
    """a redirect to an address of a private network"""
    REDIRECT_LOOP = "redirect_loop"
    """two redirects that lead to each other"""
    EMPTY = "empty"
    """200 with no body"""
    NO_TEXT = "no_text"
    """a page of scripts and navigation without an article"""
    DISALLOWED = "disallowed"
    """a good page that robots.txt forbids"""
    SCRIPT_LINK = "script_link"
    """a `javascript:` link, which leads nowhere"""


@dataclass(frozen=True, slots=True)
class Story:
    """One news article.

    `path` is where the page stands, `listed` the path that the feed names: the same unless the story has moved
    since (301). With `in_full` the feed carries the whole text, else the summary. Behind a `paywall`, the page
    shows only an invitation to subscribe.
    """

    path: str
    listed: str
    title: str
    summary: str
    section: str
    authors: tuple[str, ...]
    published: datetime
    paragraphs: tuple[str, ...]
    comments: tuple[str, ...]
    in_full: bool
    paywall: bool

    @property
    def text(self) -> str:
        """The article's text, paragraphs separated by newlines."""
        return "\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class BrokenItem:
    """A feed item, without a description, whose link leads to no article."""

    link: str
    title: str
    published: datetime
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Mention:
    """A feed item that links to a story of another publisher."""

    link: str
    title: str
    summary: str
    published: datetime


Item = Story | BrokenItem | Mention
"""Whatever a feed lists."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A publisher's feed: where it stands, what it speaks, and its folder in the feed list."""

    path: str
    format: FeedFormat
    encoding: str
    folder: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """One host of the site: `phrases` are the words around the articles (cookie notice, share buttons, ...)."""

    host: str
    name: str
    lang: str
    template: str
    encoding: str
    feed: Feed
    sections: tuple[str, ...]
    disallow: tuple[str, ...]
    phrases: Mapping[str, str]
    stories: tuple[Story, ...]
    broken: tuple[BrokenItem, ...]
    mentions: tuple[Mention, ...]

    @property
    def feed_url(self) -> str:
        """The absolute address of the feed."""
        return self.url(self.feed.path)

    @property
    def changed(self) -> datetime:
        """When the newest item was published."""
        return self.items()[0].published

    def url(self, path: str) -> str:
        """A path of this host as an absolute address; an address stays what it is."""
        return f"http://{self.host}{path}" if path.startswith("/") else path

    def link(self, item: Item) -> str:
        """The address under which the feed lists the item."""
        return self.url(item.listed if isinstance(item, Story) else item.link)

    def items(self) -> list[Item]:
        """What the feed lists, newest first."""
        listed: list[Item] = [*self.stories, *self.broken, *self.mentions]
        return sorted(listed, key=lambda item: item.published, reverse=True)


def load_publishers() -> tuple[Publisher, ...]:
    """Every publisher of the demo, in the order of their files' names.

    Raises:
        StoryFileError: a file lacks a key, has an unknown one or a value that can't be; the message names the
            file and the place in it.
    """
    folder = resources.files(__package__) / FOLDER
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(publisher_of(f.read_text(encoding="utf-8"), name=f.name) for f in files)


def publisher_of(source: str, *, name: str) -> Publisher:
    """A publisher as one YAML text describes it; `name` stands for the text in error messages.

    Raises:
        StoryFileError: as `load_publishers`.
    """
    top = CheckedMapping(YAML(typ="safe").load(source), name)
    feed = top.within("feed")
    publisher = Publisher(
        host=top.text("host"),
        name=top.text("name"),
        lang=top.text("lang"),
        template=top.text("template"),
        encoding=top.text("encoding", "utf-8"),
        feed=Feed(
            path=feed.text("path"),
            format=feed.choice("format", FeedFormat),
            encoding=feed.text("encoding", "utf-8"),
            folder=feed.text("folder"),
        ),
        sections=top.texts("sections"),
        disallow=top.texts("disallow"),
        phrases=top.phrases("phrases"),
        stories=tuple(_story(place) for place in top.each("stories")),
        broken=tuple(_broken(place) for place in top.each("broken")),
        mentions=tuple(_mention(place) for place in top.each("mentions")),
    )
    feed.done()
    top.done()
    return publisher


def _story(place: CheckedMapping) -> Story:
    path = place.text("path")
    story = Story(
        path=path,
        listed=place.text("listed", path),
        title=place.text("title"),
        summary=place.text("summary"),
        section=place.text("section"),
        authors=place.texts("authors"),
        published=place.moment("published"),
        paragraphs=tuple(line for line in place.text("body").splitlines() if line),
        comments=place.texts("comments"),
        in_full=place.flag("in_full"),
        paywall=place.flag("paywall"),
    )
    place.done()
    return story


def _broken(place: CheckedMapping) -> BrokenItem:
    item = BrokenItem(
        link=place.text("link"),
        title=place.text("title"),
        published=place.moment("published"),
        trouble=place.choice("trouble", Trouble),
    )
    place.done()
    return item


def _mention(place: CheckedMapping) -> Mention:
    item = Mention(
        link=place.text("link"),
        title=place.text("title"),
        summary=place.text("summary"),
        published=place.moment("published"),
    )
    place.done()
    return item
