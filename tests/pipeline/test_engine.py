"""The promises of pipeline.engine: the engine is chosen by name, and nothing is downloaded unasked."""

from pathlib import Path

import pytest

from pipeline.engine import BUCKETS_PER_SLOT, STREAMED_BUCKETS_PER_SLOT, chosen_engine, streaming_engine
from pipeline.options import RunOptions, UsageError


def engine(runner, *beam, chosen=chosen_engine):
    return chosen(RunOptions(feeds="feeds.txt", out=Path("lake"), runner=runner, beam=beam))


@pytest.mark.parametrize("runner", ["FnApiRunner", "DirectRunner"])
def test_one_bundle_holds_all_hosts_in_process(runner):
    """In process there is one bucket, so that all hosts are served at once."""
    assert engine(runner).host_buckets == 1


@pytest.mark.parametrize(("given", "slots"), [((), 1), (("--parallelism=2",), 2), (("--parallelism=8",), 8)])
def test_buckets_grow_with_the_parallelism(given, slots):
    """On an engine the hosts are spread over all its slots."""
    found = engine("FlinkRunner", "--job_endpoint=localhost:1", *given)
    assert found.host_buckets == BUCKETS_PER_SLOT * slots


def test_a_stream_has_fewer_buckets():
    """Each bucket of a stream has state and a timer of its own; a bounded run serves all of a slot's at once."""
    found = engine("FlinkRunner", "--job_endpoint=localhost:1", "--parallelism=3", chosen=streaming_engine)
    assert found.host_buckets == STREAMED_BUCKETS_PER_SLOT * 3


@pytest.mark.parametrize("runner", ["FlinkRunner", "PrismRunner", "PortableRunner"])
def test_what_would_be_downloaded_is_asked_for(runner):
    """Beam fetches a missing program from the network; tocsin says what to give it."""
    with pytest.raises(UsageError, match="--job_endpoint"):
        engine(runner)


def test_an_unknown_engine_is_refused_with_those_there_are():
    """The sentence names what was asked for and what can be."""
    with pytest.raises(UsageError, match=r"NoSuchRunner.*FnApiRunner.*FlinkRunner.*PrismRunner"):
        engine("NoSuchRunner")


def test_dataflow_needs_a_store_and_its_libraries():
    """Workers that share no folder with the driver can't write to one; what is not installed is named."""
    with pytest.raises(UsageError, match=r"s3://BUCKET/PREFIX"):
        engine("DataflowRunner", "--project=p", "--region=r")
    with pytest.raises(UsageError, match="gcp extra"):
        chosen_engine(RunOptions(feeds="feeds.txt", out="s3://bucket/lake", runner="DataflowRunner"))
