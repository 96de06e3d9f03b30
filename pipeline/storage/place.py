"""The place that a path or a URL names."""

from pathlib import Path

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.storage.local_disk import LocalDisk
from pipeline.storage.object_store import ObjectStore
from pipeline.storage.storage import LakeError, Storage
from transforms.files import is_object
from transforms.s3 import process_options


def storage_at(place: Path | str, options: PipelineOptions | None = None) -> Storage:
    """The storage at a path, or at s3://BUCKET/PREFIX.

    Options are Beam's, and become those of the process, by which every object is reached; None leaves them as they are.

    Raises:
        LakeError: it is the URL of another kind of store.
    """
    if isinstance(place, Path) or not is_object(place):
        return LocalDisk(Path(place).expanduser())
    scheme, _, rest = place.partition("://")
    if scheme != "s3":
        raise LakeError(
            f"the output {place} is in a {scheme}:// store, whose conditional writes tocsin does not know: "
            "name a folder on a local disk, or s3://BUCKET/PREFIX"
        )
    if not rest.strip("/"):
        raise LakeError(f"the output {place} names no bucket: write s3://BUCKET/PREFIX")
    if options is not None:
        FileSystems.set_options(options)
    return ObjectStore(place.rstrip("/"), process_options())
