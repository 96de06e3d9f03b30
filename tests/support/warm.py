"""What every run reads once and keeps, read ahead of time in the server that children are forked from."""

from transforms.topics.languages import languages

languages()
