"""Reading the feed list: what tables may show of it, and what is wrong with it."""

import pytest

from pipeline.feed_list import read_feed_list
from pipeline.options import UsageError

SECRET = ["http://site.test/f?token=AAAA1111", "http://site.test/f?token=BBBB2222", "http://site.test/g"]


@pytest.fixture
def read(tmp_path):
    def of(lines, *, strict=False):
        (tmp_path / "list.txt").write_text("\n".join(lines))
        return read_feed_list(str(tmp_path / "list.txt"), strict=strict)

    return of


def test_feeds_are_shown_as_written(read):
    """A URL without secrets is shown exactly as the list writes it."""
    (source,) = read(["HTTP://Site.test:80/Feed?b=2&a=1"]).sources
    assert source.shown == source.url == "HTTP://Site.test:80/Feed?b=2&a=1"


def test_feeds_that_differ_only_in_a_secret_keep_their_names(read):
    """Names, and with them the state of a feed, depend on neither order nor company; no secret is in them."""
    names = {source.url: source.shown for source in read(SECRET).sources}
    assert len(set(names.values())) == 3
    assert not any("1111" in name or "2222" in name for name in names.values())
    assert {source.url: source.shown for source in read(SECRET[::-1]).sources} == names
    (alone,) = read(SECRET[1:2]).sources
    assert alone.shown == names[SECRET[1]]


def test_a_bad_line_is_told_with_its_number(read):
    """Among good lines it is a problem, alone it is refused, and with strict it is refused at once."""
    found = read(["http://site.test/f", "nonsense"])
    assert [problem.line for problem in found.problems] == [2]
    for lines, strict in ((["nonsense"], False), (["http://site.test/f", "nonsense"], True)):
        with pytest.raises(UsageError, match=f"line {len(lines)}"):
            read(lines, strict=strict)
