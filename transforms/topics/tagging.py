"""An article's row with its topics and figures, by the detectors that each process builds once.

Worker processes load it: no Beam in here.
"""

import dataclasses
from functools import lru_cache

from schemas.articles import Article
from transforms.mentions.dates import mentioned_dates
from transforms.mentions.places import mentioned_places
from transforms.topics.detector import Detector
from transforms.topics.learned.model import read_model
from transforms.topics.learned.score import LearnedDetector
from transforms.topics.taxonomy import load_taxonomy


def shared_detector(taxonomy_path: str | None, version: str | None = None) -> Detector:
    """The detector of this process for a taxonomy file, None for the one that tocsin brings.

    Building its automaton takes most of a second. The file is read again where `version`, the one that the caller
    has last read there, is another than before.

    Raises:
        TaxonomyError: the taxonomy can't be used.
    """
    return _built(taxonomy_path, version if taxonomy_path else None)


@lru_cache(maxsize=2)
def _built(taxonomy_path: str | None, version: str | None) -> Detector:  # noqa: ARG001 -- part of the key
    return Detector(load_taxonomy(taxonomy_path))


@lru_cache(maxsize=2)
def shared_learned(model_path: str, taxonomy_path: str | None, version: str | None = None) -> LearnedDetector:
    """The model of this process, beside the detector of its taxonomy; both are read again for another `version`.

    Raises:
        TaxonomyError: the taxonomy can't be used.
        ModelError: the model can't be used.
    """
    detector = shared_detector(taxonomy_path, version)
    return LearnedDetector(read_model(model_path, taxonomy_version=detector.taxonomy.version), detector)


def with_topics(article: Article, detector: Detector) -> Article:
    """The article with the topics and figures that the detector finds in its title and text, its dates and places."""
    found = detector.detect(title=article.title, text=article.text, lang=article.lang)
    published = article.published_at.date() if article.published_at is not None else None
    return dataclasses.replace(
        article,
        topics=found.topics,
        figures=found.figures,
        taxonomy_version=detector.taxonomy.version,
        dates=mentioned_dates(article.title, article.text, lang=article.lang, published=published),
        places=mentioned_places(article.title, article.text, lang=article.lang),
    )


def with_learned(article: Article, learned: LearnedDetector) -> Article:
    """The article, which has the topics of the rules, with those of the model too."""
    topics = learned.with_learned(article.topics, title=article.title, text=article.text, lang=article.lang)
    return dataclasses.replace(article, topics=topics, taxonomy_version=learned.version)
