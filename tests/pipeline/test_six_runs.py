"""Six runs in a row over a site that changes between them, held to a table written by hand."""

from datetime import timedelta

from pipeline.check import check
from pipeline.lake import Lake
from tests.support.child_run import Later, run_here
from tests.support.news_site import NewsSite, news_site
from tests.support.runs import manifests, rows
from tests.support.site import Item, Page, article_page, rss

BREAK = Page(b"", "text/plain", 503)

# What each run finds, by the URL's last part: the articles it adds, the entries it lists, knows, finds doubled,
# carries in and out, and the dead letters it adds. The site's changes stand beside it.
TABLE = [
    # 1 two feeds; `slow` answers 503, `lost` 404
    (
        {"a", "b", "x"},
        {"listed": 5, "known": 0, "duplicates": 0, "carried_in": 0, "carried_out": 1, "dead_letters": 1},
    ),
    # 2 a new item c; b is gone from its feed; `slow` is listed and not due; feed 1 is a 304
    ({"c"}, {"listed": 3, "known": 1, "duplicates": 1, "carried_in": 1, "carried_out": 1, "dead_letters": 0}),
    # 3 feed 0 is a 304; `slow` answers
    (
        {"slow"},
        {"listed": 0, "known": 0, "duplicates": 0, "carried_in": 1, "carried_out": 0, "dead_letters": 0},
    ),
    # 4 b is back; the item of a is edited; feed 1 has moved for good, and lists y, which feed 0 lists too
    ({"y"}, {"listed": 7, "known": 5, "duplicates": 1, "carried_in": 0, "carried_out": 0, "dead_letters": 0}),
    # 5 the guid of a is reused for another link d; `later` answers 503
    ({"d"}, {"listed": 6, "known": 4, "duplicates": 0, "carried_in": 0, "carried_out": 1, "dead_letters": 0}),
    # 6 `later` has scrolled off its feed, and answers
    (
        {"later"},
        {"listed": 1, "known": 1, "duplicates": 0, "carried_in": 1, "carried_out": 0, "dead_letters": 0},
    ),
]


def list_items(site: NewsSite, path: str, items: list[tuple[str, str]], **of_first: str) -> None:
    """A feed of (guid, name) items whose pages are served; `of_first` changes the first item."""
    listed = []
    for number, (guid, name) in enumerate(items):
        of = of_first if number == 0 else {}
        given = {"title": f"News of {name}", "guid": guid, **of}
        listed.append(Item(site.url(0, name), **given))
    site.site.pages[path] = rss(listed)


def serve(site: NewsSite, *names: str) -> None:
    for name in names:
        words = f"The people of {name} came together and spoke of {name} for a long while, as they do every year. "
        site.site.pages[f"/0/{name}.html"] = article_page(
            f"News of {name}", [words * 3, f"In {name} it rained. " * 9]
        )


def first(site):
    serve(site, "a", "b", "x")
    site.site.pages["/0/slow.html"] = BREAK
    list_items(site, "/0.xml", [("1", "a"), ("2", "b"), ("3", "slow")])
    list_items(site, "/1.xml", [("x", "x"), ("l", "lost")])


def second(site):
    serve(site, "c")
    list_items(site, "/0.xml", [("1", "a"), ("4", "c"), ("3", "slow")])


def third(site):
    serve(site, "slow")


def fourth(site):
    serve(site, "y")
    list_items(site, "/0.xml", [("1", "a"), ("2", "b"), ("4", "c"), ("y", "y")], title="News of a, corrected")
    list_items(site, "/moved.xml", [("y", "y"), ("x", "x"), ("l", "lost")])
    site.site.pages["/1.xml"] = Page(b"", "text/plain", 301, {"Location": "/moved.xml"})


def fifth(site):
    serve(site, "d")
    site.site.pages["/0/later.html"] = BREAK
    list_items(site, "/0.xml", [("1", "d"), ("2", "b"), ("5", "later")])
    list_items(site, "/moved.xml", [("y", "y"), ("x", "x"), ("l", "lost")], title="News of y, again")


def sixth(site):
    serve(site, "later")
    list_items(site, "/0.xml", [("1", "d")])


def name_of(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(".html")


def test_six_runs(tmp_path):
    """Every run adds exactly the rows of the table, and the lake is sound after each."""
    out = tmp_path / "lake"
    seen: set[str] = set()
    with news_site(tmp_path, feeds=2) as site:
        for number, change in enumerate((first, second, third, fourth, fifth, sixth)):
            change(site)
            # The first retry is due after five minutes: not yet at the second run, one minute after the first.
            ahead = timedelta(minutes=[0, 1, 20, 40, 60, 80][number])
            run_here(site.options(out), clock=Later(ahead))
            found = [name_of(row["url"]) for row in rows(out, "articles")]
            assert len(found) == len(set(found))
            manifest = manifests(out)[-1]
            expected, balance = TABLE[number]
            told = {name: manifest["balance"][name] for name in balance}
            assert (number + 1, set(found) - seen, told) == (number + 1, expected, balance)
            assert check(Lake(out)) == []
            seen = set(found)
        titles = {name_of(row["url"]): row["title"] for row in rows(out, "articles")}
        assert titles["a"] == "News of a"
        assert [name_of(row["url"]) for row in rows(out, "dead_letters")] == ["lost"]
        moved = [row for row in rows(out, "feed_fetches") if (row["final_url"] or "").endswith("/moved.xml")]
        assert len(moved) == 3
