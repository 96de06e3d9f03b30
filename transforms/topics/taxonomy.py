"""A taxonomy: what the topics are, which words speak for them, and how. It is data; see docs/topics.md."""

from dataclasses import dataclass

DEFAULT_THRESHOLD = 0.5
TERMS_WEIGHT = 0.7
"""Weight of a topic's own terms, each of which speaks for the topic by itself."""


class TaxonomyError(ValueError):
    """A taxonomy that cannot be used; its text names file and line, what is wrong and how to mend it."""

    def __init__(self, file: str, line: int | None, problem: str, hint: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {problem}. {hint}")
        self.file = file
        self.line = line
        self.problem = problem
        self.hint = hint

    def __reduce__(self) -> tuple[type["TaxonomyError"], tuple[str, int | None, str, str]]:
        return type(self), (self.file, self.line, self.problem, self.hint)


@dataclass(frozen=True, slots=True)
class GroupTerm:
    """A term of a group in one language, and the line that it stands on."""

    source: str
    line: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Terms under one name that rules speak of, by language."""

    name: str
    terms: dict[str, tuple[GroupTerm, ...]]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A concept of another vocabulary, as a CURIE, and its SKOS relation to the topic."""

    concept: str
    relation: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a sentence must hold to speak for a topic.

    `all` lists needs, each met by any one of its groups; `none` groups that must be absent from the sentence.
    `within` is the most words that the needs may lie apart, None for the sentence. `document` and
    `unless_document` ask the same of the whole document. `weight` is how strongly one such sentence speaks.
    `modality` says whether negated, hypothetical and long-past sentences speak less.
    """

    id: str
    all: tuple[tuple[str, ...], ...]
    none: tuple[str, ...] = ()
    within: int | None = None
    ordered: bool = False
    document: tuple[tuple[str, ...], ...] = ()
    unless_document: tuple[str, ...] = ()
    weight: float = TERMS_WEIGHT
    modality: bool = True
    line: int = 0


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic: its place among the others, names, mappings and rules."""

    name: str
    parent: str | None
    labels: dict[str, str]
    mappings: tuple[Mapping, ...]
    threshold: float
    rules: tuple[Rule, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Modality:
    """Words that make what stands near them count less: not, if, years ago."""

    name: str
    group: str
    factor: float
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Damper:
    """A kind of text (sport, film review) in which the topics' words mean something else.

    Where `groups` are met in at least `at_least` places, and none of `unless` is, scores are multiplied by
    `factor`.
    """

    name: str
    groups: tuple[str, ...]
    at_least: int
    factor: float
    topics: tuple[str, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the topics that must (`has`) and must not (`lacks`) be found in it."""

    lang: str | None
    title: str | None
    text: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Everything that the detector needs, as plain data that pickles.

    `masks` are groups of set phrases ("run riot"): a term that lies within one of their hits is not heard.
    `version` is name, declared version and a digest of the content: default-1+0f3a9c21.
    """

    name: str
    version: str
    topics: tuple[TopicSpec, ...]
    groups: dict[str, Group]
    masks: tuple[str, ...]
    modalities: tuple[Modality, ...]
    dampers: tuple[Damper, ...]
    examples: tuple[Example, ...]

    def languages(self) -> tuple[str, ...]:
        """Languages that any group has terms in, sorted."""
        return tuple(sorted({lang for group in self.groups.values() for lang in group.terms}))


def load_taxonomy(path: str | None = None) -> Taxonomy:
    """Load a taxonomy file; the shipped default where `path` is None.

    Raises:
        TaxonomyError: if the file cannot be read or is not a sound taxonomy.
    """
    from transforms.topics.taxonomy_file import read_taxonomy  # noqa: PLC0415 - it builds on the records here

    return read_taxonomy(path)
