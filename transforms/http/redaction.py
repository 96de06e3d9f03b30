"""URLs as they may be shown: user information and secret query parameters never reach logs or tables."""

import re
from typing import Final
from urllib.parse import unquote

_SECRET_NAMES: Final = frozenset(
    {
        "token", "apikey", "auth", "authorization", "accesstoken", "authtoken", "refreshtoken", "idtoken",
        "accesskey", "secretkey", "privatekey", "secret", "clientsecret", "password", "passwd", "passphrase",
        "pwd", "signature", "sig", "credential", "credentials", "sessionid", "jwt", "bearer", "hmac", "otp",
    }
)  # fmt: skip
_PERHAPS_SECRET_NAMES: Final = frozenset(
    {"key", "pass", "pw", "session", "sid", "hash", "code", "user", "username", "login", "email"}
)
"""Names that hold secrets in some URLs, and in others the number of an article (?code=0300&key=20260129)."""
_SECRET_ENDS: Final = ("token", "secret", "password", "apikey", "signature", "credential", "accesskey")
_USER_INFO: Final = re.compile(r"(//)[^/?#\s]*@")
_PARAMETER: Final = re.compile(r"(?P<lead>[?&;#])(?P<name>[^=&;#\s]+)=(?P<value>[^&;#\s]*)")
_SQUEEZED: Final = re.compile(r"[^a-z0-9]")
REPLACEMENT: Final = "REDACTED"


def redact(url: str, *, published: bool = False) -> str:
    """The URL (or a text that holds URLs) with user information removed and secret parameters' values replaced.

    A parameter is secret by its name, whatever its case and separators: token, key, api_key, X-Amz-Signature,
    session-id and the like. Of a URL that was `published`, as an article's in a feed, the names that sites also
    use to number their articles count only where the value looks like a secret: eight characters or more, with
    letters and digits. The result need not be fetchable; it is for people to read.
    """
    # What is left when one is removed may look like another: "//@/@".
    while (without := _USER_INFO.sub(r"\1", url)) != url:
        url = without
    return _PARAMETER.sub(lambda match: _redacted_parameter(match, published=published), url)


def _redacted_parameter(match: re.Match[str], *, published: bool) -> str:
    value = match["value"]
    if not value or not _is_secret(match["name"], value, published=published):
        return match[0]
    return f"{match['lead']}{match['name']}={REPLACEMENT}"


def _is_secret(name: str, value: str, *, published: bool) -> bool:
    squeezed = _SQUEEZED.sub("", unquote(name).casefold())
    if squeezed in _PERHAPS_SECRET_NAMES:
        return not published or _looks_secret(value)
    return squeezed in _SECRET_NAMES or squeezed.endswith(_SECRET_ENDS)


def _looks_secret(value: str) -> bool:
    return len(value) >= 8 and any(map(str.isalpha, value)) and any(map(str.isdigit, value))
