"""The promises of transforms.urls: the vectors here freeze the identity of articles."""

import hashlib
import string
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.tracking import is_tracking_parameter
from transforms.urls import (
    MAX_URL_LENGTH,
    BadUrl,
    article_id,
    canonical_url,
    fetchable_url,
    host_bucket,
    host_of,
    url_key,
)

VECTORS = [
    # Scheme and host.
    ("HTTP://Example.COM/Path", "http://example.com/Path"),
    ("https://example.com", "https://example.com/"),
    ("https://example.com?q=1", "https://example.com/?q=1"),
    ("http://example.com:80/", "http://example.com/"),
    ("https://example.com:443/", "https://example.com/"),
    ("http://example.com:443/", "http://example.com:443/"),
    ("http://example.com:0080/", "http://example.com/"),
    ("http://example.com:/", "http://example.com/"),
    ("http://example.com:8080/", "http://example.com:8080/"),
    ("http://example.com./", "http://example.com/"),
    ("http://user:secret@example.com/", "http://example.com/"),
    ("http://user@name:secret@example.com/", "http://example.com/"),
    ("http://under_score.example.com/", "http://under_score.example.com/"),
    ("http://r3---sn-abc.example.com/", "http://r3---sn-abc.example.com/"),
    # International names.
    ("http://bücher.example/", "http://xn--bcher-kva.example/"),
    ("http://BÜCHER.example/", "http://xn--bcher-kva.example/"),
    ("http://xn--BCHER-kva.example/", "http://xn--bcher-kva.example/"),
    ("http://faß.example/", "http://xn--fa-hia.example/"),
    ("http://новости.рф/", "http://xn--b1amnebsh.xn--p1ai/"),
    ("http://例え。テスト/", "http://xn--r8jz45g.xn--zckzah/"),
    ("http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/"),
    ("http://ｅｘａｍｐｌｅ.com/", "http://example.com/"),
    # Addresses.
    ("http://127.1/", "http://127.0.0.1/"),
    ("http://127.0.1/", "http://127.0.0.1/"),
    ("http://2130706433/", "http://127.0.0.1/"),
    ("http://0x7f000001/", "http://127.0.0.1/"),
    ("http://0x7F.0.0.0x1/", "http://127.0.0.1/"),
    ("http://0177.0.0.01/", "http://127.0.0.1/"),
    ("http://017700000001/", "http://127.0.0.1/"),
    ("http://１２７.0.0.1/", "http://127.0.0.1/"),
    ("http://0/", "http://0.0.0.0/"),
    ("http://192.0.2.1./", "http://192.0.2.1/"),
    ("http://[2001:DB8:0:0::1]:80/", "http://[2001:db8::1]/"),
    ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    # Paths.
    ("http://example.com/a/./b/../c", "http://example.com/a/c"),
    ("http://example.com/../../a", "http://example.com/a"),
    ("http://example.com/a/..", "http://example.com/"),
    ("http://example.com/a/.", "http://example.com/a/"),
    ("http://example.com/a/%2e%2E/b", "http://example.com/b"),
    ("http://example.com//a//b/", "http://example.com//a//b/"),
    ("http://example.com/a#fragment", "http://example.com/a"),
    ("http://example.com/#!/a", "http://example.com/"),
    # Percent-encoding.
    ("http://example.com/%7euser/%41", "http://example.com/~user/A"),
    ("http://example.com/a%2fb%3f", "http://example.com/a%2Fb%3F"),
    ("http://example.com/ü?q=ü", "http://example.com/%C3%BC?q=%C3%BC"),
    ("http://example.com/%c3%bc", "http://example.com/%C3%BC"),
    ("http://example.com/a b", "http://example.com/a%20b"),
    ('http://example.com/"<>^`{|}\\', "http://example.com/%22%3C%3E%5E%60%7B%7C%7D%5C"),
    ("http://example.com/100%", "http://example.com/100%25"),
    ("http://example.com/%zz%4", "http://example.com/%25zz%254"),
    ("http://example.com/?q=a+b%20c%2B", "http://example.com/?q=a+b%20c%2B"),
    # Queries.
    ("http://example.com/?b=2&a=1&b=1", "http://example.com/?b=2&a=1&b=1"),
    ("http://example.com/?a=&b", "http://example.com/?a=&b"),
    ("http://example.com/?", "http://example.com/"),
    ("http://example.com/?a=1&&b=2", "http://example.com/?a=1&&b=2"),
    # Tracking.
    ("http://example.com/?utm_source=rss&id=7&utm_medium=feed", "http://example.com/?id=7"),
    ("http://example.com/?utm_source=rss", "http://example.com/"),
    ("http://example.com/?UTM_Source=x&%75tm_id=1&a=1", "http://example.com/?a=1"),
    (
        "http://example.com/?fbclid=x&gclid=y&msclkid=z&yclid=w&mc_cid=1&xtor=RSS-1&a=1",
        "http://example.com/?a=1",
    ),
    ("http://example.com/?ref=home&source=a&id=1", "http://example.com/?ref=home&source=a&id=1"),
    # White space and controls.
    ("  http://example.com/a \n", "http://example.com/a"),
    ("http://exam\nple.com/a\tb", "http://example.com/ab"),
    ("\ufeffhttp://example.com/", "http://example.com/"),
]


