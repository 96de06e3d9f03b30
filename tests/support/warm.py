"""What every run reads once and keeps, read ahead of time in the server that children are forked from."""

import transforms.workers.warm  # noqa: F401 -- what the pools' own server loads
from transforms.topics.languages import languages

languages()
