"""What a body is: types by header and by sniffing, and pages that are no articles by their make."""

import gzip
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letters import Reason
from transforms.http.content import classify_page, is_challenge, media_type, sniffed_type

HTML = (
    b"<!DOCTYPE html><html><head><title>T</title></head><body><p>"
    + b"Some words of a story. " * 100
    + b"</p></body></html>"
)


def zipped():
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a", "b")
    return data.getvalue()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("text/html; charset=utf-8", "text/html"),
        (" Text/HTML ;x", "text/html"),
        ("text/html, text/html", "text/html"),
        ("application/rss+xml", "application/rss+xml"),
        ("html", None),
        ("", None),
        (None, None),
    ],
)
def test_the_media_type_of_a_header(header, name):
    """The media type is read without its parameters, in lower case, and nonsense is none."""
    assert media_type(header) == name


@pytest.mark.parametrize(
    ("body", "header", "name"),
    [
        (HTML, "text/html", "text/html"),
        (HTML, "application/octet-stream", "text/html"),
        (HTML, "application/pdf", "text/html"),
        (HTML, "application/json", "text/html"),
        (HTML, None, "text/html"),
        (b"\n\n  <!-- x --><p>hello", None, "text/html"),
        (b"\xef\xbb\xbf<html>", None, "text/html"),
        ("<html><p>привет".encode("utf-16"), None, "text/html"),
        (b"Plain words then <b>bold</b> <p>more", "text/html", "text/html"),
        (
            b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html>",
            "application/xhtml+xml",
            "application/xhtml+xml",
        ),
        (b"<?xml version='1.0'?>\n<html xmlns='x'>", "text/xml", "application/xhtml+xml"),
        (
            b"<?xml version='1.0'?><?xml-stylesheet href='x'?><!-- c --><rss version='2.0'>",
            "text/html",
            "application/rss+xml",
        ),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'>", None, "application/rss+xml"),
        (b"<rdf:RDF xmlns:rdf='x'>", "text/plain", "application/rss+xml"),
        (b"<?xml version='1.0'?><urlset>", "text/xml", "application/xml"),
        (b'{"version": "https://jsonfeed.org/version/1"}', None, "application/json"),
        (b"[1, 2]", "text/plain", "application/json"),
        (b"%PDF-1.7\n%\xe2\xe3", "text/html", "application/pdf"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "text/html", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00", None, "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", None, "image/webp"),
        (b"\x00\x00\x00\x20ftypisom", None, "video/mp4"),
        (b"ID3\x04\x00", "text/html", "audio/mpeg"),
        (zipped(), "text/html", "application/zip"),
        (gzip.compress(b"x", mtime=0), "text/html", "application/gzip"),
        (bytes(range(256)), "text/html", "application/octet-stream"),
        (bytes(range(256)), "application/x-own", "application/x-own"),
        (b"just words", None, "text/plain"),
        (b"just words", "text/plain", "text/plain"),
    ],
)
def test_types_are_told_by_header_and_content(body, header, name):
    """What the first bytes tell goes before the header; where they don't, the header stands."""
    assert sniffed_type(body, header) == name


@settings(deadline=None)
@given(st.binary(max_size=400), st.text(max_size=30))
def test_any_body_has_some_class(body, header):
    """No body and no header makes the classification fail."""
    assert classify_page(body, header) in {None, *Reason}


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\x00\x00"])
def test_an_empty_page_is_empty(body):
    """White space alone is empty, whatever the header claims."""
    assert classify_page(body, "text/html") is Reason.EMPTY


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"%PDF-1.4", "text/html"),
        (b'{"a": 1}', "application/json"),
        (b"<rss version='2.0'></rss>", "text/html"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"plain text", "text/plain"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
    ],
)
def test_fault_42_other_types_are_wrong_type(body, header):
    """PDF, JSON, feeds, media and plain text are wrong_type."""
    assert classify_page(body, header) is Reason.WRONG_TYPE


CHALLENGES = [
    b"<html><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and cookies to continue</noscript><script>(function(){window._cf_chl_opt={}}())</script></body></html>",
    b"<html><head><title>site.test</title><script>var dd={'rt':'c','host':'geo.captcha-delivery.com'}</script></head><body><script src='https://ct.captcha-delivery.com/c.js'></script></body></html>",
    b'<html><head><title>Access to this page has been denied.</title></head><body><div id="px-captcha"></div><h1>Before we continue...</h1></body></html>',
    b"<html><head></head><body><iframe src='/_Incapsula_Resource?CWUDNSAI=1'>Request unsuccessful. Incapsula incident ID: 1-2</iframe></body></html>",
    b"<html><head><title>You are being redirected...</title></head><body><noscript>Javascript is required.</noscript><script>var s={},u,c,sucuri_cloudproxy_js=''</script></body></html>",
    b'<html><head><title>Making sure you&#39;re not a bot!</title><script id="anubis_challenge" type="application/json">{}</script></head><body><p>Loading...</p></body></html>',
    b"<html><body><h1>Human Verification</h1><script>window.gokuProps = {}; window.awsWafCookieDomainList = [];</script></body></html>",
    b'<html><head><title>Are you a robot?</title></head><body><form><div class="g-recaptcha" data-sitekey="x"></div></form></body></html>',
]  # fmt: skip


