"""A page that came in the place of an article is not taken for it."""

import gzip
import json
import random

import pytest

from schemas.dead_letters import Reason
from schemas.extraction import Extraction, Refusal
from tests.transforms.extraction.making import NOW, URL, article_page, entry
from transforms.extraction.page import extract_page

ELSEWHERE = "Parliament rejects pension reform after marathon debate"
AT_HAND = "Residents welcome second ferry towards northern islands"


def extract(body, **of_entry):
    return extract_page(body, content_type="text/html", url=URL, entry=entry(**of_entry), now=NOW)


def test_a_page_that_speaks_of_something_else_is_refused():
    """A front page in an article's place gives no article; where the feed has text of its own, that is taken."""
    refused = extract(article_page(), title=ELSEWHERE)
    assert isinstance(refused, Refusal)
    assert refused.reason == Reason.NO_TEXT
    assert "feed's title" in refused.detail
    from_feed = extract(
        article_page(), title=ELSEWHERE, summary="Deputies voted against the government's pension plan."
    )
    assert isinstance(from_feed, Extraction)
    assert from_feed.text_source == "feed"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("", AT_HAND),
        ("", "Deal of the day"),
        ("", None),
        ("", "Паромное сообщение северными островами расширяется весной"),
        ('<meta property="og:type" content="article">', ELSEWHERE),
        ('<meta property="og:title" content="Parliament says no">', ELSEWHERE),
        (
            '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "A ferry"}</script>',
            ELSEWHERE,
        ),
    ],
    ids=["fits", "too short to tell", "no title", "another script", "declared", "headed alike", "structured"],
)
def test_what_may_be_the_article_is_kept(head, title):
    """A title that fits, says little, is in another script, or stands against a declared article refuses nothing."""
    found = extract(article_page(head=head), title=title)
    assert isinstance(found, Extraction)
    assert found.text_source == "page"


def test_no_real_page_is_refused_by_its_own_title(eval_data):
    """Of the evaluation pages that have a title in the labels none is taken for another page."""
    folder = eval_data / "extraction" / "fundus"
    rows = [json.loads(line) for line in (folder / "pages.jsonl").read_text(encoding="utf-8").splitlines()]
    refused = 0
    for row in random.Random(7).sample(rows, 60):
        body = gzip.decompress((folder / row["html"]).read_bytes())
        refused += isinstance(extract(body, title=row["title"]), Refusal)
    assert refused == 0
