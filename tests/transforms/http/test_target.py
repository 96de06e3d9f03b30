"""Targets: what is asked for is what was written, under one spelling of the host."""

from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from schemas.dead_letters import Reason
from transforms.http.errors import FetchError
from transforms.http.guard import AllowList
from transforms.http.target import parse_target

NOBODY = AllowList.of(())
PATHS = st.text("abzAZ09-._~!$&'()*+,;=:@/%[]{}|^\"<> éж\\", max_size=40)


@settings(deadline=None)
@given(PATHS, st.one_of(st.none(), PATHS))
def test_parsing_is_idempotent(path, query):
    """A target's URL names the same target again."""
    target = parse_target(f"http://example.org/{path}" + (f"?{query}" if query is not None else ""), NOBODY)
    again = parse_target(target.text, NOBODY)
    assert (again.text, again.host, again.port, again.gate) == (
        target.text,
        target.host,
        target.port,
        target.gate,
    )


@settings(deadline=None)
@given(st.text("abzAZ09-._~!$&'()*+,;=:@/", max_size=40))
def test_a_path_that_is_fine_is_sent_as_written(path):
    """What RFC 3986 allows is not touched, percent-encoding least of all."""
    raw = f"/x{path}%41%2f%7E%c3%A9?a=%27&b=%2B+"
    assert parse_target(f"http://example.org{raw}", NOBODY).url.raw_path_qs == raw


def target_or_error(text, base):
    try:
        return parse_target(text, NOBODY, base)
    except FetchError as error:
        return error


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text):
    """Any text is a target of http or https, or is refused with a reason."""
    for base in (None, URL("http://example.org/dir/page", encoded=True)):
        result = target_or_error(text, base)
        if isinstance(result, FetchError):
            assert result.reason in (Reason.BAD_URL, Reason.BAD_REDIRECT, Reason.PRIVATE_ADDRESS)
        else:
            assert result.url.scheme in ("http", "https")
            assert result.text.isascii()
            assert result.url.raw_user is None


def test_the_gate_is_by_host_and_unusual_port():
    """http and https of a host share its gate, another port has its own, however the host is written."""
    gates = [
        parse_target(url, NOBODY).gate
        for url in (
            "http://Example.org/",
            "https://example.org./x",
            "http://example.org:80",
            "https://u@EXAMPLE.org:443/",
        )
    ]
    assert gates == ["example.org"] * 4
    assert parse_target("http://example.org:443/", NOBODY).gate == "example.org:443"
    assert parse_target("http://[2606:4700::1111]:81/", NOBODY).gate == "[2606:4700::1111]:81"
