"""A site of several hosts and feeds with made-up articles, and runs over it."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.options import RunOptions
from tests.support.site import Item, Site, article_page, rss

TAXONOMY = """\
name: small
version: 1
topics:
  riot:
    terms: {en: [riot, riots]}
"""


def paragraphs(words: str) -> list[str]:
    """Enough text for an article, of its own words."""
    first = (
        f"The council of {words} met on Tuesday, and a riot began outside the hall as {words} was being told of. "
        f"Nobody in {words} had expected it, said the mayor, who asked everyone to go home before the evening."
    )
    second = (
        f"Those who had come to hear of {words} stayed until midnight. The police spoke of a long night, and "
        f"shopkeepers of {words} said that they would open again as soon as the windows had been mended."
    )
    return [first, second]


@dataclass
class NewsSite:
    """Feeds `n<feed>.test/feed.xml` on one loopback server; each test lists the articles that it wants."""

    site: Site
    feeds: int
    folder: Path

    @property
    def hosts(self) -> tuple[tuple[str, str, int], ...]:
        return tuple((f"n{feed}.test", "127.0.0.1", self.site.port) for feed in range(self.feeds))

    def url(self, feed: int, name: str) -> str:
        return f"http://n{feed}.test/{feed}/{name}.html"

    def list(self, feed: int, names: list[str], **of_items: object) -> None:
        """Let a feed list these articles; their pages are served, and stay served."""
        items = []
        for name in names:
            self.site.pages.setdefault(
                f"/{feed}/{name}.html", article_page(f"News of {name}", paragraphs(f"{name} of feed {feed}"))
            )
            items.append(Item(self.url(feed, name), f"News of {name}", **of_items))
        self.site.pages[f"/{feed}.xml"] = rss(items)

    def options(self, out: Path, **others: object) -> RunOptions:
        """Options of a run over all feeds; the pauses between requests are off."""
        feed_list = self.folder / "feeds.txt"
        feed_list.write_text("".join(f"http://n{feed}.test/{feed}.xml\n" for feed in range(self.feeds)))
        taxonomy = self.folder / "taxonomy.yaml"
        taxonomy.write_text(TAXONOMY)
        given = {
            "feeds": str(feed_list),
            "out": out,
            "taxonomy": str(taxonomy),
            "workers": 1,
            "host_delay": 0.0,
            "allow_host": tuple(name for name, _, _ in self.hosts),
            "static_hosts": self.hosts,
        }
        return RunOptions(**{**given, **others})


@contextmanager
def news_site(folder: Path, feeds: int):
    """A site of so many feeds, which list nothing yet."""
    with Site() as site:
        yield NewsSite(site, feeds, folder)
