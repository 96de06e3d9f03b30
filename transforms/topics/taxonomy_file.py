"""Read a taxonomy file, what it includes and what it extends, and refuse whatever is not sound."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from transforms.topics.languages import DATA
from transforms.topics.taxonomy import Damper, Example, Group, Modality, Taxonomy
from transforms.topics.taxonomy_draft import (
    Draft,
    add_terms,
    checked_name,
    read_groups_named,
    read_language,
    read_name,
)
from transforms.topics.taxonomy_topics import read_topic
from transforms.topics.yaml_nodes import Node, did_you_mean, read_yaml

DEFAULT_FILE = DATA / "default.yaml"
TOP_KEYS = (
    "name",
    "version",
    "extends",
    "include",
    "masks",
    "groups",
    "topics",
    "modality",
    "dampers",
    "examples",
)


def read_taxonomy(path: str | None) -> Taxonomy:
    """The taxonomy of a file, or the default; see `taxonomy.load_taxonomy`."""
    draft = Draft()
    if path is None:
        _read_file(DEFAULT_FILE, DEFAULT_FILE.name, draft, ())
    else:
        _read_file(Path(path), path, draft, ())
    _check_names(draft)
    groups = {
        name: Group(name, {lang: tuple(terms.values()) for lang, terms in sorted(by_lang.items()) if terms})
        for name, by_lang in sorted(draft.groups.items())
    }
    taxonomy = Taxonomy(
        name=draft.name,
        version="",
        topics=tuple(draft.topics.values()),
        groups=groups,
        masks=tuple(draft.masks),
        modalities=tuple(draft.modalities.values()),
        dampers=tuple(draft.dampers.values()),
        examples=tuple(draft.examples),
    )
    return dataclasses.replace(taxonomy, version=f"{draft.name}-{draft.declared}+{_digest(taxonomy)}")


def _digest(taxonomy: Taxonomy) -> str:
    content = dataclasses.asdict(dataclasses.replace(taxonomy, examples=()))

    def without_places(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_places(item) for key, item in value.items() if key not in ("line", "file")}
        if isinstance(value, list | tuple):
            return [without_places(item) for item in value]
        return value

    written = json.dumps(without_places(content), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:8]


def _read_file(path: Path, shown: str, draft: Draft, within: tuple[Path, ...]) -> None:
    top = read_yaml(path, shown)
    if not isinstance(top.value, dict):
        raise top.error("the file is not a taxonomy", "It begins with `name:` and has `topics:`")
    parts = dict(top.entries((*TOP_KEYS, "language")))
    inside = (*within, path.resolve())
    if "extends" in parts:
        _read_base(parts["extends"], path, draft, inside)
    elif not within and "topics" not in parts:
        raise top.error("the taxonomy has no topics", "Add `topics:`, or `extends: default`")
    if "language" not in parts:
        draft.name = read_name(parts["name"]) if "name" in parts else (draft.name or path.stem.lower())
        if "version" in parts:
            draft.declared = int(parts["version"].number(0, 10**9, whole=True))
    for item in parts["include"].items() if "include" in parts else ():
        included = path.parent / item.text()
        if included.resolve() in inside:
            raise item.error(f"{item.text()} includes itself", "Drop the line")
        _read_file(included, str(Path(shown).parent / item.text()), draft, inside)
    _read_parts(parts, draft)


def _read_base(node: Node, path: Path, draft: Draft, inside: tuple[Path, ...]) -> None:
    base = node.text()
    file = DEFAULT_FILE if base == "default" else path.parent / base
    if file.resolve() in inside:
        raise node.error(f"{base} extends itself", "Extend `default`, or drop the line")
    _read_file(file, file.name if base == "default" else str(file), draft, inside)


def _read_parts(parts: dict[str, Node], draft: Draft) -> None:
    _read_groups(parts, draft)
    for name, node in parts["topics"].entries() if "topics" in parts else ():
        read_topic(name, node, draft)
    for item in parts["masks"].items() if "masks" in parts else ():
        draft.masks[item.text()] = item
        draft.group_uses.append((item.text(), item))
    for name, node in parts["modality"].entries() if "modality" in parts else ():
        draft.modalities[name] = _modality(name, node, draft)
    for name, node in parts["dampers"].entries() if "dampers" in parts else ():
        draft.dampers[name] = _damper(name, node, draft)
    for item in parts["examples"].items() if "examples" in parts else ():
        draft.examples.append(_example(item, draft))


def _read_groups(parts: dict[str, Node], draft: Draft) -> None:
    if "groups" not in parts:
        return
    lang = read_language(parts["language"]) if "language" in parts else None
    for name, node in parts["groups"].entries():
        checked_name(name, node)
        if lang is not None:
            add_terms(draft, name, lang, node)
            continue
        for code, terms in node.entries():
            add_terms(draft, name, read_language(dataclasses.replace(terms, value=code)), terms)


def _modality(name: str, node: Node, draft: Draft) -> Modality:
    parts = dict(node.entries(("group", "factor", "before", "after")))
    for key in ("group", "factor"):
        if key not in parts:
            raise node.error(f"modality {name} lacks {key!r}", "It has group, factor, before and after")
    group = parts["group"].text()
    draft.group_uses.append((group, parts["group"]))
    return Modality(
        name=name,
        group=group,
        factor=parts["factor"].number(0, 1),
        before=int(parts["before"].number(0, 40, whole=True)) if "before" in parts else 0,
        after=int(parts["after"].number(0, 40, whole=True)) if "after" in parts else 0,
    )


def _damper(name: str, node: Node, draft: Draft) -> Damper:
    parts = dict(node.entries(("groups", "at_least", "factor", "topics", "unless")))
    for key in ("groups", "at_least", "factor"):
        if key not in parts:
            raise node.error(f"damper {name} lacks {key!r}", "It has groups, at_least and factor")
    topics = list(parts["topics"].items()) if "topics" in parts else []
    draft.topic_uses.extend((item.text(), item) for item in topics)
    return Damper(
        name=name,
        groups=read_groups_named(parts["groups"], draft),
        at_least=int(parts["at_least"].number(1, 99, whole=True)),
        factor=parts["factor"].number(0, 1),
        topics=tuple(item.text() for item in topics),
        unless=read_groups_named(parts["unless"], draft) if "unless" in parts else (),
    )


def _example(node: Node, draft: Draft) -> Example:
    parts = dict(node.entries(("lang", "title", "text", "has", "lacks")))
    if "text" not in parts or not {"has", "lacks"} & set(parts):
        raise node.error(
            "the example lacks its text, or what to find", "It has text, and has or lacks (or both)"
        )
    found = {}
    for key in ("has", "lacks"):
        listed = parts[key].items() if key in parts and parts[key].value != [] else []
        draft.topic_uses.extend((item.text(), item) for item in listed)
        found[key] = tuple(item.text() for item in listed)
    return Example(
        lang=read_language(parts["lang"]) if "lang" in parts else None,
        title=parts["title"].text() if "title" in parts else None,
        text=parts["text"].text(),
        has=found["has"],
        lacks=found["lacks"],
        file=node.file,
        line=node.line,
    )


def _check_names(draft: Draft) -> None:
    for name, node in draft.group_uses:
        if name not in draft.groups:
            raise node.error(
                f"there is no group {name!r}", did_you_mean(name, [g for g in draft.groups if "." not in g])
            )
    for name, node in draft.topic_uses:
        if name not in draft.topics:
            raise node.error(f"there is no topic {name!r}", did_you_mean(name, draft.topics))
    for topic, spec in draft.topics.items():
        seen = {topic}
        parent = spec.parent
        while parent is not None:
            if parent in seen:
                node = next(node for name, node in draft.topic_uses if name == parent)
                raise node.error(f"the topic {topic!r} is its own ancestor", "Break the circle of `parent`")
            seen.add(parent)
            parent = draft.topics[parent].parent if parent in draft.topics else None
