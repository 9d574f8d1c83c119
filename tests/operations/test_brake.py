"""Slowing down who fails to prove who they are."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from bridge.operations.brake import Brake, pause_seconds


@pytest.fixture
def pauses() -> list[float]:
    """How long failures had to wait, in seconds."""
    return []


@pytest.fixture
def brake(pauses: list[float]) -> Brake:
    """A brake that notes pauses instead of making them."""
    return Brake(pause=pauses.append)


def test_the_first_few_are_free_and_the_rest_wait_ever_longer(
    brake: Brake, pauses: list[float], now: datetime
) -> None:
    """People mistype; nobody waits for longer than five seconds, or what else is longest."""
    counts = [brake.slow(address="a", name="erp", now=now) for _ in range(10)]
    assert counts == list(range(1, 11))
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    pauses.clear()
    short = Brake(longest_pause_seconds=0.5, pause=pauses.append)
    for _ in range(7):
        short.slow(address="a", name="erp", now=now)
    assert pauses == [0.2, 0.4, 0.5, 0.5]


def test_so_many_failures_that_nobody_counts_them() -> None:
    """Their pause is a number still."""
    assert 0 < pause_seconds(10**9) < 1000


def test_a_name_is_slowed_down_wherever_the_failures_come_from(
    brake: Brake, pauses: list[float], now: datetime
) -> None:
    """And an address, whichever names it tries."""
    for number in range(4):
        brake.slow(address=f"a{number}", name="erp", now=now)
    assert pauses == [0.2]
    for number in range(4):
        brake.slow(address="b", name=f"erp{number}", now=now)
    assert pauses == [0.2, 0.2]


def test_failures_are_forgotten(brake: Brake, pauses: list[float], now: datetime) -> None:
    """A quarter of an hour after the last."""
    for _ in range(5):
        brake.slow(address="a", name="erp", now=now)
    pauses.clear()
    late = now + timedelta(minutes=15)
    assert brake.slow(address="a", name="erp", now=late - timedelta(seconds=1)) == 6
    assert brake.slow(address="a", name="erp", now=late) == 7
    assert brake.slow(address="a", name="erp", now=late + timedelta(minutes=15)) == 1
    assert len(pauses) == 2


def test_few_wait_and_the_rest_are_answered_at_once(now: datetime) -> None:
    """Each that waits keeps a thread of the server; twenty must not keep all of them."""
    waiting, go = threading.Semaphore(0), threading.Event()

    def pause(_seconds: float) -> None:
        waiting.release()
        assert go.wait(30)

    brake = Brake(most_waiting=2, pause=pause)
    for _ in range(3):
        brake.slow(address="a", name="erp", now=now)
    with ThreadPoolExecutor(20) as pool:
        slowed = [pool.submit(brake.slow, address="a", name="erp", now=now) for _ in range(20)]
        for _ in range(2):
            assert waiting.acquire(timeout=30)
        answered = [one for one in slowed if _ends(one)]
        go.set()
    assert len(answered) == 18
    assert sorted(one.result() for one in slowed) == list(range(4, 24))


def _ends(future: object) -> bool:
    try:
        future.result(timeout=0.5)  # type: ignore[attr-defined]
    except TimeoutError:
        return False
    return True


def test_where_nobody_may_wait_all_are_answered_at_once(now: datetime) -> None:
    """A server of few threads has none to keep."""
    pauses: list[float] = []
    brake = Brake(most_waiting=0, pause=pauses.append)
    counts = [brake.slow(address="a", name="erp", now=now) for _ in range(9)]
    assert (counts, pauses) == (list(range(1, 10)), [])


def test_a_pause_that_breaks_off_gives_its_place_back(now: datetime) -> None:
    """Or no failure would ever wait again."""

    def pause(_seconds: float) -> None:
        raise KeyboardInterrupt

    brake = Brake(most_waiting=1, pause=pause)
    for _ in range(3):
        brake.slow(address="a", name="erp", now=now)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            brake.slow(address="a", name="erp", now=now)


def test_ten_thousand_names_and_addresses_take_bounded_memory(
    brake: Brake, pauses: list[float], now: datetime
) -> None:
    """And a flood of names does not make the flooding address forgotten."""
    for number in range(10_000):
        brake.slow(address="a", name=f"name {number}", now=now)
    for number in range(10_000):
        brake.slow(address=f"address {number}", name="erp", now=now)
    assert (len(brake._names), len(brake._addresses)) == (1_000, 1_000)
    assert len(pauses) == 2 * (10_000 - 3)
