"""The gate before an org: how many calls pass, and when none does."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import sleep

import pytest

from bridge.salesforce import CircuitOpen, SalesforceClient, SalesforceError, Surroundings
from tests.salesforce.scripted import (
    Asked,
    Reply,
    Server,
    fault,
    run_in_threads,
    settings_for,
    timestamp_reply,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.moment

    def ticks(self) -> float:
        return self.seconds


def test_lets_few_calls_through_at_once(server: Server) -> None:
    """The others wait for their turn, and all are made."""
    lock, under_way, most = Lock(), 0, 0

    def answer(_: Asked) -> Reply:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        sleep(0.02)
        with lock:
            under_way -= 1
        return timestamp_reply()

    server.answer = answer
    with SalesforceClient(settings_for(server, concurrent_calls=3)) as client:
        run_in_threads([client.server_timestamp] * 12)
    assert most == 3
    assert len(server.operations()) == 12


def test_lets_few_calls_through_a_second(server: Server) -> None:
    """A second's worth passes at once; then each waits for its turn, until time has gone by."""
    server.answer = timestamp_reply
    clock, pauses = Clock(), list[float]()
    around = Surroundings(sleep=pauses.append, ticks=clock.ticks)
    with SalesforceClient(settings_for(server, calls_per_second=4), around) as client:
        for _ in range(6):
            client.server_timestamp()
        assert pauses == [0.25, 0.5]
        clock.seconds += 60
        for _ in range(4):
            client.server_timestamp()
    assert pauses == [0.25, 0.5]


def failing(client: SalesforceClient, times: int) -> None:
    for _ in range(times):
        with suppress(SalesforceError):
            client.server_timestamp()


def test_leaves_an_org_alone_that_does_not_answer(server: Server) -> None:
    """After so many failures in a row no call is made, until the pause is over and one succeeds."""
    clock = Clock()
    settings = settings_for(server, attempts=1, circuit_failures=3, circuit_pause_seconds=60)
    server.answer = lambda _: Reply(503)
    with SalesforceClient(settings, Surroundings(now=clock.now)) as client:
        failing(client, 3)
        with pytest.raises(CircuitOpen) as caught:
            client.server_timestamp()
        assert str(caught.value) == (
            "Salesforce: CIRCUIT_OPEN: 3 calls failed one after the other, the last with"
            " HTTP_ERROR: not called again before 12:01:00Z"
        )
        assert caught.value.until == NOON + timedelta(minutes=1)
        assert len(server.operations()) == 3
        clock.moment += timedelta(seconds=60)
        failing(client, 2)  # one tries and fails, the other is told so
        assert len(server.operations()) == 4
        clock.moment += timedelta(seconds=60)
        server.answer = timestamp_reply
        for _ in range(2):
            client.server_timestamp()
        assert len(server.operations()) == 6


def test_failures_between_answers_open_nothing(server: Server) -> None:
    """Nor do errors of the call itself, however many."""
    settings = settings_for(server, attempts=1, circuit_failures=2)
    replies = [Reply(503), timestamp_reply(), Reply(503), *[fault("INVALID_FIELD")] * 5]
    waiting = iter(replies)
    server.answer = lambda _: next(waiting)
    with SalesforceClient(settings) as client:
        failing(client, len(replies))
    assert len(server.operations()) == len(replies)


def test_opens_in_the_middle_of_a_call(server: Server) -> None:
    """Attempts left over are not made."""
    settings = settings_for(server, attempts=9, circuit_failures=3)
    server.answer = lambda _: fault("SERVER_UNAVAILABLE")
    with (
        SalesforceClient(settings, Surroundings(sleep=lambda _: None)) as client,
        pytest.raises(CircuitOpen),
    ):
        client.server_timestamp()
    assert len(server.operations()) == 3


def test_logins_that_fail_count_too(server: Server) -> None:
    """Nobody asks a login service for ever that does not answer."""
    server.token = lambda _: Reply(503)
    settings = settings_for(server, attempts=1, circuit_failures=2)
    with SalesforceClient(settings) as client:
        failing(client, 2)
        with pytest.raises(CircuitOpen):
            client.server_timestamp()
    assert server.logins() == 2


def test_clients_of_one_process_share_the_gate(server: Server) -> None:
    """What one run found out, the next does not try again."""
    server.answer = lambda _: Reply(503)
    settings = settings_for(server, attempts=1, circuit_failures=1)
    with SalesforceClient(settings) as client:
        failing(client.for_run(), 1)
        with pytest.raises(CircuitOpen):
            client.for_run().server_timestamp()
