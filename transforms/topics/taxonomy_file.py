"""Read a taxonomy file, what it includes and what it extends, and refuse whatever is not sound."""

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from transforms.topics.languages import DATA, language
from transforms.topics.taxonomy import (
    DEFAULT_THRESHOLD,
    TERMS_WEIGHT,
    Damper,
    Example,
    Group,
    GroupTerm,
    Mapping,
    Modality,
    Rule,
    Taxonomy,
    TopicSpec,
)
from transforms.topics.terms import TermError, read_term
from transforms.topics.yaml_nodes import Node, did_you_mean, read_yaml

DEFAULT_FILE = DATA / "default.yaml"
_TOP = (
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
_TOPIC = ("parent", "labels", "mappings", "threshold", "terms", "rules", "remove")
_RULE = ("id", "all", "none", "within", "ordered", "document", "unless_document", "weight", "modality")
_TERM = ("term", "weight", "needs", "unless", "within", "document")
_RELATIONS = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
_NAME = re.compile(r"[a-z][a-z0-9_]*$")
_LANG = re.compile(r"[a-z]{2,3}$")
_CURIE = re.compile(r"[a-z][a-z0-9]*:[\w./%-]+$")
_WITHIN = re.compile(r"(\d{1,2}) words?$")
_SPREAD = re.compile(r"[\w-]+$")


@dataclasses.dataclass(slots=True)
class _Draft:
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


def read_taxonomy(path: str | None) -> Taxonomy:
    """The taxonomy of a file, or the default; see `taxonomy.load_taxonomy`."""
    draft = _Draft()
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


def _read_file(path: Path, shown: str, draft: _Draft, within: tuple[Path, ...]) -> None:
    top = read_yaml(path, shown)
    if not isinstance(top.value, dict):
        raise top.error("the file is not a taxonomy", "It begins with `name:` and has `topics:`")
    parts = dict(top.entries((*_TOP, "language")))
    inside = (*within, path.resolve())
    if "extends" in parts:
        _read_base(parts["extends"], path, draft, inside)
    elif not within and "topics" not in parts:
        raise top.error("the taxonomy has no topics", "Add `topics:`, or `extends: default`")
    if "language" not in parts:
        draft.name = _named(parts["name"]) if "name" in parts else (draft.name or path.stem.lower())
        if "version" in parts:
            draft.declared = int(parts["version"].number(0, 10**9, whole=True))
    for item in parts["include"].items() if "include" in parts else ():
        included = path.parent / item.text()
        if included.resolve() in inside:
            raise item.error(f"{item.text()} includes itself", "Drop the line")
        _read_file(included, str(Path(shown).parent / item.text()), draft, inside)
    _read_parts(parts, draft)


def _read_base(node: Node, path: Path, draft: _Draft, inside: tuple[Path, ...]) -> None:
    base = node.text()
    file = DEFAULT_FILE if base == "default" else path.parent / base
    if file.resolve() in inside:
        raise node.error(f"{base} extends itself", "Extend `default`, or drop the line")
    _read_file(file, file.name if base == "default" else str(file), draft, inside)


def _read_parts(parts: dict[str, Node], draft: _Draft) -> None:
    _read_groups(parts, draft)
    for name, node in parts["topics"].entries() if "topics" in parts else ():
        _read_topic(name, node, draft)
    for item in parts["masks"].items() if "masks" in parts else ():
        draft.masks[item.text()] = item
        draft.group_uses.append((item.text(), item))
    for name, node in parts["modality"].entries() if "modality" in parts else ():
        draft.modalities[name] = _modality(name, node, draft)
    for name, node in parts["dampers"].entries() if "dampers" in parts else ():
        draft.dampers[name] = _damper(name, node, draft)
    for item in parts["examples"].items() if "examples" in parts else ():
        draft.examples.append(_example(item, draft))


def _named(node: Node) -> str:
    if not isinstance(node.value, str) or not _NAME.match(node.value):
        raise node.error(
            f"{node.value!r} is no name", "A name is lower-case letters, digits and _, as election_fraud"
        )
    return node.value


def _key(name: str, node: Node) -> str:
    if not _NAME.match(name):
        raise node.error(
            f"{name!r} is no name", "A name is lower-case letters, digits and _, as election_fraud"
        )
    return name


def _read_groups(parts: dict[str, Node], draft: _Draft) -> None:
    if "groups" not in parts:
        return
    lang = _lang(parts["language"]) if "language" in parts else None
    for name, node in parts["groups"].entries():
        _key(name, node)
        if lang is not None:
            _add_terms(draft, name, lang, node)
            continue
        for code, terms in node.entries():
            _add_terms(draft, name, _lang(dataclasses.replace(terms, value=code)), terms)


def _lang(node: Node) -> str:
    if not isinstance(node.value, str) or not _LANG.match(node.value):
        raise node.error(
            f"{node.value!r} is no language code", "Use the two letters of ISO 639, as en, ru or ar"
        )
    return node.value


def _add_terms(draft: _Draft, group: str, lang: str, node: Node) -> None:
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


def _read_topic(name: str, node: Node, draft: _Draft) -> None:
    _key(name, node)
    parts = dict(node.entries(_TOPIC))
    old = draft.topics.get(name)
    if "remove" in parts and parts["remove"].flag():
        if old is None:
            raise node.error(f"there is no topic {name!r} to remove", did_you_mean(name, draft.topics))
        _remove_topic(name, draft)
        return
    rules = {rule.id: rule for rule in old.rules} if old else {}
    if "terms" in parts:
        _read_terms(name, parts["terms"], draft, rules)
    for item in parts["rules"].items() if "rules" in parts else ():
        rule = _rule(item, draft)
        if rule.id in rules and not old:
            raise item.error(f"the topic {name!r} has two rules {rule.id!r}", "Give each rule its own id")
        rules[rule.id] = rule
    if not rules:
        raise node.error(f"the topic {name!r} has neither terms nor rules", "Add `terms:` or `rules:`")
    parent = parts["parent"].text() if "parent" in parts else old.parent if old else None
    if "parent" in parts and parent:
        draft.topic_uses.append((parent, parts["parent"]))
    draft.topics[name] = TopicSpec(
        name=name,
        parent=parent,
        labels={lang: text.text() for lang, text in parts["labels"].entries()}
        if "labels" in parts
        else (old.labels if old else {}),
        mappings=_mappings(parts["mappings"]) if "mappings" in parts else (old.mappings if old else ()),
        threshold=parts["threshold"].number(0.01, 1)
        if "threshold" in parts
        else (old.threshold if old else DEFAULT_THRESHOLD),
        rules=tuple(rules.values()),
        line=node.line,
    )


def _remove_topic(name: str, draft: _Draft) -> None:
    """Take a topic out, and out of the examples, dampers and parents that name it."""
    del draft.topics[name]
    draft.topic_uses = [(used, node) for used, node in draft.topic_uses if used != name]

    def others(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(other for other in names if other != name)

    draft.examples = [
        dataclasses.replace(example, has=others(example.has), lacks=others(example.lacks))
        for example in draft.examples
    ]
    draft.dampers = {
        key: dataclasses.replace(damper, topics=others(damper.topics))
        for key, damper in draft.dampers.items()
        if damper.topics != (name,)
    }
    for key, topic in draft.topics.items():
        if topic.parent == name:
            draft.topics[key] = dataclasses.replace(topic, parent=None)


def _read_terms(topic: str, node: Node, draft: _Draft, rules: dict[str, Rule]) -> None:
    for code, terms in node.entries():
        lang = _lang(dataclasses.replace(terms, value=code))
        plain = terms
        if not isinstance(terms.value, str):
            listed = terms.items()
            plain = dataclasses.replace(terms, value="")
            for item in listed:
                if isinstance(item.value, dict):
                    _marked_term(topic, lang, item, draft, rules)
                else:
                    _add_terms(draft, topic, lang, item)
        if plain.value:
            _add_terms(draft, topic, lang, plain)
    if topic in draft.groups:
        rules.setdefault("terms", Rule(id="terms", all=((topic,),), weight=TERMS_WEIGHT, line=node.line))


def _marked_term(topic: str, lang: str, node: Node, draft: _Draft, rules: dict[str, Rule]) -> None:
    parts = dict(node.entries(_TERM))
    if "term" not in parts:
        raise node.error("a term in this form needs the key `term`", "Write {term: charge*, needs: court}")
    group = f"{topic}.{lang}.{len(rules)}"
    _add_terms(draft, group, lang, parts["term"])
    needs = _needs(parts["needs"], draft) if "needs" in parts else ()
    rules[f"term-{lang}-{len(rules)}"] = Rule(
        id=f"term-{lang}-{len(rules)}",
        all=((group,), *needs),
        none=_flat(parts["unless"], draft) if "unless" in parts else (),
        within=_within(parts["within"]) if "within" in parts else None,
        document=_needs(parts["document"], draft) if "document" in parts else (),
        weight=parts["weight"].number(0.01, 1) if "weight" in parts else TERMS_WEIGHT,
        line=node.line,
    )


def _rule(node: Node, draft: _Draft) -> Rule:
    parts = dict(node.entries(_RULE))
    for key in ("id", "all"):
        if key not in parts:
            raise node.error(
                f"the rule lacks {key!r}", "A rule has an id and `all`, as {id: mob, all: [crowd, violence]}"
            )
    name = parts["id"].text()
    if not _SPREAD.match(name):
        raise parts["id"].error(f"{name!r} is no rule id", "An id is letters, digits, - and _")
    return Rule(
        id=name,
        all=_needs(parts["all"], draft),
        none=_flat(parts["none"], draft) if "none" in parts else (),
        within=_within(parts["within"]) if "within" in parts else None,
        ordered="ordered" in parts and parts["ordered"].flag(),
        document=_needs(parts["document"], draft) if "document" in parts else (),
        unless_document=_flat(parts["unless_document"], draft) if "unless_document" in parts else (),
        weight=parts["weight"].number(0.01, 1) if "weight" in parts else TERMS_WEIGHT,
        modality="modality" not in parts or parts["modality"].flag(),
        line=node.line,
    )


def _needs(node: Node, draft: _Draft) -> tuple[tuple[str, ...], ...]:
    needs = []
    for item in node.items():
        names = tuple(name.strip() for name in item.text().split("|"))
        draft.group_uses.extend((name, item) for name in names)
        needs.append(names)
    if not needs:
        raise node.error(f"{node.name} is empty", "Name at least one group")
    return tuple(needs)


def _flat(node: Node, draft: _Draft) -> tuple[str, ...]:
    return tuple(name for need in _needs(node, draft) for name in need)


def _within(node: Node) -> int | None:
    written = node.text() if isinstance(node.value, str) else str(node.value)
    if written == "sentence":
        return None
    found = _WITHIN.match(written)
    if not found or not int(found.group(1)):
        raise node.error(f"`within: {written}` is not understood", "Write `sentence` or `8 words`")
    return int(found.group(1))


def _mappings(node: Node) -> tuple[Mapping, ...]:
    mappings = []
    for concept, relation in node.entries():
        if not _CURIE.match(concept):
            raise relation.error(f"{concept!r} is no CURIE", "Write prefix:id, as medtop:20000069")
        if relation.value not in _RELATIONS:
            raise relation.error(
                f"{relation.value!r} is no SKOS relation", did_you_mean(str(relation.value), _RELATIONS)
            )
        mappings.append(Mapping(concept, relation.value))
    return tuple(mappings)


def _modality(name: str, node: Node, draft: _Draft) -> Modality:
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


def _damper(name: str, node: Node, draft: _Draft) -> Damper:
    parts = dict(node.entries(("groups", "at_least", "factor", "topics", "unless")))
    for key in ("groups", "at_least", "factor"):
        if key not in parts:
            raise node.error(f"damper {name} lacks {key!r}", "It has groups, at_least and factor")
    topics = list(parts["topics"].items()) if "topics" in parts else []
    draft.topic_uses.extend((item.text(), item) for item in topics)
    return Damper(
        name=name,
        groups=_flat(parts["groups"], draft),
        at_least=int(parts["at_least"].number(1, 99, whole=True)),
        factor=parts["factor"].number(0, 1),
        topics=tuple(item.text() for item in topics),
        unless=_flat(parts["unless"], draft) if "unless" in parts else (),
    )


def _example(node: Node, draft: _Draft) -> Example:
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
        lang=_lang(parts["lang"]) if "lang" in parts else None,
        title=parts["title"].text() if "title" in parts else None,
        text=parts["text"].text(),
        has=found["has"],
        lacks=found["lacks"],
        file=node.file,
        line=node.line,
    )


def _check_names(draft: _Draft) -> None:
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