@pytest.mark.parametrize(("url", "expected"), VECTORS)
def test_the_vectors_hold(url, expected):
    """Every spelling has the canonical form that was frozen for it, which is its own canonical form."""
    assert canonical_url(url) == expected
    assert canonical_url(expected) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "example.com/feed",
        "//example.com/",
        "/path",
        "http:example.com",
        "http:/example.com",
        "http://",
        "http:///path",
        "http://?q",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:someone@example.com",
        "feed://example.com/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://example.com:port/",
        "http://example.com:٣/",
        "http://a..b/",
        "http://.example.com/",
        "http://-a.com/",
        "http://a-.com/",
        "http://exa mple.com/",
        "http://exa<mple.com/",
        "http://good.com\\@evil.com/",
        "http://example.com/\x00a",
        "http://example.com/\x7fa",
        "http://example.com/\ud800",
        "http://1.2.3.256/",
        "http://1.2.3.4.5/",
        "http://4294967296/",
        "http://1.2.3.08/",
        "http://a.b.1/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://[1.2.3.4]/",
        "http://☃.example/",
        "http://xn--a.example/",
        "http://xn--0.example/",
        "http://a\u200d.example/",
        "http://%ff.example/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 130 + "example/",
        "http://example.com/" + "a" * MAX_URL_LENGTH,
        "http://example.com/" + "a" * 1_000_000,
    ],
)
def test_what_cannot_be_fetched_is_refused_in_one_sentence(url):
    """Other schemes, missing or impossible hosts and control characters are refused, and the message says why."""
    with pytest.raises(BadUrl) as caught:
        canonical_url(url)
    assert "\n" not in str(caught.value)
    assert 10 < len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "url", ["http://me:hunter2@exa mple.com/?token=hunter2", "http://me:hunter2@/hunter2"]
)
def test_no_message_quotes_a_secret(url):
    """User information, paths and queries never reach a message."""
    with pytest.raises(BadUrl) as caught:
        canonical_url(url)
    assert "hunter2" not in str(caught.value)


def test_9_user_information_and_control_characters():
    """Fault 9: user information is removed, breaks inside are removed as browsers do, other controls are refused."""
    assert canonical_url("http://user:password@example.com/a") == "http://example.com/a"
    assert canonical_url("http://example.com/\r\na") == "http://example.com/a"
    with pytest.raises(BadUrl):
        canonical_url("http://example.com/\x01a")


def test_10_international_names():
    """Fault 10: a good international name becomes punycode, a bad one is refused."""
    assert host_of("http://bücher.example/") == "xn--bcher-kva.example"
    with pytest.raises(BadUrl):
        host_of("http://xn--ls8h=.example/")


def test_fetchable_keeps_tracking_and_nothing_else():
    """What is asked for is the listed URL, spelt safely: tracking parameters may steer a redirect service."""
    assert fetchable_url("HTTP://me:pw@A.test/?utm_source=x&a=1#f") == "http://a.test/?utm_source=x&a=1"


