"""The TLS context of every request: certificates are always verified."""

import os
import ssl
from functools import cache

import certifi


def verifying_context() -> ssl.SSLContext:
    """A client context that verifies chain, dates and host name against the system's certificate authorities.

    Where the system has none (minimal images, some Python builds for macOS), those of certifi stand in.
    """
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    has_folder = bool(paths.capath) and os.path.isdir(paths.capath) and bool(os.listdir(paths.capath))  # noqa: PTH112, PTH208 - ssl gives strings
    if not context.cert_store_stats()["x509_ca"] and not has_folder:
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


@cache
def default_context() -> ssl.SSLContext:
    """The process's own `verifying_context`: reading the authorities takes some 20 ms. Not to be changed."""
    return verifying_context()
