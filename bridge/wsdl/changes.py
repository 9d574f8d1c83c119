"""What differs between two descriptions, and what it means for who was built on the old one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Direction(StrEnum):
    """Who reads: the service reads requests, the consumer reads responses (faults too)."""

    REQUEST = "request"
    RESPONSE = "response"


class Verdict(StrEnum):
    """Whether consumers of the old description may stay as they are, worst first."""

    BREAKING = "breaking"
    LENIENT = "lenient"
    SAFE = "safe"


class Effect(StrEnum):
    """What a change does to the messages that are valid."""

    NONE = "none"
    WIDENS = "widens"
    NARROWS = "narrows"
    CHANGES = "changes"
    ADDS_OPTIONAL = "adds optional"
    ADDS_REQUIRED = "adds required"
    REMOVES = "removes"


class Area(StrEnum):
    """Where in a description a change lies."""

    SERVICE = "services"
    BINDING = "bindings"
    OPERATION = "operations"
    ELEMENT = "elements"
    TYPE = "types"


VERDICTS: dict[Effect, dict[Direction, Verdict]] = {
    effect: {Direction.REQUEST: request, Direction.RESPONSE: response}
    for effect, request, response in (
        # A request is written by the old consumer, a response is read by it.
        (Effect.NONE, Verdict.SAFE, Verdict.SAFE),
        (Effect.WIDENS, Verdict.SAFE, Verdict.BREAKING),
        (Effect.NARROWS, Verdict.BREAKING, Verdict.SAFE),
        (Effect.CHANGES, Verdict.BREAKING, Verdict.BREAKING),
        (Effect.ADDS_OPTIONAL, Verdict.SAFE, Verdict.LENIENT),
        (Effect.ADDS_REQUIRED, Verdict.BREAKING, Verdict.LENIENT),
        (Effect.REMOVES, Verdict.BREAKING, Verdict.BREAKING),
    )
}
"""The table that decides."""

_WORST_FIRST = tuple(Verdict)


class Difference(NamedTuple):
    """What changed inside a component. `path` leads to the place, `item` names what it is about."""

    what: str
    effect: Effect
    item: str = ""
    path: str = ""

    def below(self, name: str) -> "Difference":
        """The same, seen from one step further out."""
        return self._replace(path=f"{name}/{self.path}" if self.path else name)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of one component. Without directions it concerns no message."""

    area: Area
    subject: str
    difference: Difference
    directions: tuple[Direction, ...]

    @property
    def what(self) -> str:
        """What changed."""
        return self.difference.what

    @property
    def item(self) -> str:
        """What it is about, where `what` leaves that open."""
        return self.difference.item

    @property
    def path(self) -> str:
        """Where inside the subject."""
        return self.difference.path

    @property
    def verdicts(self) -> dict[Direction, Verdict]:
        """What it means for each direction that it concerns."""
        table = VERDICTS[self.difference.effect]
        return {direction: table[direction] for direction in self.directions}

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return min(self.verdicts.values(), key=_WORST_FIRST.index, default=Verdict.SAFE)
