"""Both systems and the bridge between them, for journeys: all real, all on this machine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

from cheroot import wsgi

from bridge.app import Application
from bridge.consumer import ServiceConsumer
from bridge.domain.records import Record
from bridge.operations.consumers import create_consumer
from bridge.operations.submissions import Receipt
from bridge.salesforce import SalesforceClient, SObject
from bridge.sandbox.server import SandboxServer
from bridge.settings import Settings, load_settings
from jobs.context import JobContext, RunReport
from jobs.schedule import run_now


class Silent:
    """Progress that nobody watches."""

    def start(self, what: str, total: int | None) -> None: ...

    def advance(self, steps: int) -> None: ...


@dataclass
class World:
    """A sandbox Salesforce, a bridge that serves SOAP, and an ERP that calls it."""

    settings: Settings
    application: Application
    context: JobContext
    erp: ServiceConsumer
    secret: str
    url: str
    messages: int = field(default=0)

    @property
    def crm(self) -> SalesforceClient:
        """Salesforce, as a person's tool would see it."""
        return self.context.salesforce

    def submit(self, records: Sequence[Record]) -> list[Receipt]:
        """The ERP sends records, 500 a call."""
        receipts = []
        for start in range(0, len(records), 500):
            self.messages += 1
            batch = list(records[start : start + 500])
            receipts.append(self.erp.submit(f"journey-{self.messages}", batch))
        return receipts

    def run(self, job: str, **options: Any) -> RunReport:
        """Runs a job once; it has to succeed."""
        report = run_now(self.context, job, **options)
        assert report.error is None, report
        assert not report.summary.get("unexplained"), "a difference without a reason"
        return report

    def compare(self) -> dict[str, Any]:
        """Reads Salesforce and reconciles all types: the types' summaries."""
        self.run("fetch")
        customers = self.run("reconcile-customers").summary["types"]
        return {**customers, **self.run("reconcile-financials").summary["types"]}

    def settle(self) -> None:
        """Lets the jobs run until everything that the ERP sent is in Salesforce and read back."""
        self.compare()
        self.run("relay")
        self.run("fetch")

    def query(self, soql: str) -> list[SObject]:
        """All rows of a query."""
        return [row for page in self.crm.query_pages(soql) for row in page.rows]

    def salesforce_id(self, sobject: str, key: str) -> str:
        """The id behind an ERP key."""
        (row,) = self.query(f"SELECT Id FROM {sobject} WHERE ERP_Key__c = '{key}'")
        assert row.id is not None
        return row.id

    def edit(self, sobject: str, key: str, **fields: str | None) -> None:
        """A person in Salesforce changes a record."""
        row = SObject(sobject, None, {"Id": self.salesforce_id(sobject, key), **fields})
        (result,) = self.crm.update([row])
        assert result.success, result

    def delete(self, sobject: str, key: str) -> None:
        """A person in Salesforce deletes a record."""
        (result,) = self.crm.delete([self.salesforce_id(sobject, key)])
        assert result.success, result

    def enter(self, sobject: str, **fields: str) -> None:
        """A person in Salesforce enters a record."""
        (result,) = self.crm.create([SObject(sobject, None, dict(fields))])
        assert result.success, result


@contextmanager
def build_world(folder: Path, database_url: str) -> Iterator[World]:
    """A world of its own in a folder and an empty database."""
    with SandboxServer(folder / "salesforce.db") as sandbox:
        settings = load_settings(
            environment={
                "ERP_BRIDGE_DATABASE__URL": database_url,
                "ERP_BRIDGE_DATABASE__MIGRATE_ON_START": "true",
                "ERP_BRIDGE_SALESFORCE__LOGIN_URL": sandbox.url,
                "ERP_BRIDGE_SALESFORCE__AUTH": "client_credentials",
                "ERP_BRIDGE_SALESFORCE__CLIENT_ID": sandbox.credentials.client_id,
                "ERP_BRIDGE_SALESFORCE__CLIENT_SECRET": sandbox.credentials.client_secret,
            }
        )
        application = Application(settings)
        application.prepare_database()
        secret = create_consumer(application.sessions, name="erp", now=datetime.now(UTC))
        context = application.job_context(Silent())
        with _serving(application) as url, context.salesforce:
            erp = ServiceConsumer(url, "erp", secret)
            yield World(settings, application, context, erp, secret, url)
        application.engine.dispose()


@contextmanager
def _serving(application: Application) -> Iterator[str]:
    server = wsgi.Server(("127.0.0.1", 0), application.wsgi())
    server.prepare()
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()
