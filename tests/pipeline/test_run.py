"""One bounded run, and the run after it: what ends where, and that nothing is fetched or written twice."""

from collections import Counter
from datetime import timedelta

import duckdb
import pandas as pd
import pytest

from tests.support.runs import batch, holds, manifests, rows
from tests.support.site import Item, Page, Site, article_page, rss

PARAGRAPHS = [
    "The harbour council met on Tuesday evening to settle the budget of the quay works for the coming year.",
    "Members heard from the port master, who said that the northern basin would be dredged before the spring.",
    "A vote on the new ferry timetable was put off until the engineers have reported on the state of the piers.",
]


@pytest.fixture
def site():
    with Site() as site:
        for number in range(6):
            site.pages[f"/{number}.html"] = article_page(
                f"Quay works, part {number}", [f"Part {number}.", *PARAGRAPHS]
            )
        yield site


@pytest.fixture
def run(site, tmp_path):
    def start(*, feeds=("/feed.xml",), out="lake", **options):
        feed_list = tmp_path / "feeds.txt"
        feed_list.write_text("\n".join(f"{site.url}{feed}" for feed in feeds))
        batch(feed_list, tmp_path / out, **options)
        return tmp_path / out

    return start


def _items(site, *numbers, **fields):
    return [
        Item(f"{site.url}/{number}.html", title=f"Quay works, part {number}", **fields) for number in numbers
    ]


def _without_run(rows):
    volatile = ("run_id", "fetched_at", "occurred_at")
    return sorted(
        ({name: value for name, value in row.items() if name not in volatile} for row in rows),
        key=lambda row: row["canonical_url"],
    )


def test_every_entry_has_one_outcome(run, site):
    """Articles, duplicates, dead letters and what is carried over add up to what the feeds list."""
    site.pages["/gone.html"] = Page(b"", status=410)
    site.pages["/broken.html"] = Page(b"", status=500)
    site.pages["/paper.pdf"] = Page(b"%PDF-1.7 \x00\x01", "application/pdf")
    odd = [Item(f"{site.url}/{name}") for name in ("gone.html", "broken.html", "paper.pdf")]
    site.pages["/feed.xml"] = rss([*_items(site, 0, 1, 2), *odd, Item("javascript:void(0)", title="A trap")])
    site.pages["/other.xml"] = rss([*_items(site, 2, 3), Item(f"{site.url}/0.html?utm_source=other#top")])
    lake = run(feeds=("/feed.xml", "/other.xml"))
    (manifest,) = manifests(lake)
    assert holds(manifest["balance"])
    assert manifest["balance"] == {
        "listed": 10,
        "carried_in": 0,
        "known": 0,
        "duplicates": 2,
        "articles": 4,
        "dead_letters": 3,
        "carried_out": 1,
    }
    reasons = Counter(row["reason"] for row in rows(lake, "dead_letters"))
    assert reasons == {"gone": 1, "wrong_type": 1, "bad_url": 1}
    assert all(row["level"] == "entry" and row["detail"] for row in rows(lake, "dead_letters"))
    assert len({row["article_id"] for row in rows(lake, "articles")}) == 4


def test_a_second_run_fetches_nothing_twice_and_adds_no_row(run, site):
    """What a feed goes on listing is known: no page is asked for again, and the tables of texts stay as they are."""
    site.pages["/feed.xml"] = rss(_items(site, 0, 1, 2))
    lake = run()
    before = _without_run(rows(lake, "articles"))
    run()
    assert _without_run(rows(lake, "articles")) == before
    assert [site.fetched(f"/{number}.html") for number in range(3)] == [1, 1, 1]
    assert rows(lake, "dead_letters") == []
    second = manifests(lake)[1]
    assert second["feeds"]["not_modified"] == 1
    assert second["balance"]["listed"] == 0


def test_a_changed_feed_brings_only_what_is_new(run, site):
    """Of a body that changed, the entries that were had are known."""
    site.pages["/feed.xml"] = rss(_items(site, 0, 1, 2))
    lake = run()
    site.pages["/feed.xml"] = rss(_items(site, 1, 2, 3))
    run()
    balance = manifests(lake)[1]["balance"]
    assert (balance["listed"], balance["known"], balance["articles"]) == (3, 2, 1)
    assert site.fetched("/1.html") == 1
    fetch = next(row for row in rows(lake, "feed_fetches") if row["run_id"] == manifests(lake)[1]["run_id"])
    assert (fetch["entries"], fetch["new_entries"]) == (3, 1)
    assert fetch["overlap"] == pytest.approx(2 / 3)


def test_an_entry_put_off_comes_back_after_a_304(run, site):
    """What the deadline left over is fetched by the next run, though the feed says that nothing has changed."""
    site.pages["/feed.xml"] = rss(_items(site, 0, 1, 2))
    lake = _run_that_puts_off(run, site)
    run()
    first, second = manifests(lake)
    assert first["balance"]["carried_out"] == 3
    assert second["feeds"]["not_modified"] == 1
    assert (second["balance"]["carried_in"], second["balance"]["articles"]) == (3, 3)
    assert len(rows(lake, "articles")) == 3


def test_an_entry_put_off_comes_back_after_it_has_left_its_feed(run, site):
    """What is carried over is carried whole: the feed need not list it any more."""
    site.pages["/feed.xml"] = rss(_items(site, 0, 1, 2))
    lake = _run_that_puts_off(run, site)
    site.pages["/feed.xml"] = rss(_items(site, 5))
    run()
    second = manifests(lake)[1]["balance"]
    assert (second["listed"], second["carried_in"], second["articles"]) == (1, 3, 4)
    assert {row["title"][-1] for row in rows(lake, "articles")} == {"0", "1", "2", "5"}


