"""Text that was UTF-8, was read as windows-1252 and written as UTF-8 once more: "Ã©" for "é", "â€™" for "’".

Publishing systems do this to single fields, so it is mended field by field.
"""

import re


def _bytes_of_characters() -> dict[str, int]:
    """windows-1252 as software reads it: the five bytes that it leaves undefined stand for themselves."""
    table = {}
    for byte in range(0x80, 0x100):
        character = bytes([byte]).decode("cp1252", "ignore") or chr(byte)
        table[character] = byte
    return table


_BYTES = _bytes_of_characters()
_CONTINUATION = "".join(character for character, byte in _BYTES.items() if byte < 0xC0)
_SEQUENCES = re.compile(
    f"[\u00c2-\u00df][{re.escape(_CONTINUATION)}]"
    f"|[\u00e0-\u00ef][{re.escape(_CONTINUATION)}]{{2}}"
    f"|[\u00f0-\u00f4][{re.escape(_CONTINUATION)}]{{3}}"
)
_TELLING = frozenset("\u00c2\u00c3\u00e2")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]+")


def mended(text: str) -> str:
    """The text with its double encoding undone, or as it is.

    It is undone where every run of characters beyond ASCII is UTF-8 in windows-1252's characters, and where there
    is more than one sequence or one that begins as those of Latin letters and punctuation do. A capital before a
    closing quote may look like one sequence by chance, but then the opening quote does not. In a field that does
    not agree, only the runs that begin as those of Latin letters do are undone: no word has such a run.
    """
    first = _SEQUENCES.search(text)
    if first is None:
        return text
    if first[0][0] not in _TELLING and _SEQUENCES.search(text, first.end()) is None:
        return text
    try:
        return _BEYOND_ASCII.sub(_decoded, text)
    except (KeyError, UnicodeDecodeError):
        return _BEYOND_ASCII.sub(_decoded_if_telling, text)


def _decoded(run: re.Match[str]) -> str:
    return bytes(_BYTES[character] for character in run[0]).decode()


def _decoded_if_telling(run: re.Match[str]) -> str:
    if run[0][0] not in _TELLING:
        return run[0]
    try:
        return _decoded(run)
    except (KeyError, UnicodeDecodeError):
        return run[0]
