"""The demo's pages: articles, paywalls, homepages and empty shells, each publisher in a template of its own."""

import json
from html import escape
from importlib import resources
from string import Template

from pipeline.demo.feeds import CONTENT_TYPES
from pipeline.demo.publishers import Publisher, Story

RIGHT_TO_LEFT = frozenset({"ar"})


def article_page(publisher: Publisher, story: Story) -> bytes:
    """A story's page, with everything around it: navigation, teasers, notices, comments, footer."""
    paragraphs = story.paragraphs
    body = "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return _render(publisher, publisher.template, _story_values(publisher, story) | {"body": body})


def paywall_page(publisher: Publisher, story: Story) -> bytes:
    """What a story's page shows to whoever has no subscription: the headline and an invitation to subscribe."""
    return _render(publisher, "paywall.html", _story_values(publisher, story) | {"body": ""})


def home_page(publisher: Publisher) -> bytes:
    """The publisher's front page: a list of stories, and a link to the feed for machines."""
    values = {
        "feed_url": escape(publisher.feed_url),
        "feed_type": CONTENT_TYPES[publisher.feed.format],
        "stories": _teasers(publisher, publisher.stories),
    }
    return _render(publisher, "home.html", values)


def shell_page(publisher: Publisher) -> bytes:
    """A page that shows nothing unless its scripts run."""
    return _render(publisher, "shell.html", {})


def _render(publisher: Publisher, template: str, values: dict[str, str]) -> bytes:
    source = (resources.files(__package__) / "templates" / template).read_text(encoding="utf-8")
    sections = "\n".join(
        f'<li><a href="/#{n}">{escape(s)}</a></li>' for n, s in enumerate(publisher.sections)
    )
    common = {key: escape(text) for key, text in publisher.phrases.items()} | {
        "lang": publisher.lang,
        "direction": "rtl" if publisher.lang in RIGHT_TO_LEFT else "ltr",
        "charset": publisher.encoding,
        "site": escape(publisher.name),
        "home": escape(publisher.url("/")),
        "sections": sections,
    }
    page = Template(source).substitute(common | values)
    return page.encode(publisher.encoding, errors="xmlcharrefreplace")


def _story_values(publisher: Publisher, story: Story) -> dict[str, str]:
    others = [other for other in publisher.stories if other is not story]
    at = story.published
    url = publisher.url(story.path)
    return {
        "url": escape(url),
        "title": escape(story.title),
        "summary": escape(story.summary),
        "section": escape(story.section),
        "authors": escape(", ".join(story.authors)),
        "byline": escape(publisher.phrases["by"].format(authors=", ".join(story.authors)))
        if story.authors
        else "",
        "published": at.isoformat(),
        "date": escape(publisher.phrases["date"].format(day=at.day, time=f"{at:%H:%M}")),
        "json_ld": _json_ld(publisher, story, url),
        "teasers": _teasers(publisher, others[:3]),
        "headlines": "\n".join(
            f'<li><a href="{escape(other.path)}">{escape(other.title)}</a></li>' for other in others[-3:]
        ),
        "comments": "\n".join(f'<li class="comment"><p>{escape(c)}</p></li>' for c in story.comments),
    }


def _teasers(publisher: Publisher, stories: tuple[Story, ...] | list[Story]) -> str:
    return "\n".join(
        f'<div class="teaser"><h3><a href="{escape(publisher.url(story.path))}">{escape(story.title)}</a></h3>'
        f"<p>{escape(story.summary)}</p></div>"
        for story in stories
    )


def _json_ld(publisher: Publisher, story: Story, url: str) -> str:
    organisation = {"@type": "NewsMediaOrganization", "name": publisher.name, "url": publisher.url("/")}
    article = {
        "@type": "NewsArticle",
        "@id": f"{url}#article",
        "mainEntityOfPage": url,
        "headline": story.title,
        "description": story.summary,
        "datePublished": story.published.isoformat(),
        "dateModified": story.published.isoformat(),
        "articleSection": story.section,
        "inLanguage": publisher.lang,
        "author": [{"@type": "Person", "name": author} for author in story.authors],
        "publisher": organisation,
        "isAccessibleForFree": not story.paywall,
    }
    crumbs = {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "name": story.section}]}
    graph = {"@context": "https://schema.org", "@graph": [article, crumbs]}
    # A closing tag inside a string would end the script element.
    return json.dumps(graph, ensure_ascii=False, indent=1).replace("</", "<\\/")
