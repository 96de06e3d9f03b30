"""Secrets in URLs: never shown, whatever they are called."""

import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import RETRYABLE, Reason
from transforms.http.errors import Deferred, FetchError
from transforms.http.redaction import redact


@pytest.mark.parametrize(
    "name",
    ["token", "key", "api_key", "apikey", "API-Key", "access_token", "auth", "password", "signature", "X-Amz-Signature", "X-Amz-Security-Token", "sig", "client_secret", "%74oken", "sessionid", "jwt"],
)  # fmt: skip
def test_secret_parameters_are_redacted(name):
    """The values of secret parameters go, whatever their case and place; others stay."""
    shown = redact(f"https://site.test/feed?page=2&{name}=s3cr3t&lang=en#{name}=s3cr3t")
    assert "s3cr3t" not in shown
    assert shown.startswith("https://site.test/feed?page=2&")
    assert "lang=en" in shown


@pytest.mark.parametrize(
    "url",
    [
        "https://site.test/",
        "https://site.test/a@b?keyword=x&monkey=1&author=me",
        "https://site.test/?q",
        "not a url",
        "",
    ],
)
def test_other_urls_stay_as_they_are(url):
    """Nothing else of a URL is touched."""
    assert redact(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://user:s3cr3t@site.test/",
        "https://s3cr3t@site.test/",
        "//u:s3cr3t@site.test/",
        "https://u:s3cr3t@p@site.test/",
        "got https://u:s3cr3t@site.test/ and ftp://u:s3cr3t@x/",
    ],
)
def test_user_information_is_removed(url):
    """User information goes from URLs, alone and within a sentence."""
    assert "s3cr3t" not in redact(url)


@pytest.mark.parametrize(
    ("parameter", "kept"),
    [("code=0300", True), ("key=20260129.22019000001", True), ("key=a8f3k2m9q1", False), ("token=7", False)],
)
def test_the_number_of_a_published_article_is_no_secret(parameter, kept):
    """Sites number articles by names that are secrets elsewhere; a value that looks like a secret still goes."""
    url = f"https://site.test/news?{parameter}"
    assert (redact(url, published=True) == url) is kept
    assert "REDACTED" in redact(url)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_redaction_is_idempotent(text):
    """What was redacted is not changed by redacting again."""
    assert redact(redact(text)) == redact(text)


@settings(deadline=None)
@given(st.text("abc:%@/?#&=", max_size=40))
def test_user_information_never_survives(tail):
    """No authority in any text keeps an @."""
    shown = redact("http://" + tail)
    assert not re.search(r"//[^/?#\s]*@", shown)


def test_errors_carry_no_secrets_and_pickle():
    """Errors redact on construction, clamp Retry-After, know whether to retry, and survive pickling."""
    error = FetchError(
        Reason.RATE_LIMITED,
        "at https://u:s3cr3t@x/?token=s3cr3t",
        url="https://u:s3cr3t@x/?key=s3cr3t",
        http_status=429,
        retry_after=1e9,
    )
    again = pickle.loads(pickle.dumps(error))
    for one in (error, again):
        assert "s3cr3t" not in f"{one} {one!r} {one.args} {one.url} {one.detail}"
        assert (one.reason, one.http_status, one.retry_after, one.retryable) == (
            Reason.RATE_LIMITED,
            429,
            86_400.0,
            True,
        )
    deferred = pickle.loads(pickle.dumps(Deferred("later", url="https://u:s3cr3t@x/", retry_after=5.0)))
    assert (deferred.detail, deferred.url, deferred.retry_after) == ("later", "https://x/", 5.0)


@pytest.mark.parametrize("reason", list(Reason))
def test_retryable_is_what_the_schema_says(reason):
    """Whether a failure is worth another run is decided in one place."""
    assert FetchError(reason, "", url="").retryable is (reason in RETRYABLE)
