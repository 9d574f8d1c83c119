"""Keeping strangers from taking all threads."""

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from bridge.operations.admission import ServerBusy
from bridge.operations.entrance import Entrance

MOMENT = timedelta(seconds=1)


def enter(
    inside: ExitStack, entrance: Entrance, shown: Iterable[str], now: datetime, known: bool = False
) -> None:
    for one in shown:
        inside.enter_context(entrance.pass_through(one, is_stranger=not known, now=now))


def test_some_strangers_wait_in_a_flood_and_the_others_come_back(now: datetime) -> None:
    """Whoever is no stranger finds a place all the same; a place that is left is free."""
    entrance = Entrance(most_strangers=2)
    entrance.tell_wrong(now)
    entrance.tell_wrong(now)
    with ExitStack() as inside:
        enter(inside, entrance, "a", now)
        with ExitStack() as shortly:
            enter(shortly, entrance, "b", now)
            with pytest.raises(ServerBusy):
                enter(inside, entrance, "c", now)
            enter(inside, entrance, "d", now, known=True)
        enter(inside, entrance, "c", now)


def test_many_who_come_at_once_are_no_flood(now: datetime) -> None:
    """All ERPs may begin at the hour. Few wrong ones are no flood either, nor old ones."""
    entrance = Entrance(most_strangers=2)
    entrance.tell_wrong(now - 60 * MOMENT)
    entrance.tell_wrong(now)
    with ExitStack() as inside:
        enter(inside, entrance, "abcdef", now)
        entrance.tell_wrong(now)
        with pytest.raises(ServerBusy):
            enter(inside, entrance, "g", now)
