"""Playing the scenario: the ERP by SOAP, a sales person by the Partner API, the jobs by request."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bridge.app import Application, utc_now
from bridge.consumer import ServiceConsumer
from bridge.demo.processes import DemoFailed
from bridge.demo.scenario import (
    CrmEdit,
    Planted,
    expected_figures,
    opening_books,
    planted_drift,
)
from bridge.domain.records import Record, RecordType
from bridge.operations.breaks import BreakView, list_breaks
from bridge.operations.overview import ask_for_run, get_run
from bridge.operations.submissions import Outcome
from bridge.salesforce import FieldValue, RowResult, SalesforceClient, SObject
from bridge.store.models import RunStatus
from jobs import fetch, reconcile, relay

_RUN_SECONDS = 120
_FEED_PAGE = 2

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the demonstration, with what it has to be."""

    name: str
    expected: int
    found: int

    @property
    def right(self) -> bool:
        """Whether it is what the planted drift demands."""
        return self.expected == self.found


@dataclass(slots=True)
class Told:
    """What the story found. `totals` are the last reconciliations' lines, both sides."""

    figures: list[Figure] = field(default_factory=list)
    totals: list[Mapping[str, Any]] = field(default_factory=list)
    breaks: list[BreakView] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether every figure is."""
        return all(figure.right for figure in self.figures)

    def expect(self, name: str, expected: int, found: int) -> None:
        """Adds a figure."""
        self.figures.append(Figure(name, expected, found))


class Story:
    """One telling of the scenario against a running sandbox and a running bridge."""

    def __init__(
        self, application: Application, erp: ServiceConsumer, crm: SalesforceClient, say: Say
    ) -> None:
        self._application, self._erp, self._crm, self._say = application, erp, crm, say
        self._told = Told()
        self._messages = 0

    def tell(self) -> Told:
        """Plays all of it. Raises DemoFailed where a part does not do its work at all."""
        books = opening_books()
        self._opening(books.by_type())
        drift = planted_drift(books)
        self._told.planted = drift
        self._drift_apart(drift)
        self._reconcile_drift(drift)
        self._erp_takes_changes(drift)
        self._find_peace(drift)
        return self._told

    def _opening(self, records: Mapping[RecordType, list[Record]]) -> None:
        self._say("The ERP sends its books by SOAP.")
        self._run(fetch.NAME)
        for record_type, some in records.items():
            accepted = self._submit(some)
            self._told.expect(f"opening {record_type} accepted", len(some), accepted)
        self._say("The bridge carries them to Salesforce.")
        self._reconcile()
        self._run(relay.NAME)
        self._run(fetch.NAME)
        self._say("It reconciles: both sides have to agree.")
        types, totals = self._reconcile()
        for record_type, some in records.items():
            summary = types[record_type]
            self._told.expect(
                f"opening {record_type} matched",
                len(some),
                summary["records"] - summary["differing"],
            )
        self._told.expect("opening totals that differ", 0, _unbalanced(totals))

    def _drift_apart(self, drift: list[Planted]) -> None:
        self._say("Both sides drift apart:")
        for planted in drift:
            self._say(f"  - {planted.story}")
            if planted.erp is not None:
                self._submit([planted.erp])
            if planted.crm is not None:
                self._edit(planted.crm)
        time.sleep(1.1)  # Salesforce's stamps are whole seconds, and a window ends before its own

    def _reconcile_drift(self, drift: list[Planted]) -> None:
        self._say("The bridge reads Salesforce again and decides.")
        self._run(fetch.NAME)
        types, _ = self._reconcile()
        found = _figures(types)
        expected = expected_figures(drift)
        for name in sorted(expected.keys() | found.keys()):
            self._told.expect(f"drift {name}", expected.get(name, 0), found.get(name, 0))
        self._run(relay.NAME)

    def _erp_takes_changes(self, drift: list[Planted]) -> None:
        self._say("The ERP fetches its changes and acknowledges them.")
        after, taken, more = 0, 0, True
        while more:
            page = self._erp.fetch_changes(RecordType.CUSTOMER, after=after, limit=_FEED_PAGE)
            taken, after, more = taken + len(page.changes), page.next, page.more
        acknowledged = self._erp.acknowledge_changes(RecordType.CUSTOMER, up_to=after)
        wanted = expected_figures(drift)["CUSTOMER corrections for ERP"]
        self._told.expect("changes fetched by the ERP", wanted, taken)
        self._told.expect("changes acknowledged by the ERP", wanted, acknowledged)

    def _find_peace(self, drift: list[Planted]) -> None:
        self._say("A last reconciliation: nothing is left to correct, the breaks stay open.")
        self._run(fetch.NAME)
        types, self._told.totals = self._reconcile()
        found = _figures(types)
        for name, count in expected_figures(drift).items():
            quiet = 0 if "corrections" in name else count
            self._told.expect(f"afterwards {name}", quiet, found.get(name, 0))
        waiting = sum(sum(summary["waiting"].values()) for summary in types.values())
        dead = sum(summary["dead"] for summary in types.values())
        self._told.expect("afterwards corrections waiting", 0, waiting)
        self._told.expect("afterwards dead letters", 0, dead)
        self._told.breaks = list_breaks(self._application.sessions)

    def _submit(self, records: list[Record]) -> int:
        self._messages += 1
        receipt = self._erp.submit(f"DEMO-{self._messages:04}", records)
        return sum(result.outcome is Outcome.ACCEPTED for result in receipt.results)

    def _edit(self, edit: CrmEdit) -> None:
        if edit.key is None:
            results = self._crm.create([SObject(edit.sobject, None, dict(edit.fields))])
        else:
            salesforce_id = self._find(edit.sobject, edit.key)
            if edit.delete:
                results = self._crm.delete([salesforce_id])
            else:
                fields: dict[str, FieldValue] = {"Id": salesforce_id, **edit.fields}
                results = self._crm.update([SObject(edit.sobject, None, fields)])
        _must_succeed(results)

    def _find(self, sobject: str, key: str) -> str:
        soql = f"SELECT Id FROM {sobject} WHERE ERP_Key__c = '{key}'"  # noqa: S608 - our own keys
        rows = next(self._crm.query_pages(soql)).rows
        if len(rows) != 1 or rows[0].id is None:
            raise DemoFailed(f"Salesforce holds {len(rows)} {sobject} with ERP key {key}, not one")
        return rows[0].id

    def _reconcile(self) -> tuple[dict[str, Any], list[Mapping[str, Any]]]:
        types: dict[str, Any] = {}
        totals: list[Mapping[str, Any]] = []
        for name in (reconcile.CUSTOMERS, reconcile.FINANCIALS):
            summary = self._run(name)
            types |= summary["types"]
            totals += summary["totals"]
        return types, totals

    def _run(self, job: str) -> Mapping[str, Any]:
        """Asks the scheduler for a run, as the console does, and waits for its end."""
        sessions = self._application.sessions
        run_id = ask_for_run(sessions, job=job, now=utc_now())
        deadline = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < deadline:
            run = get_run(sessions, run_id=run_id)
            if run.ended:
                if run.status is not RunStatus.SUCCEEDED:
                    raise DemoFailed(f"{job} ended {run.status}: {run.error}")
                return run.summary
            time.sleep(0.05)
        raise DemoFailed(f"{job} did not end within {_RUN_SECONDS} seconds")


def _figures(types: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for record_type, summary in types.items():
        for target, count in summary["corrections"].items():
            found[f"{record_type} corrections for {target}"] = count
        # What waits for a late side does not count yet; it is there all the same.
        for kind, count in (summary["breaks_open"] | summary["breaks_not_counted_yet"]).items():
            found[f"{record_type} breaks {kind}"] = count
    return found


def _unbalanced(totals: list[Mapping[str, Any]]) -> int:
    return sum(any(Decimal(n) for n in line["difference"].values()) for line in totals)


def _must_succeed(results: list[RowResult]) -> None:
    for result in results:
        if not result.success:
            raise DemoFailed(f"Salesforce refused an edit: {result.errors[0]}")
