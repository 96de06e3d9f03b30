"""`tocsin retag`: other topics for old articles, by the same commit."""

from datetime import timedelta

import pytest

from pipeline.check import check
from pipeline.compact import compact
from pipeline.read_lake import read_articles
from pipeline.retag import retag
from tests.support.child_run import Later
from tests.support.reading import articles
from tests.support.runs import manifests, tocsin

OTHER = """\
name: other
version: 1
topics:
  windows:
    terms: {en: [windows]}
"""


@pytest.fixture
def other(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(OTHER)
    return str(path)


def found(lake):
    return {article.article_id: {topic.topic for topic in article.topics} for article in read_articles(lake)}


def test_every_article_has_the_new_topics(lake, other):
    """Topics, evidence and version are the other taxonomy's, the rest of each row is as it was."""
    before = articles(lake.root)
    assert set(map(frozenset, found(lake).values())) == {frozenset({"riot"})}
    done = retag(lake, other)
    assert (done.articles, done.changed) == (len(before), len(before))
    assert articles(lake.root) == before
    assert set(map(frozenset, found(lake).values())) == {frozenset({"windows"})}
    for article in read_articles(lake):
        assert article.taxonomy_version == done.taxonomy_version
        for evidence in article.topics[0].evidence:
            assert getattr(article, evidence.field)[evidence.start : evidence.end] == evidence.text
    assert manifests(lake.root)[-1]["taxonomy_version"] == done.taxonomy_version
    assert check(lake) == []


def test_the_same_taxonomy_changes_nothing(lake, other):
    """Retagging twice finds the same again."""
    retag(lake, other)
    assert retag(lake, other).changed == 0


def test_expired_texts_keep_their_topics(lake, other):
    """Where there is no text any more, what was found in it stays."""
    compact(lake, expire_after=timedelta(days=2), clock=Later(timedelta(days=2, hours=12)))
    done = retag(lake, other)
    assert done.without_text == 6
    topics = found(lake).values()
    assert sum(names == {"riot"} for names in topics) == 6
    assert sum(names == {"windows"} for names in topics) == len(topics) - 6
    assert check(lake) == []


def test_by_the_command(lake, other):
    """The command says how many articles changed."""
    done = tocsin("retag", lake.root, "--taxonomy", other)
    assert done.returncode == 0, done.stderr
    assert "articles by other-1+" in done.stdout
    assert check(lake) == []