@pytest.mark.parametrize("body", CHALLENGES)
def test_fault_26_challenges_are_told_by_their_make(body):
    """The pages by which common bot defences answer are challenges."""
    assert classify_page(body, "text/html") is Reason.CHALLENGE


@pytest.mark.parametrize(
    "marker",
    [
        b"window._cf_chl_opt={}",
        b"gokuProps",
        b"captcha-delivery.com/x",
        b"id='px-captcha'",
        b'class="g-recaptcha"',
    ],
)
def test_fault_26_articles_with_such_markup_are_left_alone(marker):
    """A page with text, or with the marks of an article, is none, even where a defence's script is in it."""
    script = b"<script>" + marker + b" geo.captcha-delivery.com/ _cf_chl_opt</script>"
    assert classify_page(HTML.replace(b"</body>", script + b"</body>"), "text/html") is None
    short = b"<html><body><article><p>Two lines only.</p></article>" + script + b"</body></html>"
    assert classify_page(short, "text/html") is None


def test_fault_26_an_article_about_challenges_is_none():
    """An article that speaks of captchas and of checking browsers is an article."""
    words = b"Checking your browser, says the page, and Enable JavaScript and cookies to continue. " * 30
    assert classify_page(b"<html><body><p>" + words + b"</p></body></html>", "text/html") is None


def test_fault_26_a_header_says_so():
    """Where a header says that the answer is a challenge, it is."""
    assert is_challenge(b"", {"cf-mitigated": "challenge"})
    assert is_challenge(b"", {"x-amzn-waf-action": "captcha"})
    assert not is_challenge(b"", {"cf-mitigated": "block"})
    assert not is_challenge(HTML, {"server": "cloudflare"})


CONSENT_WALLS = [
    "<html><title>Before you continue</title><body><h1>We value your privacy</h1><p>We and our 842 partners use cookies and personal data. With your consent we store cookies. You may refuse consent or manage cookies at any time in our privacy policy.</p><form action='/collectConsent'><button>Accept all</button><button>Reject all</button></form></body></html>",
    "<html><body><h1>Datenschutz und Cookies</h1><p>Mit Ihrer Einwilligung verwenden wir Cookies. Sie können der Verwendung von Cookies zustimmen oder ein Abo abschließen. Näheres im Datenschutz.</p><button>Zustimmen</button></body></html>",
    "<html><body><p>Avec votre consentement, nous utilisons des cookies et des traceurs. Politique de confidentialité. Gérer les cookies. Données personnelles.</p><button>Accepter</button></body></html>",
    "<html><body><p>Мы используем файлы cookie. Продолжая, вы даёте согласие на обработку персональных данных. Политика конфиденциальности. Согласен. Cookie.</p><input type=submit></body></html>",
]  # fmt: skip


@pytest.mark.parametrize("page", CONSENT_WALLS)
def test_fault_26_consent_walls_are_told_by_their_words(page):
    """A page that asks for consent and shows nothing else is a consent wall."""
    assert classify_page(page.encode(), "text/html; charset=utf-8") is Reason.CONSENT_WALL


def test_fault_26_a_page_with_a_cookie_banner_is_none():
    """An article below a consent dialogue is an article, with and without the marks of one."""
    banner = CONSENT_WALLS[0].partition("<body>")[2].encode()
    assert classify_page(HTML.replace(b"<p>", banner + b"<p>", 1), "text/html") is None
    marked = b"<html><body>" + banner + b"<article><p>Two lines only.</p></article></body></html>"
    assert classify_page(marked, "text/html") is None


def test_fault_26_a_short_story_about_cookies_is_none():
    """A short news item that speaks of cookies and consent without asking for it is none."""
    story = b"<html><body><h1>Court rules on cookies</h1><p>The court ruled that consent to cookies must be given freely. Privacy groups welcomed it. The privacy regulator said cookies need consent.</p></body></html>"
    assert classify_page(story, "text/html") is None


@pytest.mark.quality
def test_no_real_page_is_taken_for_a_challenge_or_a_wall(eval_data):
    """All 254 captured article pages are pages that may hold an article, with and without their header."""
    pages = sorted((eval_data / "extraction").glob("*/html/*.html.gz"))
    assert len(pages) == 153 + 101
    for path in pages:
        body = gzip.decompress(path.read_bytes())
        assert classify_page(body, "text/html") is None, path.name
        assert classify_page(body, None) is None, path.name


def test_stray_nuls_do_not_make_a_page_binary():
    """A page with a few NULs in it is a page; one of random bytes is none."""
    assert classify_page(HTML[:300] + b"\x00\x00\x01" + HTML[300:], "text/html") is None
    assert classify_page(b"\x00\x01\x02\x03abc" * 100, "text/html") is Reason.WRONG_TYPE


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html>\x00\x00\x00<html><body>\x00<p>A text with stray zeros.\x00</p></body></html>" * 2,
        "<html><body><p>Two bytes a letter, and no mark.</p></body></html>".encode("utf-16-le"),
    ],
)
def test_fault_45_a_page_with_zero_bytes_is_a_page_where_its_header_says_so(body):
    """Zeros among the letters make no binary file of what is declared and begins as HTML."""
    assert sniffed_type(body, "text/html; charset=utf-8") == "text/html"
    assert sniffed_type(body, "application/octet-stream") == "application/octet-stream"
