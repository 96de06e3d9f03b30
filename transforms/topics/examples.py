"""What `tocsin taxonomy check` and `tocsin taxonomy show` say of a taxonomy."""

from collections.abc import Iterator
from dataclasses import dataclass

from transforms.topics.detector import Detector
from transforms.topics.taxonomy import GroupTerm, Taxonomy, TopicSpec


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found: a file, a line, a sentence, and whether it is a fault or only to be known."""

    file: str
    line: int
    message: str
    fault: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def check_examples(taxonomy: Taxonomy) -> list[Finding]:
    """Run the taxonomy's examples, and look for terms that speak for several topics.

    Returns:
        Faults first (an example that does not come out as it says), then collisions: one term that alone is
        enough for two topics that are neither parent and child. Both by line. Empty where all is well.
    """
    findings = [*_failed_examples(taxonomy), *_collisions(taxonomy)]
    return sorted(findings, key=lambda finding: (not finding.fault, finding.file, finding.line))


def render_taxonomy(taxonomy: Taxonomy) -> str:
    """The taxonomy in plain text: each topic with its place, labels, concepts, rules and number of terms."""
    lines = [f"{taxonomy.version}: {len(taxonomy.topics)} topics, languages {' '.join(taxonomy.languages())}"]
    for topic in taxonomy.topics:
        under = f" (under {topic.parent})" if topic.parent else ""
        lines += ["", f"{topic.name}{under}, from {topic.threshold:g}"]
        lines += [f"  {lang}: {label}" for lang, label in topic.labels.items()]
        lines += [f"  {mapping.relation} {mapping.concept}" for mapping in topic.mappings]
        for rule in topic.rules:
            needs = " + ".join(" or ".join(need) for need in rule.all)
            within = f" within {rule.within} words" if rule.within else ""
            without = f", without {' or '.join(rule.none)}" if rule.none else ""
            lines.append(f"  rule {rule.id} ({rule.weight:g}): {needs}{within}{without}")
    lines += ["", "terms a group:"]
    for group in taxonomy.groups.values():
        counts = " ".join(f"{lang} {len(terms)}" for lang, terms in group.terms.items())
        lines.append(f"  {group.name}: {counts}")
    return "\n".join(lines) + "\n"


def _failed_examples(taxonomy: Taxonomy) -> Iterator[Finding]:
    if not taxonomy.examples:
        return
    detector = Detector(taxonomy)
    for example in taxonomy.examples:
        found = detector.detect(title=example.title, text=example.text, lang=example.lang)
        topics = {topic.topic: topic for topic in found.topics}
        for name in example.has:
            if name not in topics:
                others = f"; found: {', '.join(sorted(topics))}" if topics else ""
                yield Finding(example.file, example.line, f"the example is not {name}{others}", fault=True)
        for name in example.lacks:
            if name in topics:
                why = "; ".join(f"{said.text!r} by {said.rule}" for said in topics[name].evidence[:3])
                yield Finding(
                    example.file,
                    example.line,
                    f"the example is {name}, though it must not be: {why}",
                    fault=True,
                )


def _collisions(taxonomy: Taxonomy) -> Iterator[Finding]:
    """Terms that alone, in one language, are enough for two topics that are not parent and child."""
    alone: dict[tuple[str, str], list[tuple[TopicSpec, GroupTerm]]] = {}
    for topic, lang, term in _sufficient_terms(taxonomy):
        known = alone.setdefault((lang, term.source), [])
        if topic not in [other for other, _ in known]:
            known.append((topic, term))
    for (lang, source), topics in alone.items():
        for place, (topic, term) in enumerate(topics):
            for other, _ in topics[:place]:
                if topic.name != other.parent and other.name != topic.parent:
                    message = f"the term {source!r} ({lang}) is enough for {other.name} and for {topic.name}"
                    yield Finding(term.file, term.line, message, fault=False)


def _sufficient_terms(taxonomy: Taxonomy) -> Iterator[tuple[TopicSpec, str, GroupTerm]]:
    """Terms of which one is enough for a topic, with the topic and their language."""
    for topic in taxonomy.topics:
        for rule in topic.rules:
            if len(rule.all) > 1 or rule.document or rule.weight < topic.threshold:
                continue
            for name in rule.all[0]:
                for lang, terms in taxonomy.groups[name].terms.items():
                    for term in terms:
                        yield topic, lang, term
