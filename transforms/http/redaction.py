"""URLs as they may be shown: user information and secret query parameters never reach logs or tables."""

import re
from typing import Final
from urllib.parse import unquote

_SECRET_NAMES: Final = frozenset(
    {
        "token", "key", "apikey", "auth", "authorization", "accesstoken", "authtoken", "refreshtoken", "idtoken",
        "accesskey", "secretkey", "privatekey", "secret", "clientsecret", "password", "passwd", "passphrase",
        "pass", "pwd", "pw", "signature", "sig", "credential", "credentials", "session", "sessionid", "sid",
        "jwt", "bearer", "hash", "hmac", "code", "otp", "user", "username", "login", "email",
    }
)  # fmt: skip
_SECRET_ENDS: Final = ("token", "secret", "password", "apikey", "signature", "credential", "accesskey")
_USER_INFO: Final = re.compile(r"(//)[^/?#\s]*@")
_PARAMETER: Final = re.compile(r"(?P<lead>[?&;#])(?P<name>[^=&;#\s]+)=(?P<value>[^&;#\s]*)")
_SQUEEZED: Final = re.compile(r"[^a-z0-9]")
REPLACEMENT: Final = "REDACTED"


def redact(url: str) -> str:
    """The URL (or a text that holds URLs) with user information removed and secret parameters' values replaced.

    A parameter is secret by its name, whatever its case and separators: token, key, api_key, X-Amz-Signature,
    session-id and the like. The result need not be fetchable; it is for people to read.
    """
    return _PARAMETER.sub(_redacted_parameter, _USER_INFO.sub(r"\1", url))


def _redacted_parameter(match: re.Match[str]) -> str:
    if not _is_secret(match["name"]) or not match["value"]:
        return match[0]
    return f"{match['lead']}{match['name']}={REPLACEMENT}"


def _is_secret(name: str) -> bool:
    squeezed = _SQUEEZED.sub("", unquote(name).casefold())
    return squeezed in _SECRET_NAMES or squeezed.endswith(_SECRET_ENDS)
