"""Room for bodies on their way, shared out among those who send them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a body: a consumer that has been recognised lately, or else an address."""

    name: str
    is_recognised: bool = False


@dataclass(slots=True, eq=False)
class Place:
    """A body's place. `forget` drops what came of it, `is_whole` is set when it has come whole."""

    caller: Caller
    forget: Callable[[], None]
    held_bytes: int = 0
    is_whole: bool = False
    gave_way: bool = False


class WaitingRoom:
    """Holds so many bytes; where more come, somebody's body gives way, and is refused.

    First those of callers that nobody has recognised: whoever may send none can keep nobody else's
    out. Among them, and among consumers, the caller that holds most, and of its bodies the last
    one. A body that has come whole stays, and so does one that is there alone, however large.

    It belongs to one event loop: nothing here may be called by two threads.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._places: dict[Place, None] = {}
        self._held: Counter[Caller] = Counter()

    @property
    def held_bytes(self) -> int:
        """What all bodies hold."""
        return self._held.total()

    def enter(self, caller: Caller, forget: Callable[[], None]) -> Place:
        """A place for a body of which nothing has come yet."""
        place = Place(caller, forget)
        self._places[place] = None
        return place

    def fill(self, place: Place, count: int) -> None:
        """Counts bytes that came of a body; it may be the one that gives way."""
        self._count(place, count)
        while len(self._places) > 1 and self.held_bytes > self._most_bytes:
            waiting = [one for one in self._places if one.held_bytes and not one.is_whole]
            if not waiting:
                return
            self._have_give_way(max(reversed(waiting), key=self._claims_least))

    def leave(self, place: Place) -> None:
        """The body is there no longer."""
        self._count(place, -place.held_bytes)
        del self._places[place]

    def _claims_least(self, place: Place) -> tuple[bool, int]:
        return not place.caller.is_recognised, self._held[place.caller]

    def _have_give_way(self, place: Place) -> None:
        place.gave_way = True
        place.forget()
        self._count(place, -place.held_bytes)

    def _count(self, place: Place, count: int) -> None:
        place.held_bytes += count
        self._held[place.caller] += count
        if not self._held[place.caller]:
            del self._held[place.caller]
