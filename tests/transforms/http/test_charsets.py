"""The encoding of a page: mark, header, declaration, detection, and what wins where they differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.http.charsets import decode_text, known_encoding, page_encoding

RUSSIAN = "Полиция задержала участников беспорядков в центре города, сообщили в прокуратуре. " * 5
GERMAN = "Die Polizei löste die Versammlung auf; über fünfzig Menschen wurden verletzt. " * 5


def page(text, encoding, declared=None):
    meta = f'<meta charset="{declared}">' if declared else ""
    return f"<html><head>{meta}</head><body><p>{text}</p></body></html>".encode(encoding)


@pytest.mark.parametrize(
    ("body", "header", "expected"),
    [
        (page(RUSSIAN, "utf-8"), None, RUSSIAN),
        (page(RUSSIAN, "utf-8"), "text/html; charset=iso-8859-1", RUSSIAN),
        (page(RUSSIAN, "utf-8", "windows-1251"), None, RUSSIAN),
        (page(RUSSIAN, "cp1251"), "text/html; charset=windows-1251", RUSSIAN),
        (page(RUSSIAN, "cp1251", "windows-1251"), None, RUSSIAN),
        (page(RUSSIAN, "cp1251", "windows-1251"), "text/html; charset=utf-8", RUSSIAN),
        (page(RUSSIAN, "koi8-r", "koi8-r"), "text/html", RUSSIAN),
        (page(RUSSIAN, "cp1251"), None, RUSSIAN),
        (page(GERMAN, "latin-1", "iso-8859-1"), None, GERMAN),
        (page("„Zitat“ – €5", "cp1252", "iso-8859-1"), None, "„Zitat“ – €5"),
        (page("警察逮捕了抗议者", "gb18030", "gb2312"), None, "警察逮捕了抗议者"),
        (page("警察はデモ隊を逮捕した", "cp932", "shift_jis"), None, "警察はデモ隊を逮捕した"),
        (
            page("경찰이 시위대를 체포했다", "cp949"),
            'text/html; charset="EUC-KR"',
            "경찰이 시위대를 체포했다",
        ),
        (page(RUSSIAN, "utf-8-sig"), "text/html; charset=windows-1251", RUSSIAN),
        (page(RUSSIAN, "utf-16"), None, RUSSIAN),
        (page(RUSSIAN, "utf-8", "utf-16"), None, RUSSIAN),
        (page(RUSSIAN, "utf-8", "no-such-thing"), "text/html; charset=nor-this", RUSSIAN),
        (b"<!-- <meta charset=koi8-r> -->" + page(RUSSIAN, "cp1251", "windows-1251"), None, RUSSIAN),
        (f'<?xml version="1.0" encoding="windows-1251"?><html>{RUSSIAN}'.encode("cp1251"), None, RUSSIAN),
        (
            f'<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><p>{RUSSIAN}'.encode(
                "cp1251"
            ),
            None,
            RUSSIAN,
        ),
    ],
)
def test_the_right_text(body, header, expected):
    """Common encodings, right and wrong labels: the text comes out right."""
    assert expected.strip() in decode_text(body, header)


def test_one_bad_byte_leaves_the_rest_intact():
    """A page declared as UTF-8 with one bad byte stays UTF-8, with one replacement character."""
    body = page(RUSSIAN, "utf-8", "utf-8").replace(
        "города".encode(), "горо".encode() + b"\xff" + "да".encode(), 1
    )
    text = decode_text(body, "text/html; charset=utf-8")
    assert text.count("\ufffd") == 1
    assert text.count("Полиция") == 5


def test_a_page_cut_within_a_character_is_utf_8():
    """A body that ends in the middle of a character is UTF-8 all the same."""
    assert page_encoding(RUSSIAN.encode()[:-3], None) == "utf-8"


@pytest.mark.parametrize(
    "label",
    ["base64", "rot13", "hex", "zlib_codec", "idna", "unicode_escape", "undefined", "", "\x00", "x" * 500],
)
def test_labels_that_mean_no_text_encoding_are_unknown(label):
    """Python's codecs that are no character encodings can't be asked for by a page."""
    assert known_encoding(label) is None


@settings(deadline=None)
@given(
    st.binary(max_size=500),
    st.one_of(
        st.none(),
        st.text(max_size=30),
        st.sampled_from(["text/html; charset=utf-7", "charset=idna", "charset='"]),
    ),
)
def test_any_bytes_become_text(body, header):
    """Any bytes under any header become text that UTF-8 can hold, or at worst replacement characters."""
    assert isinstance(decode_text(body, header), str)
