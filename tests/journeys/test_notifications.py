"""An edit in Salesforce is known here within seconds, whatever dies on the way.

Sandbox and bridge as they are started, with sockets between them.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from bridge.app import Application
from bridge.demo.processes import Place, Process, lay_out, running_bridge
from bridge.domain.records import System
from bridge.operations.consumers import create_consumer
from bridge.operations.notifications import NOTIFICATIONS, get_notifications_view
from bridge.operations.rights import Rights
from bridge.sandbox import SandboxServer, Setup
from bridge.settings import load_settings
from bridge.soap.outbound import PATH
from bridge.store.models import NotificationStatus, RunStatus
from bridge.store.orgs import known_org
from bridge.store.runs import last_ended
from jobs.schedule import run_now
from tests.builders import EARLY, customer
from tests.journeys.world import Silent
from tests.outbound import OTHER_ORG, TOLD, notification, outbound_message
from tests.sandbox.partner import Partner
from tests.storing import values_in

SECONDS = 120
FETCHED, WAITING = NotificationStatus.FETCHED, NotificationStatus.WAITING
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass
class Clock:
    """Salesforce's clock, which may leap: it waits long before it sends a message again."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class World:
    """A sandbox that tells the bridge of its Accounts, and what the bridge makes of it."""

    place: Place
    application: Application
    endpoint: str
    clock: Clock = field(default_factory=Clock)

    @contextmanager
    def salesforce(self) -> Iterator[Partner]:
        """Salesforce is there, while the block runs."""
        with SandboxServer(
            self.place.folder / "salesforce.db",
            port=int(self.place.sandbox_url.rpartition(":")[2]),
            clock=self.clock,
            setup=Setup(outbound={"Account": self.endpoint}),
        ) as server:
            partner = Partner(server)
            yield partner
            partner.http.close()

    def bridge(self, *, reads: bool) -> AbstractContextManager[Process]:
        """The bridge serves, while the block runs, and reads what it is told of or does not."""
        settings = {
            "SCHEDULE__FETCH_NOTIFIED_SECONDS": "1" if reads else "0",
            "SCHEDULE__PURGE_SECONDS": "0",
            "JOBS__FETCH_NOTIFIED_RETRY_SECONDS": "1",
            "SALESFORCE__ATTEMPTS": "1",
        }
        more = {f"ERP_BRIDGE_{name}": value for name, value in settings.items()}
        place = replace(self.place, environment=self.place.environment | more)
        return running_bridge(place, every_seconds=0)

    def phone(self) -> object:
        """The customer's, as the bridge knows it from Salesforce."""
        with self.application.sessions() as session:
            return (values_in(session, customer(), System.CRM) or {}).get("phone")

    def counts(self) -> dict[NotificationStatus, tuple[int, int]]:
        """How many notifications there are, and how often they were repeated."""
        view = get_notifications_view(self.application.sessions, since=EARLY)
        return {one.status: (one.count, one.repeated) for one in view.notifications}

    def outcomes(self) -> dict[str, int]:
        """What came of the messages."""
        view = get_notifications_view(self.application.sessions, since=EARLY)
        return {one.outcome: one.count for one in view.calls}

    def ask_for_faults(self, rules: str) -> None:
        url = f"{self.place.sandbox_url}/sandbox/faults"
        requests.put(url, data=rules, timeout=10).raise_for_status()

    def post(self, content: bytes) -> requests.Response:
        headers = {"Content-Type": "text/xml"}
        return requests.post(self.endpoint, data=content, headers=headers, timeout=30)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """A bridge that has read its org, which is empty."""
    place = lay_out(tmp_path, database_url)
    application = Application(load_settings(environment=place.environment))
    application.prepare_database()
    secret = create_consumer(
        application.sessions,
        name="salesforce",
        now=datetime.now(UTC),
        rights=Rights(operations=frozenset({NOTIFICATIONS})),
    )
    world = World(place, application, f"{place.bridge_url}{PATH}/1.{secret}")
    with world.salesforce():
        assert run_now(application.job_context(Silent()), "fetch").error is None
    yield world
    application.close()


def until(condition: Callable[[], object]) -> None:
    """Waits until something holds."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < SECONDS
        time.sleep(0.05)


def test_an_edit_arrives_within_seconds(world: World) -> None:
    """Through the death of the bridge between taking and reading, and Salesforce's absence."""
    with ExitStack() as there:
        salesforce = there.enter_context(world.salesforce())
        with world.bridge(reads=False) as process:
            (account,) = salesforce.create("Account", {"ERP_Key__c": "C1", "Name": "A"})
            until(lambda: world.counts() == {WAITING: (1, 0)})
            os.kill(process.pid, signal.SIGKILL)
        with world.bridge(reads=True):
            until(lambda: world.counts() == {FETCHED: (1, 0)})
            salesforce.update("Account", {"Id": account.id, "Phone": "1"})
            until(lambda: world.phone() == "1")
            _told_twice(world, salesforce, account.id)
            _committed_late(world, salesforce, account.id)
            there.close()
            _told_while_salesforce_is_away(world, account.id)
    assert world.outcomes().keys() == {"ok", "ForeignOrganization", "MalformedXml"}


def _told_twice(world: World, salesforce: Partner, account_id: str | None) -> None:
    """The acknowledgement is lost, and Salesforce sends the message again."""
    world.ask_for_faults('[[fault]]\nkind = "lost"\noperations = ["notifications"]\ncalls = [1]')
    salesforce.update("Account", {"Id": account_id, "Phone": "2"})
    until(lambda: world.phone() == "2")
    world.clock.ahead += timedelta(seconds=20)
    until(lambda: world.counts() == {FETCHED: (3, 1)})


def _committed_late(world: World, salesforce: Partner, account_id: str | None) -> None:
    """What it bears is a moment before the one at which it could be seen."""
    world.ask_for_faults('[[fault]]\nkind = "late-commit"\nseconds = 1')
    salesforce.update("Account", {"Id": account_id, "Phone": "3"})
    world.ask_for_faults("")
    until(lambda: world.phone() == "3")


def _told_while_salesforce_is_away(world: World, account_id: str | None) -> None:
    """It is acknowledged, and read when Salesforce is back; what is forged or broken is not."""
    with world.application.sessions() as session:
        org = known_org(session)
    assert org is not None
    told = replace(notification(7), salesforce_id=str(account_id))
    assert b"<Ack>true</Ack>" in world.post(outbound_message(told, org=org.organization_id)).content
    assert b"ForeignOrganization" in world.post(outbound_message(TOLD, org=OTHER_ORG)).content
    assert b"MalformedXml" in world.post(outbound_message(TOLD)[:-9]).content
    until(lambda: _last_run_failed(world))
    assert world.counts()[WAITING] == (1, 0)
    with world.salesforce():
        until(lambda: world.counts() == {FETCHED: (5, 1)})


def _last_run_failed(world: World) -> bool:
    with world.application.sessions() as session:
        run = last_ended(session, "fetch-notified")
        return run is not None and run.status is RunStatus.FAILED
