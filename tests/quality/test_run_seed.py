"""The article that the project began with, from feed to evidence."""

import pytest

from tests.support.runs import rows, tocsin
from tests.support.site import Item, Site, article_page, rss


@pytest.mark.quality
def test_the_first_article_gives_its_topics_with_evidence(eval_data, tmp_path):
    """One article, with the topics riot and prosecution, and evidence that stands in the stored text."""
    title, *paragraphs = (eval_data.parent / "seed" / "article.txt").read_text(encoding="utf-8").splitlines()
    with Site() as site:
        site.pages["/story.html"] = article_page(title, paragraphs)
        site.pages["/feed.xml"] = rss([Item(f"{site.url}/story.html", title=title)])
        (tmp_path / "feeds.txt").write_text(f"{site.url}/feed.xml")
        out = tmp_path / "lake"
        done = tocsin(
            "run",
            "--feeds",
            tmp_path / "feeds.txt",
            "--out",
            out,
            "--allow-host",
            "127.0.0.1",
            "--host-delay",
            0,
        )
        assert done.returncode == 0, done.stderr
    (article,) = rows(out, "articles")
    assert {"riot", "prosecution"} <= {topic["topic"] for topic in article["topics"]}
    for topic in article["topics"]:
        assert topic["evidence"]
        for evidence in topic["evidence"]:
            assert article[evidence["field"]][evidence["start"] : evidence["end"]] == evidence["text"]
    for figure in article["figures"]:
        assert article[figure["field"]][figure["start"] : figure["end"]] == figure["text"]
    shown = tocsin("show", out, "--topic", "riot", "--csv", tmp_path / "riots.csv")
    assert shown.returncode == 0
    assert title in (tmp_path / "riots.csv").read_text(encoding="utf-8")
