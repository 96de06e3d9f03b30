"""A taxonomy while its files are being read, and the parts that every section of them is made of."""

import dataclasses
import re

from transforms.topics.languages import language
from transforms.topics.taxonomy import Damper, Example, GroupTerm, Modality, TopicSpec
from transforms.topics.terms import TermError, read_term
from transforms.topics.yaml_nodes import Node, did_you_mean

_NAME = re.compile(r"[a-z][a-z0-9_]*$")
_LANG = re.compile(r"[a-z]{2,3}$")
_WITHIN = re.compile(r"(\d{1,2}) words?$")


@dataclasses.dataclass(slots=True)
class Draft:
    """A taxonomy in the making: parts with the node that they came from, for errors found at the end."""

    name: str = ""
    declared: int = 1
    groups: dict[str, dict[str, dict[str, GroupTerm]]] = dataclasses.field(default_factory=dict)
    topics: dict[str, TopicSpec] = dataclasses.field(default_factory=dict)
    masks: dict[str, Node] = dataclasses.field(default_factory=dict)
    modalities: dict[str, Modality] = dataclasses.field(default_factory=dict)
    dampers: dict[str, Damper] = dataclasses.field(default_factory=dict)
    examples: list[Example] = dataclasses.field(default_factory=list)
    group_uses: list[tuple[str, Node]] = dataclasses.field(default_factory=list)
    topic_uses: list[tuple[str, Node]] = dataclasses.field(default_factory=list)


def read_name(node: Node) -> str:
    """A name as the file gives it: lower-case letters, digits and _."""
    if not isinstance(node.value, str) or not _NAME.match(node.value):
        raise node.error(
            f"{node.value!r} is no name", "A name is lower-case letters, digits and _, as election_fraud"
        )
    return node.value


def checked_name(name: str, node: Node) -> str:
    """A key that serves as a name."""
    if not _NAME.match(name):
        raise node.error(
            f"{name!r} is no name", "A name is lower-case letters, digits and _, as election_fraud"
        )
    return name


def read_language(node: Node) -> str:
    """A language code of two or three letters."""
    if not isinstance(node.value, str) or not _LANG.match(node.value):
        raise node.error(
            f"{node.value!r} is no language code", "Use the two letters of ISO 639, as en, ru or ar"
        )
    return node.value


def add_terms(draft: Draft, group: str, lang: str, node: Node) -> None:
    """Add a node's terms to a group in a language; `!term` takes one away."""
    own = draft.groups.setdefault(group, {}).setdefault(lang, {})
    for source, line in node.lines():
        term = " ".join(source.split())
        if term.startswith("!"):
            if own.pop(term[1:].strip(), None) is None:
                raise dataclasses.replace(node, line=line).error(
                    f"{term!r} takes away a term that {group} does not have", did_you_mean(term[1:], own)
                )
            continue
        try:
            read_term(term, usual_suffix=language(lang).usual_suffix)
        except TermError as error:
            raise dataclasses.replace(node, line=line).error(
                str(error), "See docs/topics.md, Terms"
            ) from None
        own[term] = GroupTerm(term, line, node.file)


def read_needs(node: Node, draft: Draft) -> tuple[tuple[str, ...], ...]:
    """A list of needs, each met by any of its groups, as `a|b`."""
    needs = []
    for item in node.items():
        names = tuple(name.strip() for name in item.text().split("|"))
        draft.group_uses.extend((name, item) for name in names)
        needs.append(names)
    if not needs:
        raise node.error(f"{node.name} is empty", "Name at least one group")
    return tuple(needs)


def read_groups_named(node: Node, draft: Draft) -> tuple[str, ...]:
    """All groups that a list names, however joined."""
    return tuple(name for need in read_needs(node, draft) for name in need)


def read_distance(node: Node) -> int | None:
    """The most words apart, None for the sentence."""
    written = node.text() if isinstance(node.value, str) else str(node.value)
    if written == "sentence":
        return None
    found = _WITHIN.match(written)
    if not found or not int(found.group(1)):
        raise node.error(f"`within: {written}` is not understood", "Write `sentence` or `8 words`")
    return int(found.group(1))
