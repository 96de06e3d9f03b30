"""Counters of this process, for a progress display. They tell how far a run is, never what it did."""

import threading
from collections import Counter

_lock = threading.Lock()
_counts: Counter[str] = Counter()


def advance(name: str, by: int = 1) -> None:
    """Count something done."""
    with _lock:
        _counts[name] += by


def progress() -> dict[str, int]:
    """What has been counted so far."""
    with _lock:
        return dict(_counts)


def reset_progress() -> None:
    """Start from nothing, for the next run of a warm process."""
    with _lock:
        _counts.clear()
