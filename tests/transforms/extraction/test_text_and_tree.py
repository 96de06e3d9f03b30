"""The small parts that extraction rests on: stored text, the tree, the words of classes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.extraction import tree
from transforms.extraction.plain_text import line, paragraphs
from transforms.extraction.vocabulary import is_clutter, is_embed, is_standfirst, words


@given(st.text())
def test_stored_text_is_valid_and_tidy(text):
    """Any text becomes storable: no controls or lone surrogates, no empty lines, and no change the second time."""
    for kept in (paragraphs(text), line(text)):
        kept.encode("utf-8")
        assert not any(ord(letter) < 32 and letter != "\n" for letter in kept)
        assert kept == kept.strip()
        assert "\n\n" not in kept
    assert paragraphs(paragraphs(text)) == paragraphs(text)
    assert "\n" not in line(text)


@pytest.mark.parametrize(
    ("names", "clutter"),
    [
        ("article-share__list", True),
        ("ArticleRelatedPosts relatedPosts", True),
        ("barcelona advertencia", False),
        ("has-sidebar no-comments", False),
        ("hidden", True),
        ("hidden md:block", False),
        ("sc-bZkfAdO css-1navad9", False),
        ("ad", True),
        ("top-ad_slot", True),
        ("cookie-notice", True),
        ("article-body", False),
    ],
)
def test_words_of_classes(names, clutter):
    """Classes are read as words: states, conditions and hashes say nothing."""
    assert is_clutter(names) is clutter


def test_standfirsts_and_embeds():
    """The classes of standfirsts and of embedded posts are told from others."""
    assert is_standfirst("article__standfirst")
    assert not is_standfirst("leadership")
    assert is_embed("social-embed")
    assert not is_embed("embed related")
    assert words("oneTwo three_FOUR") >= {"three", "four"}


def test_the_text_stays_when_wrappers_go():
    """Flattening takes out wrappers beyond the limit; words, paragraphs and their order stay."""
    root = tree.parse("<div>a" * 500 + "<p>one</p>b<p>two</p>" + "</div>c" * 500)
    assert root is not None
    before = "".join(root.itertext())
    assert tree.flatten(root) > 500
    assert "".join(root.itertext()) == before
    assert len(root.findall(".//p")) == 2
    assert max(sum(1 for _ in part.iterancestors()) for part in root.iter("p")) <= tree.MAX_DEPTH + 1


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_markup_parses_or_gives_none(markup):
    """Parsing text of any sort gives a tree or None."""
    root = tree.parse(markup)
    assert root is None or root.tag == "html"
