"""What the forkserver loads once, so that every worker starts with it: modules, and models that they load late."""

from transforms.language import detect_language
from transforms.workers import tasks

# The language model takes half a second to load; forked workers share it.
detect_language("a sentence that is long enough for the language detector to load its model")

__all__ = ["tasks"]
