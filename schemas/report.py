"""What a run's stages say they did: counts and files, summed into one report for the driver."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A closed file under staging: `path` is relative to the output, `sha256` in hex."""

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Report:
    """Counts by dotted name (balance.listed, feeds.fetched, dead.timeout, topic.riot, seconds.extract) and files."""

    counts: dict[str, float] = field(default_factory=dict)
    files: tuple[StagedFile, ...] = ()

    def group(self, name: str) -> dict[str, float]:
        """The counts under one name, by what follows the dot."""
        return {key[len(name) + 1 :]: n for key, n in self.counts.items() if key.startswith(f"{name}.")}


def sum_reports(reports: Iterable[Report]) -> Report:
    """One report of many; associative and commutative, so that bundles may be summed in any order."""
    counts: Counter[str] = Counter()
    files: set[StagedFile] = set()
    for report in reports:
        counts.update(report.counts)
        files.update(report.files)
    return Report(dict(sorted(counts.items())), tuple(sorted(files, key=lambda f: (f.table, f.path))))


@dataclass(frozen=True, slots=True)
class Balance:
    """Where every entry of a run went."""

    listed: int
    carried_in: int
    known: int
    duplicates: int
    articles: int
    dead_letters: int
    carried_out: int

    @classmethod
    def of(cls, report: Report) -> "Balance":
        """The balance that a report's counts state."""
        counts = report.group("balance")
        return cls(**{name: int(counts.get(name, 0)) for name in cls.__slots__})

    @property
    def holds(self) -> bool:
        """Whether every entry has exactly one outcome."""
        outcomes = self.known + self.duplicates + self.articles + self.dead_letters + self.carried_out
        return self.listed + self.carried_in == outcomes
