"""Reading a YAML mapping key by key, so that a mistake is told with its file and place."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


class StoryFileError(ValueError):
    """A file of stories says something that can't be; the message names the file and the place in it."""


class CheckedMapping:
    """A mapping as YAML gave it, that knows where it stands and which of its keys have been read.

    Every reader raises `StoryFileError` where the value is absent (unless it has a default) or of another kind.
    """

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise StoryFileError(f"{where}: expected a mapping, found {type(value).__name__}")
        self._values: dict[str, Any] = value
        self._where = where
        self._read: set[str] = set()

    def text(self, key: str, default: str | None = None) -> str:
        """A string that is not empty."""
        value = self._take(key, default)
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "a text", value)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty by default."""
        values = self._take(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
            raise self._wrong(key, "a list of texts", values)
        return tuple(values)

    def flag(self, key: str) -> bool:
        """True or false, false by default."""
        value = self._take(key, default=False)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """One of the values of an enumeration."""
        value = self.text(key)
        try:
            return choices(value)
        except ValueError:
            raise self._wrong(key, f"one of {', '.join(choices)}", value) from None

    def moment(self, key: str) -> datetime:
        """A date and time with its offset from UTC, in ISO 8601, quoted."""
        value = self.text(key)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise self._wrong(key, "a date and time in ISO 8601", value) from None
        if moment.tzinfo is None:
            raise self._wrong(key, "a time with its offset from UTC", value)
        return moment

    def within(self, key: str) -> "CheckedMapping":
        """The mapping under a key."""
        return CheckedMapping(self._take(key, None), f"{self._where}: {key}")

    def phrases(self, key: str) -> Mapping[str, str]:
        """The mapping under a key, whose values are all strings."""
        place = self.within(key)
        return {name: place.text(name) for name in self._take(key, {})}

    def each(self, key: str) -> Iterator["CheckedMapping"]:
        """The mappings in the list under a key, none by default."""
        values = self._take(key, [])
        if not isinstance(values, list):
            raise self._wrong(key, "a list", values)
        for number, value in enumerate(values, start=1):
            yield CheckedMapping(value, f"{self._where}: {key}, item {number}")

    def done(self) -> None:
        """To be called after the last read.

        Raises:
            StoryFileError: some key was not asked for, so it must be a mistake.
        """
        unknown = sorted(str(key) for key in self._values.keys() - self._read)
        if unknown:
            raise StoryFileError(f"{self._where}: unknown keys: {', '.join(unknown)}")

    def _take(self, key: str, default: Any) -> Any:
        self._read.add(key)
        return self._values.get(key, default)

    def _wrong(self, key: str, wanted: str, found: Any) -> StoryFileError:
        return StoryFileError(f"{self._where}: {key!r} must be {wanted}, found {found!r}")
