"""What a page's site calls itself, so that titles and bylines can be told from it."""

from urllib.parse import urlsplit

from transforms.extraction.hints import squeeze
from transforms.extraction.structured_data import StructuredData, text_of
from transforms.extraction.vocabulary import word_set

_LONGEST = 40
_GENERIC = word_set("www com org net co news de fr es it uk edu gov info html amp mobile m web online")


def site_names(data: StructuredData, url: str, feed_title: str | None) -> frozenset[str]:
    """The site's names, squeezed: as meta elements, the publisher in JSON-LD, the host and the feed give them."""
    names = [
        data.first_meta("og:site_name"),
        data.first_meta("application-name"),
        data.first_meta("apple-mobile-web-app-title"),
        feed_title,
        (data.first_meta("twitter:site") or "").lstrip("@"),
        (data.first_meta("twitter:creator") or "").lstrip("@"),
    ]
    names += [text_of(node.get("publisher")) for node in (*data.articles, *data.pages)]
    for address in (url, data.canonical, data.first_meta("og:url")):
        host = _host(address)
        names += [label for label in host.split(".") if label not in _GENERIC and not label.isdigit()]
        names.append(host.removeprefix("www."))
    titles = {squeeze(text) for node in data.articles if (text := text_of(node.get("headline")))}
    squeezed = {squeeze(name) for name in names if name and "://" not in name}
    return frozenset(name for name in squeezed - titles if 0 < len(name) < _LONGEST)


def _host(address: str | None) -> str:
    try:
        return urlsplit(address or "").hostname or ""
    except ValueError:
        return ""


def is_site(text: str, names: frozenset[str]) -> bool:
    """Whether the text is the site's name, or a longer or shorter form of it."""
    known = squeeze(text)
    if not known:
        return False
    if len(text) < 30 and squeeze(text.split(maxsplit=1)[0]) in names:
        return True
    return any(
        known == name or (len(name) > 3 and name in known) or (len(known) > 3 and known in name)
        for name in names
    )