def test_pages_never_takes_the_feeds_text(run, site):
    """With --pages never no page is asked for; the text is the feed's, and says so."""
    items = [
        Item(
            f"{site.url}/0.html", title="In full", content="<p>First part.</p><p>Second &amp; last part.</p>"
        ),
        Item(f"{site.url}/1.html", title="In short", description="A summary of the quay works."),
        Item(f"{site.url}/2.html", title="Nothing but a title"),
    ]
    site.pages["/feed.xml"] = rss(items)
    lake = run(pages="never")
    texts = {
        row["title"]: (row["text"], row["text_source"], row["text_method"]) for row in rows(lake, "articles")
    }
    assert texts == {
        "In full": ("First part.\nSecond & last part.", "feed", "feed_content"),
        "In short": ("A summary of the quay works.", "feed", "feed_summary"),
    }
    (letter,) = rows(lake, "dead_letters")
    assert letter["reason"] == "no_text"
    assert {request.path for request in site.requests} == {"/feed.xml"}


def test_the_feeds_text_stands_in_for_a_page_that_can_not_be_had(run, site):
    """A page that is gone leaves the article that its feed gave; a link that is refused does not."""
    site.pages["/gone.html"] = Page(b"", status=404)
    site.pages["/inside.html"] = Page(b"", status=302, headers={"Location": "http://10.0.0.7/"})
    full = "<p>The quay was closed for the whole of the day after the storm had passed over the town.</p>"
    site.pages["/feed.xml"] = rss(
        [
            Item(f"{site.url}/gone.html", title="Gone", content=full),
            Item(f"{site.url}/inside.html", content=full),
        ]
    )
    lake = run()
    (article,) = rows(lake, "articles")
    assert (article["title"], article["text_source"]) == ("Gone", "feed")
    (letter,) = rows(lake, "dead_letters")
    assert letter["reason"] == "private_address"


def test_both_names_of_the_in_process_engine_give_the_same_rows(run, site):
    """DirectRunner means the in-process engine here, says so, and downloads nothing."""
    site.pages["/feed.xml"] = rss([*_items(site, 0, 1, 2), Item(f"{site.url}/none.html")])
    lakes = [run(runner=name, out=name) for name in ("FnApiRunner", "DirectRunner")]
    first, second = (_without_run(rows(lake, "articles")) for lake in lakes)
    assert first == second
    assert len(first) == 3
    letters = [[row["reason"] for row in rows(lake, "dead_letters")] for lake in lakes]
    assert letters == [["http_4xx"]] * 2


def test_robots_that_forbid_a_page_are_heeded(run, site):
    """A page that robots.txt forbids is not asked for; its row says why, as do the rows of those allowed."""
    site.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /1.html\n", "text/plain")
    site.pages["/feed.xml"] = rss(_items(site, 0, 1))
    lake = run()
    assert site.fetched("/1.html") == 0
    assert [row["robots"] for row in rows(lake, "articles")] == ["allowed"]
    assert [row["reason"] for row in rows(lake, "dead_letters")] == ["robots"]


def test_a_glob_reads_the_lake_with_duckdb_and_pandas(run, site):
    """The lines of the README read whole runs, with the date as a column."""
    site.pages["/feed.xml"] = rss(_items(site, 0, 1))
    lake = run()
    glob = f"{lake}/articles/**/*.parquet"
    query = f"select count(*), max(ingest_date) from read_parquet('{glob}', hive_partitioning=true, union_by_name=true)"
    ((count, date),) = duckdb.connect().execute(query).fetchall()
    assert (count, str(date)) == (2, manifests(lake)[0]["started_at"][:10])
    assert len(pd.read_parquet(lake / "articles")) == 2


def test_the_output_is_its_owners_alone(run, site):
    """Other people's texts are not for everybody on the machine."""
    site.pages["/feed.xml"] = rss(_items(site, 0))
    lake = run()
    for path in [lake, *(path for path in lake.rglob("*") if path.is_dir())]:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("headers", [{"ETag": '"\xff"'}, {"Last-Modified": "\xe9t\xe9"}])
def test_fault_45_a_stray_byte_in_a_header_costs_nothing(run, site, headers):
    """Bytes that are no text in what a feed's server says stop neither its own feed nor another."""
    body = rss(_items(site, 0)).body
    site.pages["/odd.xml"] = Page(body, "application/rss+xml", headers=headers)
    site.pages["/feed.xml"] = rss(_items(site, 1))
    lake = run(feeds=("/odd.xml", "/feed.xml"))
    assert len(rows(lake, "articles")) == 2
    run(feeds=("/odd.xml", "/feed.xml"))
    assert len(rows(lake, "articles")) == 2


def test_a_feed_that_goes_on_past_its_cap_says_so(run, site):
    """Its whole entries are kept, and a dead letter tells that there were more."""
    long = "word " * 200_000
    site.pages["/feed.xml"] = rss(
        [Item(f"{site.url}/{number}.html", title=f"Part {number}", content=long) for number in range(20)]
    )
    lake = run(pages="never")
    (letter,) = [row for row in rows(lake, "dead_letters") if row["level"] == "feed"]
    assert (letter["stage"], letter["reason"]) == ("parse_entries", "too_large")
    kept = len(rows(lake, "articles"))
    assert 10 < kept < 20
    assert f"{kept} whole entries" in letter["detail"]


def _run_that_puts_off(run, site):
    """A run that reaches its deadline before its host may be asked a second time."""
    lake = run(host_delay=600.0, deadline=timedelta(seconds=60))
    assert manifests(lake)[0]["balance"]["carried_out"] == 3
    assert [request.path for request in site.requests] == ["/feed.xml"]
    return lake
