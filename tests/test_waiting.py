"""Room for bodies on their way: who gives way where it is full."""

from dataclasses import dataclass, field

from bridge.waiting import Caller, Place, WaitingRoom

ERP, OTHER_ERP = Caller("erp", is_recognised=True), Caller("other", is_recognised=True)
STRANGER, NEIGHBOUR = Caller("192.0.2.7"), Caller("198.51.100.8")


@dataclass
class Bodies:
    """A room for a hundred bytes, and the bodies in it."""

    room: WaitingRoom = field(default_factory=lambda: WaitingRoom(100))
    forgotten: list[Caller] = field(default_factory=list)

    def come(self, caller: Caller, count: int) -> Place:
        """A body of which so many bytes have come."""
        place = self.room.enter(caller, lambda: self.forgotten.append(caller))
        self.room.fill(place, count)
        return place


def test_there_is_room() -> None:
    """Nobody gives way, whoever it is; who leaves makes room."""
    bodies = Bodies()
    places = [bodies.come(caller, 50) for caller in (STRANGER, NEIGHBOUR)]
    bodies.room.leave(places[0])
    assert not bodies.come(STRANGER, 50).gave_way
    assert (bodies.forgotten, bodies.room.held_bytes) == ([], 100)


def test_a_body_alone_may_be_larger_than_the_room() -> None:
    """Which settings may allow."""
    assert not Bodies().come(STRANGER, 1_000).gave_way


def test_strangers_give_way_to_who_is_recognised() -> None:
    """However many they are, and whoever came first: as many as it takes, the last ones first."""
    bodies = Bodies()
    strangers = [bodies.come(Caller(f"192.0.2.{number}"), 20) for number in range(5)]
    erp = bodies.come(ERP, 50)
    assert [one.gave_way for one in strangers] == [False, False, True, True, True]
    assert (erp.gave_way, bodies.room.held_bytes) == (False, 90)
    assert bodies.come(STRANGER, 30).gave_way


def test_who_holds_most_gives_way() -> None:
    """By all its bodies together, of which the last one goes."""
    for greedy, modest in ((STRANGER, NEIGHBOUR), (ERP, OTHER_ERP)):
        bodies = Bodies()
        places = [bodies.come(greedy, 30) for _ in range(3)]
        new = bodies.come(modest, 20)
        assert [one.gave_way for one in places] == [False, False, True]
        assert not new.gave_way
        assert bodies.forgotten == [greedy]


def test_more_of_a_body_that_came_first() -> None:
    """It grows until its caller holds most."""
    bodies = Bodies()
    first, second = bodies.come(STRANGER, 10), bodies.come(NEIGHBOUR, 80)
    bodies.room.fill(first, 20)
    assert (first.gave_way, second.gave_way) == (False, True)
    bodies.room.fill(first, 60)
    third = bodies.come(NEIGHBOUR, 20)
    assert (first.gave_way, third.gave_way) == (True, False)


def test_a_whole_body_stays() -> None:
    """It is being answered; what comes beside it gives way instead."""
    bodies = Bodies()
    whole = bodies.come(STRANGER, 90)
    whole.is_whole = True
    assert bodies.come(ERP, 20).gave_way
    assert not whole.gave_way
    bodies.room.leave(whole)
    assert not bodies.come(ERP, 20).gave_way


def test_bytes_that_follow_a_refusal_are_counted_once() -> None:
    """A chunk may be on its way by then; with its body, all of it is gone."""
    bodies = Bodies()
    first, second = bodies.come(STRANGER, 90), bodies.come(NEIGHBOUR, 20)
    assert first.gave_way
    bodies.room.fill(first, 5)
    for place in (first, second):
        bodies.room.leave(place)
    assert bodies.room.held_bytes == 0
