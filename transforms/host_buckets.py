"""Group what is to be fetched by host bucket, so that one host is served by one worker at a time."""

import dataclasses
from collections.abc import Callable
from typing import Any

import apache_beam as beam

from transforms.urls import host_bucket


@dataclasses.dataclass(eq=False)
class GroupByHostBucket(beam.PTransform[Any, Any]):
    """Elements -> (bucket, elements); `url_of` gives an element's URL, None where it has none to fetch."""

    buckets: int
    url_of: Callable[[Any], str | None]

    def expand(self, elements: Any) -> Any:
        """Elements -> groups."""
        return (
            elements
            | "Key by host bucket" >> beam.Map(_keyed, self.url_of, self.buckets)
            | "Gather a bucket's hosts" >> beam.GroupByKey()
        )


def _keyed(element: Any, url_of: Callable[[Any], str | None], buckets: int) -> tuple[int, Any]:
    url = url_of(element)
    return (host_bucket(url, buckets) if url else 0), element
