"""Let the second signal come in the middle of the first one's handler, after each of its instructions in turn.

Run as a program: a line for each instruction, with the exit code of the process that it was tried in.
"""

import os
import signal
import sys

from pipeline.signals import signals_stop_intake

INSTRUCTIONS = 60


def second_after(instruction: int) -> None:
    """Be ended by a second SIGTERM, that comes so many instructions after the first one's handler has begun."""
    done = 0

    def tracer(frame, event, _):
        nonlocal done
        frame.f_trace_opcodes = True
        if event == "opcode":
            done += 1
            if done == instruction:
                sys.settrace(None)
                signal.raise_signal(signal.SIGTERM)
        return tracer

    with signals_stop_intake(30):
        sys.settrace(tracer)
        signal.raise_signal(signal.SIGTERM)
        sys.settrace(None)
        signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    for number in range(1, INSTRUCTIONS):
        child = os.fork()
        if child == 0:
            second_after(number)
            os._exit(0)
        print(number, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
