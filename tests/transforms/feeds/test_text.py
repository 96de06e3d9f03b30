"""The promises of transforms.feeds.markup, mojibake and encoding."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.feeds.encoding import text_of
from transforms.feeds.markup import clean_text, one_line, plain_text
from transforms.feeds.mojibake import mended


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("<p>One\n  more</p>\n\n<p>Two</p>", "One more\nTwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("x <b>bold</b>ly <i>done</i>", "x boldly done"),
        ("<!-- no --><script>no</script><style>no</style>yes", "yes"),
        ("&lt;kept&gt; &amp; &eacute;&nbsp;&#8217;", "<kept> & é ’"),
        ("no mark-up\nat all", "no mark-up\nat all"),
        ("1 < 2 & 3", "1 < 2 & 3"),
        ("<p>unclosed <b>tags", "unclosed tags"),
        ("<img src='x' alt='y'>", None),
        ("", None),
    ],
)
def test_html_becomes_plain_text(markup, text):
    """Blocks are paragraphs, inline mark-up leaves no trace, entities are characters."""
    assert plain_text(markup, is_html=True) == (text, False)


def test_deep_and_long_html_is_read_in_time():
    """Nesting and length cost neither a crash nor the text."""
    started = time.perf_counter()
    assert plain_text("<div>" * 50_000 + "deep", is_html=True)[0] == "deep"
    assert plain_text("<b><i>" * 5_000 + "x" + "</b>" * 5_000, is_html=True)[0] == "x"
    assert time.perf_counter() - started < 5


@given(st.text(alphabet=st.characters(), max_size=100), st.booleans())
def test_any_text_is_clean(text, is_html):
    """Whatever comes in, what comes out can be written, and cleaning again changes nothing."""
    found, _ = plain_text(text, is_html=is_html)
    (found or "").encode()
    assert "\0" not in (found or "")
    assert clean_text(clean_text(text)) == clean_text(text)
    assert one_line(text, 10) is None or 0 < len(one_line(text, 10)) <= 10


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("cafÃ©", "café"),
        ("electâ€™s", "elect’s"),
        ("Â«motÂ»", "«mot»"),
        ("Ð¡ÑƒÐ´", "Суд"),
        ("“CAFÉ”", "“CAFÉ”"),
        ("CAFÉ’s", "CAFÉ’s"),
        ("naïve São Tomé", "naïve São Tomé"),
        ("half Ã© and é", "half é and é"),
        ("“Ð° and б”", "“Ð° and б”"),
        ("plain", "plain"),
    ],
)
def test_double_encodings_are_undone(text, right):
    """UTF-8 read as windows-1252 is mended; text that only looks a little like it stays."""
    assert mended(text) == right


@given(
    st.text(st.sampled_from("абвгдежзийклмнопрстуфхцчшщъыьэюя «»éèüßçñ"), min_size=6).filter(
        lambda text: not text.isspace()
    )
)
def test_mending_is_the_inverse_of_the_damage(text):
    """Letters of several alphabets survive the damage, byte for byte."""
    damaged = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())
    assert mended(damaged) in {text, damaged}
    if sum(not character.isascii() for character in text) > 1:
        assert mended(damaged) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Суд приговорил участников беспорядков к трём годам лишения свободы. ", "cp1251"),
        ("Sąd skazał trzech mężczyzn za udział w zamieszkach, które wybuchły. ", "cp1250"),
        ("Le tribunal a condamné trois hommes à des peines de prison ferme l'été dernier. ", "cp1252"),
        ("Το δικαστήριο καταδίκασε τρεις άνδρες για τη συμμετοχή τους. ", "cp1253"),
        ("裁判所は昨年の暴動に参加した三人の男に懲役刑を言い渡した。", "cp932"),
    ],
)
def test_an_undeclared_charset_is_found(text, encoding):
    """Where nothing is declared, the bytes themselves tell."""
    assert text_of((text * 5).encode(encoding)) == text * 5


def test_few_chinese_letters_are_not_taken_for_utf8():
    """Bytes that are valid UTF-8 by chance are read as declared: "联通" in GBK is the known case."""
    document = '<?xml version="1.0" encoding="gb2312"?><rss><title>联通</title></rss>'
    assert "联通" in text_of(document.encode("gbk"))
    assert "联通" in text_of(document.encode("utf-8"))


@given(st.binary(max_size=200), st.none() | st.text(max_size=40))
def test_no_bytes_raise(data, content_type):
    """Any bytes under any header are text."""
    text_of(data, content_type).encode("utf-8", "surrogatepass")


@given(st.text(st.characters(codec="utf-8"), max_size=100))
def test_utf8_is_read_as_it_is(text):
    """Valid UTF-8 comes out as it went in, whatever is declared; a byte order mark is no text."""
    if text.isascii() or text.startswith(("\ufeff", "\0", "<", "{")):
        return
    assert text_of(text.encode(), "text/xml; charset=windows-1251") == text
    assert text_of(b"\xef\xbb\xbf" + text.encode()) == text
