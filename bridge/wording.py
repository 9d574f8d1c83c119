"""How counts, instants, and texts that others wrote, stand in what people read."""

import json
import unicodedata
from datetime import UTC, datetime

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that a terminal obeys, or does not show: control characters, marks of
direction and width, halves of pairs, ends of lines and paragraphs."""


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 key`, `2,500 keys`; `many` is the plural that adds no s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def in_utc(at: datetime) -> str:
    """An aware instant to the second: `2026-03-01 12:00:00Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def printable(text: str, *, keep: str = "") -> str:
    r"""A text for a terminal: what is obeyed, or not seen, stands as JSON writes it (`\u001b`).

    So that nobody's data clears a screen, hides what it says, or makes up a line of its own. The
    characters to `keep` stay.
    """
    if text.isprintable():
        return text
    return "".join(
        json.dumps(one)[1:-1] if unicodedata.category(one) in _UNSEEN and one not in keep else one
        for one in text
    )