def test_ids_are_those_of_the_design():
    """An article's id is the first 128 bits of the SHA-256 of its canonical URL, as hex and as bytes."""
    url = "https://example.com/a"
    digest = hashlib.sha256(url.encode()).hexdigest()
    assert article_id(url) == digest[:32]
    assert url_key(url) == bytes.fromhex(digest[:32])


def test_hosts_and_buckets():
    """A bucket follows from host and port alone, and is the same on every machine."""
    assert host_of("http://[2001:DB8::1]:8080/") == "2001:db8::1"
    assert host_bucket("http://Example.com/a", 16) == host_bucket("http://example.com:80/b?c", 16)
    assert host_bucket("https://example.com/a", 16) == host_bucket("http://example.com/", 16)
    assert host_bucket("http://example.com/", 1) == 0
    assert {host_bucket(f"http://h{n}.test/", 8) for n in range(200)} == set(range(8))
    assert [host_bucket(f"http://h{n}.test/", 1000) for n in range(3)] == [943, 87, 154]


_component = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="/?#\\"), max_size=12
)
_hosts = st.sampled_from(
    ["example.com", "EXAMPLE.com.", "bücher.example", "127.1", "[2001:db8::1]", "a_b.test"]
)
_names = st.sampled_from(["a", "b", "utm_source", "fbclid", "q", "UTM_x", "gclid", "page"]) | _component
_fields = st.tuples(_names, st.sampled_from(["", "="]), _component).map("".join)
_urls = st.builds(
    lambda scheme, host, port, segments, fields, end: (
        f"{scheme}://{host}{port}/{'/'.join(segments)}{'?' if fields else ''}{'&'.join(fields)}{end}"
    ),
    st.sampled_from(["http", "HTTPS"]),
    _hosts,
    st.sampled_from(["", ":80", ":443", ":8080", ":"]),
    st.lists(_component | st.sampled_from([".", "..", "%2e", "%7E", "%zz"]), max_size=5),
    st.lists(_fields, max_size=5),
    st.sampled_from(["#", "#fragment"]),
)


@given(_urls)
def test_canonical_is_idempotent(url):
    """The canonical form of a canonical form is itself."""
    canonical = canonical_url(url)
    assert canonical_url(canonical) == canonical
    assert canonical_url(fetchable_url(url)) == canonical


@given(_urls)
def test_canonical_is_ascii_and_has_no_tracking(url):
    """A canonical URL is plain ASCII without fragment, user information or tracking parameters."""
    canonical = canonical_url(url)
    assert canonical.isascii()
    assert canonical.isprintable()
    assert not set(canonical) & set('# "<>\\^`{|}')
    query = urlsplit(canonical).query
    assert not any(is_tracking_parameter(field.partition("=")[0]) for field in query.split("&"))


@given(_urls)
def test_canonical_never_changes_what_is_fetched(url):
    """Beside tracking parameters, a server reads the same from both: parameters in their order, and the path."""
    canonical = urlsplit(canonical_url(url))
    before, _, _ = url.partition("#")
    path, _, query = before.partition("?")
    expected = [
        pair
        for pair in parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        if not is_tracking_parameter(pair[0])
    ]
    read = parse_qsl(canonical.query, keep_blank_values=True, errors="surrogateescape")
    assert [pair for pair in read if pair != ("", "")] == [pair for pair in expected if pair != ("", "")]
    segments = path.split("/")[3:]
    if not any(unquote(segment) in {".", ".."} for segment in segments):
        assert [unquote(part) for part in canonical.path.split("/")[1:]] == [
            unquote(part) for part in segments
        ]


@given(st.text(max_size=60) | st.text(string.printable, max_size=60).map(lambda text: f"http://{text}"))
def test_any_text_is_normalised_or_refused(text):
    """No text raises anything but BadUrl, and what is accepted is stable and has a host."""
    try:
        canonical = canonical_url(text)
    except BadUrl:
        return
    assert canonical_url(canonical) == canonical
    assert host_of(canonical)
