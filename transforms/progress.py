"""Counters of this process, for a progress display. They tell how far a run is and where its time went, never what it did."""

import threading
from collections import Counter

_lock = threading.Lock()
_counts: Counter[str] = Counter()
_seconds: dict[str, float] = {}


def spend(stage: str, seconds: float) -> None:
    """Add to the time that a stage has worked, over all its workers and requests."""
    with _lock:
        _seconds[stage] = _seconds.get(stage, 0.0) + seconds


def seconds_spent() -> dict[str, float]:
    """Seconds of work by stage; stages overlap, so that their sum is more than the run took."""
    with _lock:
        return dict(_seconds)


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
        _seconds.clear()
