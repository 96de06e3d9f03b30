"""Reports sum whatever the order of the bundles, and the balance tells what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.manifest import MANIFEST_VERSION, LakeFile, Manifest
from schemas.report import Balance, Report, StagedFile, sum_reports

FILES = [StagedFile("articles", f"staging/r/a/{n}.parquet", n, n, f"{n}" * 64) for n in range(4)]
REPORTS = st.builds(
    Report,
    st.dictionaries(st.sampled_from(["balance.listed", "dead.dns", "topic.riot"]), st.integers(0, 9)),
    st.lists(st.sampled_from(FILES), max_size=2, unique=True).map(tuple),
)


@given(st.lists(REPORTS, max_size=6), st.randoms())
def test_reports_sum_in_any_order_and_grouping(reports, chance):
    """Bundles end in any order: the sum of sums is the sum of all."""
    shuffled = list(reports)
    chance.shuffle(shuffled)
    cut = chance.randint(0, len(shuffled))
    whole = sum_reports(reports)
    parts = sum_reports([sum_reports(shuffled[:cut]), sum_reports(shuffled[cut:])])
    assert {name: n for name, n in whole.counts.items() if n} == {
        name: n for name, n in parts.counts.items() if n
    }
    assert whole.files == parts.files


@pytest.mark.parametrize("name", ["known", "duplicates", "articles", "dead_letters", "carried_out"])
def test_a_balance_that_lost_or_doubled_an_entry_does_not_hold(name):
    """One entry too many or too few in any outcome is seen."""
    counts = {"listed": 7, "carried_in": 3, "known": 2, "duplicates": 1, "articles": 4, "dead_letters": 2}
    counts["carried_out"] = 1
    assert Balance(**counts).holds
    assert not Balance(**{**counts, name: counts[name] + 1}).holds
    assert not Balance(**{**counts, name: counts[name] - 1}).holds


MANIFEST = Manifest(
    run_id="r",
    started_at="2026-11-24T00:00:00+00:00",
    committed_at="2026-11-24T00:01:00+00:00",
    tocsin_version="0",
    schema_versions={"articles": 1},
    taxonomy_version="t",
    runner="FnApiRunner",
    options={"pages": "always"},
    files=(LakeFile("articles", "articles/x.parquet", 1, 2, "0" * 64),),
    replaces=(),
    feeds={"listed": 1},
    balance=Balance(1, 0, 0, 0, 1, 0, 0),
    state=(),
)


def test_a_manifest_comes_back_as_it_was_written():
    """The manifest is the commit: what is read is what was written."""
    assert Manifest.from_json(MANIFEST.to_json()) == MANIFEST


def test_a_manifest_of_newer_code_is_refused():
    """Code that can't know what a newer manifest means does not guess."""
    newer = MANIFEST.to_json().replace(
        f'"manifest_version": {MANIFEST_VERSION}', f'"manifest_version": {MANIFEST_VERSION + 1}'
    )
    with pytest.raises(ValueError, match="newer"):
        Manifest.from_json(newer)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifest_version": 1}', MANIFEST.to_json()[:-40]])
def test_what_is_no_manifest_is_refused(text):
    """A cut or foreign file is an error that says so, never half a manifest."""
    with pytest.raises(ValueError):  # noqa: PT011 -- each kind of damage says it in its own words
        Manifest.from_json(text)
