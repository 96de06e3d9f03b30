"""`tocsin forget`: erased everywhere, remembered by a salted hash, never fetched again."""

import signal
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from pipeline.check import check
from pipeline.commit import recover
from pipeline.compact import compact
from pipeline.forget import Target, forget
from pipeline.lake import LakeError
from pipeline.state import load_state
from tests.support.child_run import KillAt, Later, ended, run_here, start
from tests.support.reading import glob
from tests.support.runs import manifests, tocsin
from transforms.urls import article_id, canonical_url, url_key


def bytes_of(lake):
    """All that is stored, Parquet columns decoded."""
    stored = []
    for path in sorted(lake.root.rglob("*")):
        if path.suffix == ".parquet":
            stored.append(repr(pq.ParquetFile(path).read().to_pylist()))
        elif path.is_file():
            stored.append(path.read_text(errors="replace"))
    return "\n".join(stored)


def mentions(lake, url, words):
    """Whether URL, id, key or words of an article are anywhere in the lake."""
    stored = bytes_of(lake)
    key = url_key(canonical_url(url))
    return [trace for trace in (url, article_id(canonical_url(url)), repr(key), words) if trace in stored]


def again(kept, lake, days=3):
    run_here(kept.site.options(lake.root), clock=Later(timedelta(days=days)))


@pytest.mark.parametrize("by", ["url", "article_id"])
def test_an_article_is_erased_everywhere(lake, kept, by):
    """No file of the lake or its state, older ones included, holds its text, title, URL, id or key."""
    url = kept.site.url(0, "a")
    words = "The council of a of feed 0"
    assert len(mentions(lake, url, words)) == 4
    count = len(glob(lake.root, "articles", "article_id"))
    target = Target(url=url) if by == "url" else Target(article_id=article_id(canonical_url(url)))
    assert forget(lake, target).erased["articles"] == 1
    assert mentions(lake, url, words) == []
    assert len(glob(lake.root, "articles", "article_id")) == count - 1
    assert check(lake) == []


def test_it_is_not_fetched_again(lake, kept):
    """A later run over a feed that lists it counts it as known and does not ask for the page."""
    url = kept.site.url(0, "a")
    forget(lake, Target(url=url))
    before = kept.site.site.fetched("/0/a.html")
    for feed in range(2):  # another body, so that the feed is read anew
        kept.site.list(
            feed, ["a", "b", "gone", "later", "c", "d"], description=None, date=None, guid=f"{feed}"
        )
    again(kept, lake)
    assert kept.site.site.fetched("/0/a.html") == before
    assert manifests(lake.root)[-1]["balance"]["listed"] > 0
    assert mentions(lake, url, "The council of a of feed 0") == [repr(url_key(canonical_url(url)))], (
        "a feed that lists it again brings its key back into what the feed listed, and nothing else"
    )
    assert check(lake) == []


def test_a_dead_letter_is_erased(lake, kept):
    """A failed entry leaves no row and no key."""
    url = kept.site.url(0, "gone")
    done = forget(lake, Target(url=url), clock=Later(timedelta(days=2)))
    assert done.erased["dead_letters"] == 1
    assert mentions(lake, url, "no words of it") == []
    assert check(lake) == []


def test_an_entry_carried_over_is_erased(lake, kept):
    """What waits to be tried again is dropped too."""
    url = kept.site.url(1, "later")
    assert forget(lake, Target(url=url)).pending == 1
    assert load_state(lake).pending == ()
    assert mentions(lake, url, "News of later of feed 1") == []
    assert check(lake) == []
    again(kept, lake)
    assert check(lake) == []


def test_a_host_is_erased_and_left_alone(lake, kept):
    """All that is on a host goes, and new articles of it are not fetched."""
    done = forget(lake, Target(host="N1.test"))
    assert done.erased["articles"] == 5
    assert {host for (host,) in glob(lake.root, "articles", "host")} == {"n0.test"}
    kept.site.list(1, ["a", "brandnew"])
    again(kept, lake)
    assert kept.site.site.fetched("/1/brandnew.html") == 0
    assert {host for (host,) in glob(lake.root, "articles", "host")} == {"n0.test"}
    assert check(lake) == []


def test_what_is_forgotten_stays_forgotten_through_compaction(lake, kept):
    """Compacting, and running after it, keep the hashes."""
    forget(lake, Target(url=kept.site.url(0, "a")))
    compact(lake, clock=Later(timedelta(days=3)))
    assert check(lake) == []
    again(kept, lake, days=4)
    compact(lake, clock=Later(timedelta(days=6)))
    assert check(lake) == []
    assert any(file.table == "forgotten" for file in next(lake.states())[1])
    before = kept.site.site.fetched("/0/a.html")
    again(kept, lake, days=7)
    assert kept.site.site.fetched("/0/a.html") == before


def forget_in_child(lake, url, step):
    forget(lake, Target(url=url), at=KillAt(step))


@pytest.mark.parametrize("step", ["rewritten", "intended", "committed"])
def test_killed_while_it_forgets(lake, kept, step):
    """Killed before its intent nothing is erased; after it, the next command erases everywhere."""
    url, words = kept.site.url(0, "a"), "The council of a of feed 0"
    assert ended(start(forget_in_child, lake, url, step)) == -signal.SIGKILL
    with lake.storage.lock("test") as lock:
        recover(lake, lock)
    assert len(mentions(lake, url, words)) == (4 if step == "rewritten" else 0)
    assert check(lake) == []


def test_a_state_that_forgets_what_was_forgotten_is_not_used(lake, kept):
    """Where the hashes are damaged, a run is refused rather than fetch again what was erased."""
    forget(lake, Target(url=kept.site.url(0, "a")))
    (file,) = (file for file in next(lake.states())[1] if file.table == "forgotten")
    (lake.root / file.path).write_bytes(b"")
    with pytest.raises(LakeError, match="no commit"):
        load_state(lake)


@pytest.mark.parametrize(
    "arguments",
    [(), ("--url", "http://x.test/", "--host", "x.test"), ("--article-id", "abc"), ("--url", "mailto:x")],
)
def test_wrong_usage(lake, arguments):
    """A target that can't be looked for is refused with exit code 2, and nothing is changed."""
    before = bytes_of(lake)
    done = tocsin("forget", lake.root, *arguments)
    assert done.returncode == 2
    assert done.stderr
    assert bytes_of(lake) == before
