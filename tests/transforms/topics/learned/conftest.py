import numpy as np
import pytest

from tests.support.strikes import labelled_texts
from transforms.topics.learned.features import Hashing, sentence_rows
from transforms.topics.learned.model import LearnedModel, LearnedTopic, read_model, write_model
from transforms.topics.learned.train import Documents, fit_topic


@pytest.fixture(scope="session")
def train(detector):
    def learn(*, known=False):
        sentences, bounds, labels = [], [0], []
        for text, label in labelled_texts():
            sentences += detector.read_sentences(title=None, text=text, lang="en")
            bounds.append(len(sentences))
            labels.append(label)
        hashing = Hashing()
        documents = Documents(sentence_rows(sentences, hashing), np.array(bounds))
        fitted = fit_topic(documents, np.array(labels), np.array(labels) & known, hashing.places)
        topic = LearnedTopic("strike", fitted.bias, fitted.threshold, fitted.weights)
        return LearnedModel((topic,), hashing, detector.taxonomy.version), fitted

    return learn


@pytest.fixture(scope="session")
def model_file(train, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "strike.parquet"
    write_model(train()[0], path, {})
    return path


@pytest.fixture(scope="session")
def model(detector, model_file):
    return read_model(str(model_file), taxonomy_version=detector.taxonomy.version)
