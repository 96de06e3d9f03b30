"""Who wrote an article: names without roles or "By", each once, none invented."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import html

from schemas.entries import Entry
from transforms.extraction.plain_text import line
from transforms.extraction.site_names import is_site
from transforms.extraction.structured_data import StructuredData
from transforms.extraction.vocabulary import class_of, word_set, words

_META = (
    "author",
    "article:author",
    "article:author:name",
    "articleauthor",
    "parsely-author",
    "sailthru.author",
    "og:author",
    "og:article:author",
    "byl",
    "dc.creator",
    "dcterms.creator",
    "cxenseparse:author",
    "article:byline",
)
_OPENING = re.compile(
    r"^(?:(?:written|reported|story|words|text|texto|texte|testo|foto|fotos|photos?)\s+)?"
    r"(?:by|von|vom|par|por|di|da|de la|av|af|door|przez|od|автор|авторы|текст|autor|autorin|autoren|author|authors|"
    r"auteur|redaktion|redakcja|text|texte|texto)\s*:?\s+(?=\S)",
    re.IGNORECASE,
)
_COLON = re.compile(
    r"^(?:\w+\s+)?(?:by|von|author|authors|autor|autoren|автор|авторы|text|byline)\s*:\s*", re.IGNORECASE
)
_APART = re.compile(r"\s*[;|、，\n]\s*|\s*,\s+|\s+[/•·]\s+")
_TOGETHER = re.compile(r"\s+(?:and|und|et|y|e|och|og|en|&|und|и|та|ve|ja|i|a|z)\s+", re.IGNORECASE)
_SUFFIX = re.compile(r"^(?:jr|sr|ph\.?d|m\.?d|ii|iii|iv|esq|dr|prof|mba|llm|ma)\.?$", re.IGNORECASE)
_ROLE = re.compile(
    r"\b(?:reporter|editors?|correspondent|columnist|journalist|contributors?|producer|writer|redakteure?|redakteurin|"
    r"korrespondent(?:in)?|journalistin?|volont[äa]r(?:in)?|r[ée]dacteur|r[ée]dactrice|correspondant|redactora?|periodista|"
    r"giornalista|журналист|корреспондент|редактор)\b|기자$|특파원$|記者$",
    re.IGNORECASE,
)
_TRAILING_ROLE = re.compile(
    r"\s*(?:선임)?(?:기자|특파원|인턴기자)$|\s*記者$|\s*\((?:[\w.]+\.\w+|dpa|afp|ap|reuters|pap)\)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\(?(?:\S+@\S+|https?://\S+|www\.[^\s)]+)\)?|^@\w+$")
_BYLINE_WORDS = word_set("author authors autor autoren autore auteur byline bylines writer autorin")
_ELSEWHERE = word_set("comment comments related teaser sidebar footer nav menu recommended card reply quote")
_LONGEST_BYLINE = 100
_BYLINE_TAGS = ("a", "address", "div", "span", "p", "li", "em", "strong", "cite")
_PROFILE = re.compile(
    r"/(?:authors?|autor(?:en|es|i|in)?|auteurs?|profiles?|people|reporters?|journalists?|staff|by)/[^?#]{3,}",
    re.IGNORECASE,
)
_NAME_WORD = re.compile(r"^[^\W\d_][\w’'.\-]*$")


def authors(
    root: html.HtmlElement, data: StructuredData, entry: Entry, sites: frozenset[str]
) -> tuple[str, ...]:
    """The authors' names as JSON-LD, meta elements, the page's byline or the feed give them, in this order.

    A source that names nobody but the site itself counts only where no other names a person, and least where it but
    repeats the publisher.
    """
    institution: tuple[str, ...] = ()
    publisher = _distinct(name for node in data.articles for name in _declared(node.get("publisher"), data))
    for mixed, found in _sources(root, data, entry):
        names = _distinct(found)
        persons = tuple(name for name in names if len(name.split()) > 2 or not is_site(name, sites))
        if persons:
            return persons if mixed else names
        if names and (not institution or institution == publisher):
            institution = names
    return institution


def _sources(root: html.HtmlElement, data: StructuredData, entry: Entry) -> Iterator[tuple[bool, list[str]]]:
    """Lists of names, each with whether it may mix the site's name with those of persons."""
    for node in data.articles:
        yield False, list(_declared(node.get("author") or node.get("creator"), data))
    for name in _META:
        contents = data.meta.get(name, [])
        yield len(contents) > 1, contents
    if not any(_is_called_person(node.get("author")) for node in data.articles):
        yield True, _byline(root)
        yield True, _signature(root)
    yield False, list(entry.authors)


