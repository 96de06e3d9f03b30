"""What the forkserver loads once, so that every worker starts with it: modules, and models that they load late."""

from contextlib import suppress

from transforms.language import detect_language
from transforms.topics.tagging import shared_detector
from transforms.workers import tasks

# The language model takes half a second to load; forked workers share it. It is unpacked into a temporary file: where
# there is no room for one, the page that needs the model tells.
with suppress(OSError):
    detect_language("a sentence that is long enough for the language detector to load its model")
# So does the automaton of the taxonomy that tocsin brings; another one is built by each worker that needs it.
shared_detector(None)

__all__ = ["tasks"]
