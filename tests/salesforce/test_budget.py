"""How many calls a run makes, and may make."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from bridge.salesforce import (
    ApiLimit,
    Calls,
    OverBudget,
    SalesforceClient,
    SalesforceError,
    Surroundings,
)
from tests.salesforce.scripted import PARTNER, Asked, Reply, Server, envelope, fault, settings_for


class Org:
    """Answers with the time, and counts its calls as Salesforce does."""

    def __init__(self, used: int, limit: int) -> None:
        self.used, self.limit = used, limit

    def __call__(self, _: Asked) -> Reply:
        self.used += 1
        header = (
            f"<LimitInfoHeader><limitInfo><current>{self.used}</current>"
            f"<limit>{self.limit}</limit><type>API REQUESTS</type></limitInfo></LimitInfoHeader>"
        )
        body = (
            "<getServerTimestampResponse><result>"
            "<timestamp>2026-03-01T10:00:00.000Z</timestamp></result></getServerTimestampResponse>"
        )
        return Reply(200, envelope(body, header))


def call_until_refused(client: SalesforceClient) -> str:
    for _ in range(1_000):
        try:
            client.server_timestamp()
        except OverBudget as refusal:
            return str(refusal)
    pytest.fail("a thousand calls were not refused")


def test_a_run_stops_at_its_share(server: Server) -> None:
    """A quarter of the day's calls, unless the settings say otherwise; the next run has its own."""
    server.answer = Org(used=0, limit=100)
    with SalesforceClient(settings_for(server)) as client:
        run = client.for_run()
        assert call_until_refused(run) == (
            "Salesforce: OVER_BUDGET: this run has made 25 calls, and may make 0.25 of the"
            " org's 100 in 24 hours: see max_share_per_run"
        )
        assert run.calls == Calls(other=25)
        client.for_run().server_timestamp()


def test_runs_stop_before_the_orgs_share_is_gone(server: Server) -> None:
    """Whoever made the calls: what is left beyond the share is for others."""
    server.answer = Org(used=77, limit=100)
    with SalesforceClient(settings_for(server)) as client:
        assert "the org has made 80 of its 100 calls" in call_until_refused(client.for_run())
        assert len(server.operations()) == 3
        assert "stops at 0.8 of them" in call_until_refused(client.for_run())
        assert len(server.operations()) == 3


def test_old_knowledge_refuses_nothing(server: Server) -> None:
    """After a quarter of an hour one call asks again how the org stands."""
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    moments = [now]
    org = server.answer = Org(used=90, limit=100)
    with SalesforceClient(settings_for(server), Surroundings(now=lambda: moments[-1])) as client:
        client.server_timestamp()
        call_until_refused(client)
        moments.append(now + timedelta(minutes=15, seconds=1))
        client.server_timestamp()
        call_until_refused(client)
        org.used = 10
        moments.append(now + timedelta(minutes=31))
        client.server_timestamp()
        client.server_timestamp()
    assert client.limit == ApiLimit(current=12, limit=100)


def test_an_org_that_tells_no_limit_has_none(server: Server) -> None:
    """Nothing is refused on a guess."""
    body = "<result><timestamp>2026-03-01T10:00:00.000Z</timestamp></result>"
    answer = f"<getServerTimestampResponse xmlns='{PARTNER}'>{body}</getServerTimestampResponse>"
    server.answer = lambda _: Reply(200, envelope(answer))
    with SalesforceClient(settings_for(server, max_share_per_run=0.0001)) as client:
        told = [client.server_timestamp() for _ in range(3)]
        assert client.limit is None
    assert told == [datetime(2026, 3, 1, 10, tzinfo=UTC)] * 3


def test_runs_count_their_own_calls_and_retries(server: Server) -> None:
    """Side by side in one process, each knows what it cost, and what was tried again."""
    org = Org(used=0, limit=15_000)
    replies = iter([fault("INVALID_SESSION_ID"), fault("SERVER_UNAVAILABLE")])
    server.answer = lambda asked: next(replies, None) or org(asked)
    with SalesforceClient(settings_for(server), Surroundings(sleep=lambda _: None)) as client:
        one, other = client.for_run(), client.for_run()
        one.server_timestamp()
        other.server_timestamp()
        with suppress(SalesforceError):
            next(other.query_pages("SELECT Id FROM Account"))
        assert (one.calls, other.calls) == (Calls(other=3), Calls(queries=1, other=1))
        assert one.retries == {"INVALID_SESSION_ID": 1, "SERVER_UNAVAILABLE": 1}
        assert other.retries == {}
        assert client.calls == Calls()
    assert server.logins() == 2
