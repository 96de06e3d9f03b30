"""What a body is, whatever its headers claim: media type, and pages that are no articles by their make."""

import re
from collections.abc import Mapping
from typing import Final

from schemas.dead_letters import Reason
from transforms.http.charsets import bom_encoding
from transforms.http.page_text import visible_text

_SNIFFED: Final = 2048
_BINARY: Final = bytes({*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20)})
_MOST_BINARY: Final = 0.02
"""Share of such bytes above which a body is binary. Of random bytes they are 11 %; stray ones occur in pages."""
_SIGNATURES: Final = (
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....(WAVE|AVI )", re.DOTALL), "video/x-riff"),
    (re.compile(rb"....ftyp(avif|heic|mif1)", re.DOTALL), "image/avif"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
    (re.compile(rb"OggS\x00"), "audio/ogg"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), "audio/mpeg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"PK\x03\x04"), "application/zip"),
    (re.compile(rb"\x1f\x8b\x08"), "application/gzip"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/x-ole-storage"),
    (re.compile(rb"wOF[F2]"), "font/woff"),
    (re.compile(rb"\{\\rtf"), "application/rtf"),
)
_XML_PROLOG: Final = re.compile(r"(?:<\?xml\b[^>]*\?>|<\?[^>]*\?>|<!--.*?-->|\s+)*", re.DOTALL)
_FEED_ROOT: Final = re.compile(r"<(?:\w+:)?(?:rss|feed|RDF)\b", re.IGNORECASE)
_HTML_ROOT: Final = re.compile(r"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_XML_ROOT: Final = re.compile(r"<(?!!doctype\s+html|html\b)(?:\w+:)?\w", re.IGNORECASE)
_HTML_TAG: Final = re.compile(
    r"<(?:!doctype\s+html|html|head|body|title|meta|link|script|style|iframe|div|p|h[1-6]|article|main|section|"
    r"header|nav|span|table|font|a|b|br|img|form|center|noscript)\b",
    re.IGNORECASE,
)
_JSON: Final = re.compile(r'\s*(?:\{\s*(?:"|\})|\[\s*(?:[\[{"\]\d-]|true|false|null))')
_HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})
_MEDIA_TYPE: Final = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;|,|$)")


def media_type(content_type: str | None) -> str | None:
    """The media type that a Content-Type header names, in lower case; None where it names none."""
    match = _MEDIA_TYPE.match(content_type or "")
    return match[1].lower() if match else None


def sniffed_type(body: bytes, content_type: str | None = None) -> str | None:
    """The media type of a body, by its first bytes first and by its header where they don't tell.

    Feeds are application/rss+xml whatever their format, HTML is text/html, XHTML application/xhtml+xml; None
    means that neither tells. The signatures are those of the WHATWG MIME Sniffing standard, and a few more.
    """
    encoding = bom_encoding(body)
    declared = media_type(content_type)
    start = body[:_SNIFFED]
    if encoding is None:
        start = start.lstrip(b"\t\n\x0c\r ")
        for signature, name in _SIGNATURES:
            if signature.match(start):
                return name
        legible = start.translate(None, _BINARY)
        if len(start) - len(legible) > _MOST_BINARY * len(start):
            # Stray NULs and UTF-16 without a mark: HTML all the same, where the header says so and the text begins so.
            if declared in _HTML_TYPES and _HTML_TAG.match(legible.decode("latin-1").lstrip()):
                return declared
            return declared if declared and not declared.startswith("text/") else "application/octet-stream"
    text = start.decode(encoding or "latin-1", "ignore").lstrip("\ufeff\t\n\f\r ")
    return _sniffed_text(text, declared)


def is_html(body: bytes, content_type: str | None) -> bool:
    """Whether a body is HTML or XHTML, by its first bytes or, where they don't tell, its header."""
    return sniffed_type(body, content_type) in _HTML_TYPES


def promises_html(content_type: str | None) -> bool:
    """Whether a header promises HTML or XHTML."""
    return media_type(content_type) in _HTML_TYPES


def is_media(content_type: str | None) -> bool:
    """Whether a header promises sound, pictures or fonts: nothing that is read to its end to find a text in it."""
    return (media_type(content_type) or "").startswith(("video/", "audio/", "image/", "font/"))


def _sniffed_text(text: str, declared: str | None) -> str | None:
    prolog = _XML_PROLOG.match(text)
    rest = text[prolog.end() :] if prolog else text
    if _FEED_ROOT.match(rest):
        return "application/rss+xml"
    if text.startswith("<?xml") or (declared is not None and declared.endswith(("/xml", "+xml"))):
        if declared in _HTML_TYPES or _HTML_ROOT.match(rest):
            return "application/xhtml+xml"
        return "application/xml" if _XML_ROOT.match(rest) else declared
    if _HTML_TAG.match(rest):
        return "text/html"
    if _JSON.match(text) and declared not in _HTML_TYPES:
        return "application/json"
    return declared or ("text/html" if _HTML_TAG.search(text) else "text/plain")


