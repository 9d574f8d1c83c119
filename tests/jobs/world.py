"""A bridge and its Salesforce, whose time stands still until a test lets it pass."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RECORD_CLASSES, Record, RecordType
from bridge.matching.proposing import Matcher
from bridge.operations.credentials import Consumer
from bridge.operations.submissions import Receipt, submit_records
from bridge.rules import build_rules
from bridge.salesforce import Mapping as FieldMapping
from bridge.salesforce import (
    SalesforceClient,
    SalesforceSettings,
    SObject,
    Surroundings,
    load_mappings,
)
from bridge.sandbox import SandboxServer
from bridge.settings import find_config, load_survivorship
from bridge.store.comparison import adopt_comparison
from bridge.store.engine import session_factory
from bridge.store.models import Base, RunStatus
from jobs.context import JobContext, RunReport
from jobs.schedule import run_now
from jobs.settings import JobSettings
from tests.sandbox.partner import NS, Partner, sobject

MAPPINGS = load_mappings(find_config(None, "mapping"))
RULES = build_rules(MAPPINGS, load_survivorship())
_messages = itertools.count(1)


@dataclass
class Clock:
    """Tells the same moment again and again."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment


class Silent:
    """Progress that nobody watches."""

    def start(self, what: str, total: int | None) -> None: ...

    def advance(self, steps: int) -> None: ...


@dataclass
class World:
    """Jobs on a real database and a real Salesforce, and both sides' ways to change records."""

    context: JobContext
    clock: Clock
    sandbox: SandboxServer | None = None

    @property
    def sessions(self) -> sessionmaker[Session]:
        return self.context.sessions

    @property
    def crm(self) -> SalesforceClient:
        return self.context.salesforce

    def tick(self, **by: float) -> None:
        """Lets time pass: a second, unless told otherwise."""
        self.clock.moment += timedelta(**(by or {"seconds": 1}))

    def submit(self, *records: Record) -> list[Receipt]:
        """The ERP sends records, types in any order."""
        receipts = []
        for record_type, record_class in RECORD_CLASSES.items():
            batch = [record for record in records if isinstance(record, record_class)]
            if batch:
                self.tick()
                receipts.append(self._submit(record_type, batch))
        return receipts

    def run(self, job: str, *, explained: bool = True, **options: Any) -> RunReport:
        """Runs a job once, whatever comes of it; it explains each difference of its totals."""
        self.tick()
        report = run_now(self.context, job, **options)
        self.tick()
        assert bool(report.summary.get("unexplained")) is not explained
        return report

    def do(self, *jobs: str, **options: Any) -> dict[str, Any]:
        """Runs jobs that have to succeed; the last one's summary."""
        summary: Mapping[str, Any] = {}
        for job in jobs:
            report = self.run(job, **options)
            assert report.status is RunStatus.SUCCEEDED, report
            summary = report.summary
        return dict(summary)

    def settle(self) -> None:
        """All that the ERP has sent comes to Salesforce and is read back."""
        for job in ("fetch", "reconcile-customers", "reconcile-financials", "relay", "fetch"):
            self.do(job)

    def rows(self, sobject: str, *fields: str) -> dict[str, SObject]:
        """The live rows of a kind, by their ERP key."""
        names = ", ".join(["Id", "ERP_Key__c", *fields])
        pages = self.crm.query_pages(f"SELECT {names} FROM {sobject}")
        return {str(row.fields["ERP_Key__c"]): row for page in pages for row in page.rows}

    def change(self, sobject: str, key: str, **fields: str | None) -> None:
        """Somebody changes a record in Salesforce."""
        self.change_by_id(sobject, self.id_of(sobject, key), **fields)

    def change_by_id(self, sobject: str, salesforce_id: str, **fields: str | None) -> None:
        """Somebody changes a record that may have no ERP key."""
        self.tick()
        (result,) = self.crm.update([SObject(sobject, salesforce_id, {**fields})])
        assert result.success, result

    def create(self, sobject: str, **fields: str) -> str:
        """Somebody enters a record in Salesforce; its id."""
        self.tick()
        (result,) = self.crm.create([SObject(sobject, None, {**fields})])
        assert result.success, result
        return str(result.id)

    def delete(self, sobject: str, *keys: str) -> None:
        """Somebody deletes records in Salesforce."""
        self.tick()
        ids = [self.id_of(sobject, key) for key in keys]
        assert all(result.success for result in self.crm.delete(ids))

    def merge(self, winner_id: str, *loser_ids: str, **fields: str | None) -> None:
        """Somebody merges Accounts in Salesforce; `fields` are set on the one that wins."""
        self.tick()
        losers = "".join(f"<p:recordToMergeIds>{one}</p:recordToMergeIds>" for one in loser_ids)
        winner = sobject("Account", {"Id": winner_id, **fields})
        request = f"<p:request><p:masterRecord>{winner}</p:masterRecord>{losers}</p:request>"
        (result,) = self.partner.call("merge", request)
        assert result.findtext("p:success", "", NS) == "true", etree.tostring(result)

    def undelete(self, salesforce_id: str) -> None:
        """Somebody takes a record out of the recycle bin."""
        self.tick()
        assert self.partner.undelete(salesforce_id)[0].success

    @property
    def partner(self) -> Partner:
        """The sandbox, spoken to as no bridge does."""
        assert self.sandbox is not None
        return Partner(self.sandbox)

    def id_of(self, sobject: str, key: str) -> str:
        return str(self.rows(sobject)[key].id)

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.sessions() as session:
            return {
                name: session.scalar(select(func.count()).select_from(table)) or 0
                for name, table in Base.metadata.tables.items()
            }

    def with_settings(self, **changes: Any) -> "World":
        """The same world under other settings of the jobs."""
        settings = JobSettings(**changes)
        return World(replace(self.context, settings=settings), self.clock, self.sandbox)

    def _submit(self, record_type: RecordType, batch: Sequence[Record]) -> Receipt:
        message_id = f"m{next(_messages)}"
        return submit_records(
            self.sessions,
            consumer=Consumer("erp"),
            message_id=message_id,
            record_type=record_type,
            records=batch,
            now=self.clock(),
        )


def build_world(
    engine: Engine,
    clock: Clock,
    salesforce: SalesforceSettings,
    mappings: Mapping[RecordType, FieldMapping] = MAPPINGS,
) -> World:
    """A world around a database and an org."""
    sessions = session_factory(engine)
    with sessions.begin() as session:
        adopt_comparison(session, {one: rules.compared for one, rules in RULES.items()})
    client = SalesforceClient(salesforce, Surroundings(now=clock, sleep=lambda _: None))
    context = JobContext(
        engine=engine,
        sessions=sessions,
        salesforce=client,
        mappings=mappings,
        rules=RULES,
        settings=JobSettings(),
        matcher=Matcher(),
        clock=clock,
        progress=Silent(),
    )
    return World(context, clock)
