#!/usr/bin/env python3
"""What a Flex Template's launcher starts: `tocsin run` on Dataflow, from one flat list of parameters.

A template gives all parameters alike, as --NAME=VALUE; those of tocsin go before the dashes of its command line and
those of Beam after them. The driver must live until the job ends, since it is what publishes: a launcher that is ended
earlier leaves a job whose records the next run sweeps, and nothing half-published.

Not tried on Dataflow; a test holds the parameters to tocsin's own options.
"""

import os
import sys

OURS = (
    "feeds", "out", "taxonomy", "contact", "deadline", "workers", "pages", "host-delay", "request-timeout", "only-due",
)  # fmt: skip
"""Parameters that are options of `tocsin run`; an underscore may stand for a dash, as in Beam's own."""

FLAGS = ("only-due",)
"""Those that are given or not; a template says "true" or "false"."""


def command(parameters: list[str]) -> list[str]:
    """The words of `tocsin` for a template's parameters."""
    ours, beam = ["run", "--runner=DataflowRunner", "--json-logs"], []
    for parameter in parameters:
        name, _, value = parameter.removeprefix("--").partition("=")
        dashed = name.replace("_", "-")
        if dashed == "runner":
            continue
        if dashed in FLAGS:
            ours += [f"--{dashed}"] * (value.lower() != "false")
        elif dashed in OURS:
            ours.append(f"--{dashed}={value}")
        else:
            beam.append(parameter)
    return [*ours, "--", *beam]


if __name__ == "__main__":
    program = os.path.join(os.path.dirname(sys.executable), "tocsin")  # noqa: PTH118, PTH120 -- words for exec
    os.execv(program, [program, *command(sys.argv[1:])])  # noqa: S606 -- no shell is wanted
