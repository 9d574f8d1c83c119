"""Keeping strangers from taking all threads."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from bridge.operations.admission import ServerBusy
from bridge.operations.entrance import Entrance


def enter(entrance: Entrance, shown: str, now: datetime, *, known: str = "", then: str = "") -> str:
    """Enters with the first thing shown, and from within with the ones after it."""

    def look() -> str:
        return shown + (enter(entrance, then[0], now, known=known, then=then[1:]) if then else "")

    return entrance.look_at(shown, look, is_stranger=shown not in known, now=now)


def test_some_strangers_wait_in_a_flood_and_the_others_come_back(now: datetime) -> None:
    """Whoever is no stranger finds a place all the same; a place that is left is free."""
    entrance = Entrance(most_strangers=2)
    entrance.tell_wrong(now)
    entrance.tell_wrong(now)
    with pytest.raises(ServerBusy):
        enter(entrance, "a", now, then="bc")
    assert enter(entrance, "a", now, known="cd", then="bcd") == "abcd"


def test_many_who_come_at_once_are_no_flood(now: datetime) -> None:
    """All ERPs may begin at the hour. Few wrong ones are no flood either, nor old ones."""
    entrance = Entrance(most_strangers=2)
    entrance.tell_wrong(now - timedelta(minutes=1))
    entrance.tell_wrong(now)
    assert enter(entrance, "a", now, then="bcdef") == "abcdef"
    entrance.tell_wrong(now)
    with pytest.raises(ServerBusy):
        enter(entrance, "a", now, then="bcdef")


def test_one_looks_for_all_who_come_meanwhile(now: datetime) -> None:
    """What was found before somebody came is not for them: it may have changed since."""
    entrance, looks, go_on = Entrance(), threading.Semaphore(0), threading.Event()
    found = iter(range(100))

    def look() -> int:
        looks.release()
        assert go_on.wait(30)
        return next(found)

    def come() -> int:
        return entrance.look_at("same", look, is_stranger=True, now=now)

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(come)
        assert looks.acquire(timeout=30)
        others = [pool.submit(come) for _ in range(5)]
        until = time.monotonic() + 30
        while entrance._turns["same"].callers < 6 and time.monotonic() < until:
            time.sleep(0.01)
        go_on.set()
        assert (first.result(), {one.result() for one in others}) == (0, {1})
    assert come() == 2
