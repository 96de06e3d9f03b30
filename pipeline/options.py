"""The options of a run: checked once, at the start, each error naming the option and the mend."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, _BeamArgumentParser

from schemas.version import PROJECT_URL, TOCSIN_VERSION
from transforms.http.redaction import REPLACEMENT, redact
from transforms.http.settings import HttpSettings, parse_allow_host

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_SECRET_OPTION = re.compile(r"key|secret|token|password|credential|connection_string")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, None: 1}


class UsageError(Exception):
    """Wrong usage or configuration: one sentence that says where and how to mend it. Exit code 2."""


def at_home(path: str | None) -> str | None:
    """A path with its `~` read as the home, also where no shell has done so (`--model=~/m.parquet`)."""
    return str(Path(path).expanduser()) if path else None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is asked to do."""

    feeds: str
    out: Path | str
    taxonomy: str | None = None
    model: str | None = None
    workers: int = 0
    host_delay: float = 1.0
    deadline: timedelta = timedelta(minutes=30)
    request_timeout: float = 30.0
    pages: str = "always"
    allow_host: tuple[str, ...] = ()
    contact: str | None = None
    user_agent: str | None = None
    proxy: str | None = None
    ignore_robots: bool = False
    grace: float = 30.0
    strict: bool = False
    only_due: bool = False
    runner: str = "FnApiRunner"
    beam: tuple[str, ...] = ()
    static_hosts: tuple[tuple[str, str, int], ...] = field(default=())

    def http_settings(self) -> HttpSettings:
        """The HTTP client's settings.

        Raises:
            UsageError: a value can't be used.
        """
        for text in self.allow_host:
            try:
                parse_allow_host(text)
            except ValueError as error:
                raise UsageError(f"--allow-host: {error}") from error
        try:
            return HttpSettings(
                user_agent=self.full_user_agent,
                request_timeout=self.request_timeout,
                host_delay=self.host_delay,
                allow_hosts=self.allow_host,
                proxy=self.proxy,
                ignore_robots=self.ignore_robots,
                static_hosts=self.static_hosts,
            )
        except ValueError as error:
            raise UsageError(str(error)) from error

    @property
    def full_user_agent(self) -> str:
        """What the sites see: name, version, and where to ask."""
        if self.user_agent:
            return self.user_agent
        contact = f"; {self.contact}" if self.contact else ""
        return f"tocsin/{TOCSIN_VERSION} (+{PROJECT_URL}{contact})"

    @property
    def worker_count(self) -> int:
        """Processes of the pool: as asked, or the cores that this process may use."""
        return self.workers or usable_cores()

    def recorded(self) -> dict[str, Any]:
        """The options as the manifest records them, without secrets."""
        return {
            "feeds": redact(self.feeds),
            "taxonomy": self.taxonomy,
            "model": self.model,
            "workers": self.worker_count,
            "host_delay": self.host_delay,
            "deadline_seconds": self.deadline.total_seconds(),
            "request_timeout": self.request_timeout,
            "pages": self.pages,
            "allow_host": list(self.allow_host),
            "user_agent": self.full_user_agent,
            "proxy": redact(self.proxy) if self.proxy else None,
            "ignore_robots": self.ignore_robots,
            "only_due": self.only_due,
            "strict": self.strict,
            "beam": without_secrets(self.beam),
        }


def without_secrets(arguments: Sequence[str]) -> list[str]:
    """Beam's options as they may be stored: the values of those whose name speaks of a secret are left out."""
    shown, hide_next = [], False
    for argument in arguments:
        if hide_next and not argument.startswith("--"):
            shown.append(REPLACEMENT)
            hide_next = False
            continue
        name, equals, _ = argument.partition("=")
        secret = argument.startswith("--") and _SECRET_OPTION.search(name) is not None
        hide_next = secret and not equals
        shown.append(f"{name}={REPLACEMENT}" if secret and equals else redact(argument))
    return shown


def usable_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parse_duration(text: str) -> timedelta:
    """A duration such as 90, 90s, 30m, 2h or 1d; a bare number is seconds.

    Raises:
        ValueError: it is none.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is no duration: write 90s, 30m, 2h or 1d")
    try:
        return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])
    except OverflowError as error:
        raise ValueError(f"{text!r} is longer than anyone can wait") from error


def beam_options(arguments: Sequence[str]) -> PipelineOptions:
    """Beam's options from what stands after `--`; flags are passed explicitly, so that sys.argv is never read.

    Raises:
        UsageError: an option that Beam does not know.
    """
    parser = _BeamParser(allow_abbrev=False)
    for options in _option_classes():
        options._add_argparse_args(parser)  # noqa: SLF001 -- Beam only warns of unknown options; this asks its own parsers
    unknown = parser.parse_known_args(list(arguments))[1]
    if unknown:
        raise UsageError(f"neither tocsin nor Beam knows the option {unknown[0]}: see `tocsin run --help`")
    chosen = PipelineOptions(flags=list(arguments))
    if chosen.view_as(DirectOptions).direct_running_mode == "multi_processing":
        raise UsageError(
            "--direct_running_mode=multi_processing gains nothing here and takes no signals: use --workers"
        )
    return chosen


class _BeamParser(_BeamArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"Beam's options after `--`: {message}")


def _option_classes() -> list[type[PipelineOptions]]:
    """Every class of options that Beam has defined, each once."""
    found = {cls.__name__: cls for cls in PipelineOptions.__subclasses__()}
    return list(found.values())
