"""A memory that forgets."""

from datetime import datetime, timedelta

from bridge.operations.remembering import Remembered

SECOND = timedelta(seconds=1)


def test_what_is_remembered_is_forgotten(now: datetime) -> None:
    """At its time to the moment, and where the clock was set back before it was learned."""
    memory: Remembered[str, int] = Remembered()
    memory.put("a", 1, now=now, until=now + 60 * SECOND)
    assert memory.get("a", now) == 1
    assert memory.get("a", now + 59 * SECOND) == 1
    assert memory.get("a", now + 60 * SECOND) is None
    assert memory.get("a", now - SECOND) is None
    assert memory.get("b", now) is None


def test_the_oldest_gives_way(now: datetime) -> None:
    """Learned again is learned anew."""
    memory: Remembered[str, int] = Remembered(most=2)
    for key in ("a", "b", "a", "c"):
        memory.put(key, ord(key), now=now, until=now + SECOND)
    assert [memory.get(key, now) for key in "abc"] == [ord("a"), None, ord("c")]
    assert len(memory) == 2
