"""The trail of calls: kept as they were, found again, forgotten in time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.store.calls import (
    CallRow,
    add_calls,
    find_call,
    last_call_at,
    list_calls,
    purge_calls,
    purge_envelopes,
)
from tests.builders import EARLY
from tests.callers import CALL, STRANGERS_CALL

Sessions = sessionmaker[Session]


def add(sessions: Sessions, *rows: CallRow) -> None:
    with sessions.begin() as session:
        add_calls(session, rows)


def minutes(number: int) -> CallRow:
    """A call so many minutes later."""
    return replace(CALL, at=EARLY + timedelta(minutes=number), correlation_id=f"c-{number}")


def test_a_call_is_kept_as_it_was(sessions: Sessions) -> None:
    """With its envelope, and one of nobody."""
    add(sessions, CALL, STRANGERS_CALL)
    with sessions() as session:
        found = [find_call(session, 1), find_call(session, 2)]
        assert [one.row for one in found if one] == [CALL, STRANGERS_CALL]
        assert [one.has_envelope for one in found if one] == [True, False]
        assert find_call(session, 3) is None


def test_what_a_caller_sent_never_hinders_the_others(sessions: Sessions) -> None:
    """Texts are cut to fit, and a NUL, which PostgreSQL refuses, is none any more."""
    odd = replace(CALL, operation="x" * 500, message_id="a\x00b\nc\ud800", address="y" * 500)
    add(sessions, odd, CALL)
    with sessions() as session:
        ordinary, kept = (one.row for one in list_calls(session, limit=9))
        assert replace(ordinary, envelope=CALL.envelope) == CALL
        assert kept.message_id == "a?b?c?"
        assert kept.operation == "x" * 80
        assert kept.address == "y" * 60


def test_calls_are_listed_newest_first(sessions: Sessions) -> None:
    """A consumer's, since an instant, those that failed; the envelopes stay where they are."""
    add(sessions, CALL, STRANGERS_CALL, replace(CALL, consumer="other", outcome="ContractViolated"))
    add(sessions, minutes(5))
    with sessions() as session:
        assert [one.id for one in list_calls(session, limit=9)] == [4, 3, 2, 1]
        assert [one.id for one in list_calls(session, limit=2)] == [4, 3]
        assert [one.id for one in list_calls(session, consumer="erp", limit=9)] == [4, 1]
        assert [one.id for one in list_calls(session, failed=True, limit=9)] == [3, 2]
        later = EARLY + timedelta(minutes=5)
        assert [one.id for one in list_calls(session, since=later, limit=9)] == [4]
        (newest,) = list_calls(session, limit=1)
        assert (newest.row.envelope, newest.has_envelope) == (None, True)


def test_a_consumer_called_last(sessions: Sessions) -> None:
    """If it ever did."""
    add(sessions, CALL, minutes(5), STRANGERS_CALL, replace(CALL, consumer="other"))
    with sessions() as session:
        assert last_call_at(session, "erp") == EARLY + timedelta(minutes=5)
        assert last_call_at(session, "other") == EARLY
        assert last_call_at(session, "nobody") is None


@pytest.mark.parametrize("forget", [purge_calls, purge_envelopes])
def test_the_oldest_go_first(sessions: Sessions, forget: object) -> None:
    """So many at a time, and none that is young enough."""
    add(sessions, *(minutes(number) for number in (3, 1, 4, 2, 5)))
    before = EARLY + timedelta(minutes=4)
    with sessions.begin() as session:
        assert [forget(session, before=before, limit=2) for _ in range(3)] == [2, 1, 0]  # type: ignore[operator]
    with sessions() as session:
        rows = list_calls(session, limit=9)
        left = rows if forget is purge_calls else [one for one in rows if one.has_envelope]
        assert [one.row.correlation_id for one in left] == ["c-5", "c-4"]
        assert len(rows) == (2 if forget is purge_calls else 5)
