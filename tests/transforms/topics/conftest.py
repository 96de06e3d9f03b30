import pytest

from transforms.topics.detector import Detector
from transforms.topics.taxonomy import Taxonomy, load_taxonomy


@pytest.fixture(scope="session")
def default_taxonomy() -> Taxonomy:
    return load_taxonomy()


@pytest.fixture(scope="session")
def detector(default_taxonomy) -> Detector:
    return Detector(default_taxonomy)
