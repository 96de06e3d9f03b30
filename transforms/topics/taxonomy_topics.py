"""Read the topics of a taxonomy file: their terms, rules and mappings."""

import dataclasses
import re

from transforms.topics.taxonomy import DEFAULT_THRESHOLD, TERMS_WEIGHT, Mapping, Rule, TopicSpec
from transforms.topics.taxonomy_draft import (
    Draft,
    add_terms,
    checked_name,
    read_distance,
    read_groups_named,
    read_language,
    read_needs,
)
from transforms.topics.yaml_nodes import Node, did_you_mean

TOPIC_KEYS = ("parent", "labels", "mappings", "threshold", "terms", "rules", "remove")
RULE_KEYS = ("id", "all", "none", "within", "ordered", "document", "unless_document", "weight", "modality")
TERM_KEYS = ("term", "weight", "needs", "unless", "within", "document")
_RELATIONS = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
_CURIE = re.compile(r"[a-z][a-z0-9]*:[\w./%-]+$")
_SPREAD = re.compile(r"[\w-]+$")


def read_topic(name: str, node: Node, draft: Draft) -> None:
    """Read a topic, over what the draft already has under its name."""
    checked_name(name, node)
    parts = dict(node.entries(TOPIC_KEYS))
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


def _remove_topic(name: str, draft: Draft) -> None:
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


def _read_terms(topic: str, node: Node, draft: Draft, rules: dict[str, Rule]) -> None:
    for code, terms in node.entries():
        lang = read_language(dataclasses.replace(terms, value=code))
        plain = terms
        if not isinstance(terms.value, str):
            listed = terms.items()
            plain = dataclasses.replace(terms, value="")
            for item in listed:
                if isinstance(item.value, dict):
                    _marked_term(topic, lang, item, draft, rules)
                else:
                    add_terms(draft, topic, lang, item)
        if plain.value:
            add_terms(draft, topic, lang, plain)
    if topic in draft.groups:
        rules.setdefault("terms", Rule(id="terms", all=((topic,),), weight=TERMS_WEIGHT, line=node.line))


def _marked_term(topic: str, lang: str, node: Node, draft: Draft, rules: dict[str, Rule]) -> None:
    parts = dict(node.entries(TERM_KEYS))
    if "term" not in parts:
        raise node.error("a term in this form needs the key `term`", "Write {term: charge*, needs: court}")
    group = f"{topic}.{lang}.{len(rules)}"
    add_terms(draft, group, lang, parts["term"])
    needs = read_needs(parts["needs"], draft) if "needs" in parts else ()
    rules[f"term-{lang}-{len(rules)}"] = Rule(
        id=f"term-{lang}-{len(rules)}",
        all=((group,), *needs),
        none=read_groups_named(parts["unless"], draft) if "unless" in parts else (),
        within=read_distance(parts["within"]) if "within" in parts else None,
        document=read_needs(parts["document"], draft) if "document" in parts else (),
        weight=parts["weight"].number(0.01, 1) if "weight" in parts else TERMS_WEIGHT,
        line=node.line,
    )


def _rule(node: Node, draft: Draft) -> Rule:
    parts = dict(node.entries(RULE_KEYS))
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
        all=read_needs(parts["all"], draft),
        none=read_groups_named(parts["none"], draft) if "none" in parts else (),
        within=read_distance(parts["within"]) if "within" in parts else None,
        ordered="ordered" in parts and parts["ordered"].flag(),
        document=read_needs(parts["document"], draft) if "document" in parts else (),
        unless_document=read_groups_named(parts["unless_document"], draft)
        if "unless_document" in parts
        else (),
        weight=parts["weight"].number(0.01, 1) if "weight" in parts else TERMS_WEIGHT,
        modality="modality" not in parts or parts["modality"].flag(),
        line=node.line,
    )


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
