"""Retag a lake: find topics and figures anew in the articles that stand, and publish them by the commit.

An article whose text has expired keeps what was found while it was there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from pipeline.commit import nowhere
from pipeline.compact import pending_rows
from pipeline.lake import Lake
from pipeline.rewrite import Rewriting, date_folders, rewrite, rewriting_of, states_of
from pipeline.storage.storage import At
from schemas.articles import Article
from schemas.columns import rows_of, table_of
from transforms.run_context import utc_now
from transforms.topics.detector import Detector
from transforms.topics.learned.model import read_model
from transforms.topics.learned.score import LearnedDetector
from transforms.topics.tagging import with_learned, with_topics
from transforms.topics.taxonomy import load_taxonomy

_FOUND = ["topics", "figures", "dates", "places"]


@dataclass(slots=True)
class Retagging:
    """What a retagging did: articles looked at, those in which something else was found, those without a text."""

    taxonomy_version: str
    articles: int = 0
    changed: int = 0
    without_text: int = 0


def retag(
    lake: Lake,
    taxonomy: str | None,
    model: str | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    at: At = nowhere,
) -> Retagging:
    """Find topics and figures anew, by a taxonomy file or the default, and by a learned model where one is named.

    Raises:
        TaxonomyError: the taxonomy can't be used.
        ModelError: the model can't be used.
        LockHeldError: a run holds the output.
        LakeError: there is no lake, or it is damaged; nothing is changed.
        CommitError: the disk refused; nothing is changed.
        PublishInterruptedError: it was stopped while it published; the next command finishes it.
    """
    detector = Detector(load_taxonomy(taxonomy))
    learned = None
    if model is not None:
        learned = LearnedDetector(read_model(model, taxonomy_version=detector.taxonomy.version), detector)
    done = Retagging(detector.taxonomy.version if learned is None else learned.version)
    with rewriting_of(lake, clock) as (lock, run_id, started_at):
        folders = tuple(folder for _, folder in date_folders(lake, [Article.TABLE]))
        if not folders:
            return done
        state, previous = states_of(lake)
        rewrite(
            lake,
            lock,
            Rewriting(
                command="retag",
                folders=folders,
                runs=frozenset(),
                change={Article.TABLE: lambda rows: _retagged(rows, detector, learned, done)},
                state=state,
                previous_state=previous,
                pending=pending_rows(state),
                taxonomy_version=done.taxonomy_version,
                notes={"taxonomy": taxonomy, "model": model},
            ),
            run_id=run_id,
            started_at=started_at,
            clock=clock,
            at=at,
        )
    return done


def _retagged(
    rows: pa.Table, detector: Detector, learned: LearnedDetector | None, done: Retagging
) -> pa.Table:
    articles = []
    for article in rows_of(Article, rows):
        done.articles += 1
        if not article.text:
            done.without_text += 1
            articles.append(article)
            continue
        found = with_topics(article, detector)
        if learned is not None:
            found = with_learned(found, learned)
        # Scores are stored in 32 bits: what was read back is compared with what would be stored.
        done.changed += table_of(Article, [found]).select(_FOUND) != table_of(Article, [article]).select(
            _FOUND
        )
        articles.append(found)
    return table_of(Article, articles)