def _is_called_person(author: Any) -> bool:
    """Whether JSON-LD calls its author a person, so that the name is meant even where it is the site's."""
    first = author[0] if isinstance(author, list) and author else author
    return isinstance(first, dict) and first.get("@type") == "Person" and bool(first.get("name"))


def _signature(root: html.HtmlElement) -> list[str]:
    """The name in the last paragraph that is set to the right, as signatures are."""
    for element in reversed(list(root.iter("p"))):
        style = element.get("style")
        if not (style and "text-align:right" in style.replace(" ", "")) and element.get("align") != "right":
            continue
        names = list(names_in(line(" ".join(element.itertext()))))
        if names and all(map(_is_person, names)) and not stands_elsewhere(element):
            return names
    return []


def _declared(value: Any, data: StructuredData) -> Iterator[str]:
    """The names in a JSON-LD author: a string, a node, a reference to one, or a list of them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value[:30]:
            yield from _declared(item, data)
    elif isinstance(value, dict):
        node = (
            value if "name" in value or "familyName" in value else data.nodes.get(str(value.get("@id")), {})
        )
        name = node.get("name")
        if isinstance(name, list):
            yield from (item for item in name if isinstance(item, str))
        elif isinstance(name, str) and name.strip():
            yield name
        elif isinstance(node.get("familyName"), str):
            yield f"{node.get('givenName') or ''} {node['familyName']}"


def _byline(root: html.HtmlElement) -> list[str]:
    """The names in the first element of the page that is marked as a byline and reads like one."""
    for element in root.iter(*_BYLINE_TAGS):
        if not _is_byline(element) or stands_elsewhere(element):
            continue
        marked = [part for part in element.iter(*_BYLINE_TAGS) if _is_byline(part)]
        holders = {outer for part in marked for outer in part.iterancestors()}
        names = [name for part in marked if part not in holders for name in _persons_in(part)]
        names = names or _persons_in(element)
        if names:
            return names
    return []


def _persons_in(element: html.HtmlElement) -> list[str]:
    """The names in a short byline that begins with a person's."""
    text = line(" ".join(element.itertext()))
    if len(text) >= _LONGEST_BYLINE:
        return []
    names = [name for name in names_in(text) if not any(map(str.isdigit, name))]
    return names if names and _is_person(names[0]) else []


def _is_byline(element: html.HtmlElement) -> bool:
    attributes = element.attrib
    if element.tag == "a":
        if attributes.get("rel") == "author":
            return True
        href = attributes.get("href")
        if href and _PROFILE.search(href):
            return True
    if "author" in attributes.get("itemprop", ""):
        return True
    names = class_of(element)
    return names is not None and not _BYLINE_WORDS.isdisjoint(words(names))


def stands_elsewhere(element: html.HtmlElement) -> bool:
    """Whether the element belongs to comments, teasers or the page's frame rather than to the article.

    What holds the page's h1 as well belongs to the article, whatever its class says.
    """
    for part in (element, *element.iterancestors()):
        if part.tag in {"body", "html"} or next(part.iter("h1"), None) is not None:
            return False
        names = class_of(part)
        if part.tag in {"aside", "footer", "nav"} or (
            names is not None and not _ELSEWHERE.isdisjoint(words(names))
        ):
            return True
    return False


def _is_person(name: str) -> bool:
    """Whether the text looks like a person's name: two to four words, letters alone, capitalised where possible."""
    parts = name.split()
    if not 2 <= len(parts) <= 4 or not all(map(_NAME_WORD.match, parts)):
        return False
    return all(not part[0].islower() or len(part) <= 3 for part in parts) and not parts[0][0].islower()


def _distinct(found: Iterable[str]) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for text in found:
        for name in names_in(text):
            names.setdefault(name.casefold(), name)
    return tuple(names.values())[:20]


def names_in(text: str) -> Iterator[str]:
    """The names in a byline, each without opening words, roles and addresses."""
    if len(text) > 400:
        return
    text = _COLON.sub("", _OPENING.sub("", _ADDRESS.sub("", line(text)).strip()))
    parts = [part for part in _APART.split(text) if part]
    several = len(parts) > 1
    for part in parts:
        halves = _TOGETHER.split(part)
        whole = several or all(len(half.split()) > 1 for half in halves)
        for half in halves if whole else [part]:
            name = _TRAILING_ROLE.sub("", _OPENING.sub("", half)).strip(" .,-–—:")
            if _is_name(name) and not (several and _ROLE.search(name)):
                yield name


def _is_name(name: str) -> bool:
    if not 2 <= len(name) <= 80 or len(name.split()) > 8 or not any(map(str.isalpha, name)):
        return False
    return not _SUFFIX.match(name)
