"""A title and a text read as one, and the way back from a place in it to a place in either."""

from dataclasses import dataclass

_BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class HeadedText:
    """A title with its text after it. `whole[:title_end]` is the title, `whole[text_start:]` the text."""

    whole: str
    title_end: int

    @classmethod
    def of(cls, title: str | None, text: str) -> "HeadedText":
        """The two as one; an article without a title has an empty one."""
        heading = title or ""
        return cls(heading + _BREAK + text, len(heading))

    @property
    def text_start(self) -> int:
        """Where the text begins."""
        return self.title_end + len(_BREAK)

    def place(self, start: int, end: int) -> tuple[str, int, int]:
        """The field that a span of `whole` stands in, and the span in that field."""
        if start < self.title_end:
            return "title", start, end
        base = self.text_start
        return "text", start - base, end - base
