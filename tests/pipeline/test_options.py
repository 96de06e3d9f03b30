"""Beam's options as a manifest may tell them."""

import pytest

from pipeline.options import without_secrets


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["--s3_secret_access_key=abc"], ["--s3_secret_access_key=REDACTED"]),
        (["--s3_secret_access_key", "abc", "--s3_disable_ssl"], ["--s3_secret_access_key", "REDACTED", "--s3_disable_ssl"]),
        (["--s3_session_token", "abc", "rest"], ["--s3_session_token", "REDACTED", "rest"]),
        (["--s3_endpoint_url=http://u:p@store:9000"], ["--s3_endpoint_url=http://store:9000"]),
        (["--parallelism=2"], ["--parallelism=2"]),
    ],
)  # fmt: skip
def test_no_secret_is_told(given, shown):
    """Neither in one word with its option nor in the next; what is no secret stands."""
    assert without_secrets(given) == shown
