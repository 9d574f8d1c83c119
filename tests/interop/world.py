"""The stage: a bridge and a sandbox as users run them, and what the bridge knows of its calls."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from bridge.app import Application, utc_now
from bridge.consumer import SERVICE_PATH, ServiceConsumer
from bridge.demo.processes import Place, lay_out, running_bridge, running_sandbox
from bridge.domain.records import Record, key_of, values_of
from bridge.logs import configure_logs
from bridge.operations.consumers import create_consumer, get_consumer
from bridge.operations.kept_secrets import Seal, make_key
from bridge.operations.lookup import UnknownRecord, get_record
from bridge.operations.rights import UNRESTRICTED, Rights
from bridge.operations.submissions import Outcome, UnknownMessageId, get_receipt
from bridge.settings import load_settings
from bridge.soap.views import value_text
from tests.interop.records import SEED_CUSTOMER, SEED_INVOICE, drifting_of
from tests.journeys.world import Silent, World


@dataclass(frozen=True)
class Caller:
    """A client program as the bridge knows it: a consumer of this name.

    `busy_name` is a consumer that may make one call a minute.
    """

    name: str
    secret: str
    api_key: str
    busy_name: str
    busy_secret: str
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What the client program gets."""
        return {f"ERP_{one.name.upper()}": getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True)
class Stage:
    """A running bridge with records that both sides agree on."""

    world: World
    place: Place

    @property
    def service_url(self) -> str:
        """Where the service is."""
        return f"{self.place.bridge_url}{SERVICE_PATH}"

    def admit(self, name: str) -> Caller:
        """Adds the consumers for a client program."""
        secret, busy_secret = self._add(name), self._add(busy(name), Rights(calls_per_minute=1))
        api_key = f"{get_consumer(self.world.application.sessions, name=name).id}.{secret}"
        return Caller(name, secret, api_key, busy(name), busy_secret, self.service_url)

    def plant_changes(self, name: str) -> None:
        """A person in Salesforce changes three customers, and the bridge stages it for the ERP."""
        edit = self.world.edit
        edit("Account", f"{name}-F1", BillingCity=f"大阪 🏯 {name}")
        edit("Account", f"{name}-F2", Phone=None)
        edit("Account", f"{name}-F3", Phone="+81 33", Website="https://33.example")
        self.world.run("fetch")
        self.world.run("reconcile-customers")

    def stored(self, record: Record) -> dict[str, str]:
        """The record's fields as the bridge stored them, as text; nothing where it did not."""
        try:
            found = get_record(self.world.application.sessions, key=key_of(record)).erp
        except UnknownRecord:
            return {}
        return texts_of(found) if found is not None else {}

    def received_at(self, name: str, message_id: str) -> str:
        """When a submission came, to the second."""
        try:
            receipt = get_receipt(
                self.world.application.sessions, consumer=name, message_id=message_id
            )
        except UnknownMessageId:
            return "never"
        return f"{receipt.received_at:%Y-%m-%dT%H:%M:%SZ}"

    def calls(self, name: str) -> list[dict[str, Any]]:
        """The log lines of this consumer's calls."""
        log = (self.place.folder / "bridge.log").read_text(encoding="utf-8").splitlines()
        lines = [json.loads(line) for line in log if '"soap call"' in line]
        return [line for line in lines if line.get("consumer") == name]

    def _add(self, name: str, rights: Rights = UNRESTRICTED) -> str:
        application = self.world.application
        return create_consumer(
            application.sessions,
            name=name,
            now=utc_now(),
            rights=rights,
            seal=Seal(application.settings.consumers),
        )


def busy(name: str) -> str:
    """The consumer of a client program that may make one call a minute."""
    return f"{name}-busy"


def texts_of(record: Record) -> dict[str, str]:
    """A record's fields as text, empty ones left out."""
    texts = {field: value_text(value) for field, value in values_of(record).items()}
    return {field: text for field, text in texts.items() if text is not None}


def _settings() -> dict[str, str]:
    """Digests are taken; wrong credentials, of which each client shows some, wait for nothing."""
    settings = {"DIGEST_KEY": make_key(), "LONGEST_PAUSE_SECONDS": "0"}
    return {f"ERP_BRIDGE_CONSUMERS__{name}": value for name, value in settings.items()}


@contextmanager
def running_stage(folder: Path, names: Sequence[str]) -> Iterator[Stage]:
    """A stage for the client programs of these names; its logs and databases are in the folder."""
    place = lay_out(folder, None)
    place = replace(place, environment=place.environment | _settings())
    settings = load_settings(environment=place.environment | {"ERP_BRIDGE_LOG__LEVEL": "WARNING"})
    configure_logs(settings.log)
    application = Application(settings)
    with running_sandbox(place), running_bridge(place, every_seconds=0):
        context = application.job_context(Silent())
        secret = create_consumer(application.sessions, name="seed", now=utc_now())
        erp = ServiceConsumer(place.bridge_url, "seed", secret)
        world = World(settings, application, context, erp, secret, place.bridge_url)
        with context.salesforce:
            drifting = [record for name in names for record in drifting_of(name)]
            receipts = world.submit([SEED_CUSTOMER, *drifting]) + world.submit([SEED_INVOICE])
            assert {one.outcome for receipt in receipts for one in receipt.results} == {
                Outcome.ACCEPTED
            }
            world.settle()
            yield Stage(world, place)
        application.engine.dispose()