_CHALLENGE_HEADERS: Final = (
    ("cf-mitigated", "challenge"),
    ("x-amzn-waf-action", ""),
    ("x-vercel-mitigated", "challenge"),
)
_CHALLENGE_MARKUP: Final = re.compile(
    rb"""_cf_chl_opt | cf-browser-verification | id=["']challenge-form | (?:ct|geo)\.captcha-delivery\.com/
    | id=["']px-captcha | _Incapsula_Resource | Incapsula\ incident\ ID | sucuri_cloudproxy_js
    | awsWafCookieDomainList | gokuProps | ddos-guard/js-challenge | id=["']anubis_challenge
    | Vercel\ Security\ Checkpoint | errors\.edgesuite\.net | sec-if-cpt-container | /_sec/cp_challenge/
    | h-captcha["'\ ] | g-recaptcha["'\ ] | cf-turnstile["'\ ] | __qrator | /\.well-known/sgcaptcha/
    | Checking\ (?:your|if\ the\ site)\ (?:browser|connection) | Enable\ JavaScript\ and\ cookies\ to\ continue
    | slowAES\.decrypt""",
    re.VERBOSE,
)
_CHALLENGE_LONGEST_TEXT: Final = 1200
"""Characters of visible text that the texts of bot challenges stay below. The shortest articles may be shorter,
but carry no such markup, save a captcha on a form: pages with an article's marks are left alone."""

_ARTICLE_MARKS: Final = re.compile(
    rb"""<article\b | property=["']?og:type["']?\s+content=["']?article | "articleBody"
    | "@type"\s*:\s*\[?\s*"(?:News)?Article | property=["']?article:published_time""",
    re.VERBOSE | re.IGNORECASE,
)

_CONSENT_WORDS: Final = re.compile(
    r"cookie|consent|privacy|personal data|einwillig|zustimm|datenschutz|confidentialité|données personnelles"
    r"|traceurs|consenti|privacidad|datos personales|файл\w* cookie|куки|соглас|персональн\w+ данны"
    r"|конфиденциальн|жеке дерек|құпиялыл|келісім|ملفات تعريف الارتباط|الخصوصية|موافق|البيانات الشخصية",
    re.IGNORECASE,
)
_CONTROL: Final = re.compile(rb"<(?:button|input|form)\b|role=[\"']?button", re.IGNORECASE)
_CONSENT_LONGEST_TEXT: Final = 4000
_CONSENT_FEWEST: Final = 5
_CONSENT_WORDS_PER_MATCH: Final = 30


def classify_page(body: bytes, content_type: str | None, status: int = 200) -> Reason | None:
    """Why a body can't hold an article, by its make alone; None for an HTML page that may.

    empty: nothing but white space. wrong_type: PDF, media, JSON, feeds, plain text and the like. challenge: a
    page by which a bot defence answers instead of the site. consent_wall: a page that asks for consent and
    shows nothing else. The last two are told by vendors' markup or by words, always with little text and
    without any mark of an article, so that an article about such things is left alone.
    """
    if not body.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n\f"):
        return Reason.EMPTY
    if status not in (200, 203, 206) and is_challenge(body, {}):
        return Reason.CHALLENGE
    if not is_html(body, content_type):
        return Reason.WRONG_TYPE
    if is_challenge(body, {}):
        return Reason.CHALLENGE
    return Reason.CONSENT_WALL if is_consent_wall(body, content_type) else None


def is_challenge(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a response is a bot defence's: it says so in a header, or by its markup with next to no text."""
    for name, value in _CHALLENGE_HEADERS:
        sent = headers.get(name)
        if sent is not None and value in sent.lower():
            return True
    # Articles first: their marks stand near the top, while a page without any markup of a challenge is read whole.
    if _ARTICLE_MARKS.search(body) or not _CHALLENGE_MARKUP.search(body):
        return False
    return len(visible_text(body, None, _CHALLENGE_LONGEST_TEXT + 1)) <= _CHALLENGE_LONGEST_TEXT


def is_consent_wall(body: bytes, content_type: str | None = None) -> bool:
    """Whether a page asks for consent and shows nothing else: short, dense in such words, with a control."""
    if _ARTICLE_MARKS.search(body) or not _CONTROL.search(body):
        return False
    text = visible_text(body, content_type, _CONSENT_LONGEST_TEXT + 1)
    if len(text) > _CONSENT_LONGEST_TEXT:
        return False
    matches = len(_CONSENT_WORDS.findall(text))
    return matches >= _CONSENT_FEWEST and len(text.split()) <= matches * _CONSENT_WORDS_PER_MATCH
