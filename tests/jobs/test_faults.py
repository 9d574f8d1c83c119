"""A Salesforce in which everything goes wrong now and then."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from bridge.operations.breaks import list_breaks
from bridge.operations.overview import list_dead_letters
from bridge.sandbox import SandboxServer
from bridge.store.models import RunStatus
from tests.builders import credit_memo, customer, invoice, payment
from tests.jobs.conftest import settings_of
from tests.jobs.world import Clock, World, build_world

CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"
JOBS = ("fetch", CUSTOMERS, FINANCIALS, "relay")
COUNT = 60
EVERYTHING = "seed = {seed}\n" + "\n".join(
    f"[[fault]]\n{rule}\nshare = 0.1"
    for rule in (
        'kind = "latency"\nseconds = 0.01',
        'kind = "http"',
        'kind = "http"\nstatus = 502\noperations = ["token"]',
        'kind = "fault"\ncode = "SERVER_UNAVAILABLE"',
        'kind = "fault"\ncode = "REQUEST_LIMIT_EXCEEDED"',
        'kind = "session"',
        'kind = "locator"',
        'kind = "row"\ncode = "UNABLE_TO_LOCK_ROW"',
        'kind = "late-commit"\nseconds = 0.05',
        'kind = "reset"',
        'kind = "lost"',
    )
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def patient(engine: Engine, sandbox: SandboxServer, clock: Clock) -> Iterator[World]:
    """A bridge that tries calls again, without the pauses; small batches make many calls."""
    settings = settings_of(sandbox, attempts=8, batch_size=20, page_size=200)
    made = build_world(engine, clock, settings)
    made.sandbox = sandbox
    yield made
    made.crm.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_converges_whatever_goes_wrong(
    patient: World, ask_for_faults: Callable[[str], None], seed: int
) -> None:
    """Everything lands once, both sides agree, and the runs tell what they tried again."""
    world = patient
    numbers = [f"N{number}" for number in range(COUNT)]
    world.submit(
        *(customer(number=number) for number in numbers),
        *(invoice(number=number, customer_number=number) for number in numbers),
        *(payment(number=number, customer_number=number) for number in numbers),
        *(credit_memo(number=number, customer_number=number) for number in numbers),
    )
    ask_for_faults(EVERYTHING.replace("{seed}", str(seed)))
    retried: Counter[str] = Counter()
    for _ in range(40):
        reports = [world.run(job) for job in JOBS]
        for report in reports:
            retried.update(report.summary["salesforce_retries"])
        world.tick(minutes=5)
        if all(report.status is RunStatus.SUCCEEDED for report in reports) and not any(
            summary["differing"]
            for report in reports[1:3]
            for summary in report.summary["types"].values()
        ):
            break
    else:
        pytest.fail(f"not settled: {reports}")
    assert {"SERVER_UNAVAILABLE", "INVALID_SESSION_ID", "CONNECTION_LOST", "HTTP_ERROR"} <= set(
        retried
    )
    ask_for_faults("")
    for sobject in ("Account", "ERP_Invoice__c", "ERP_Payment__c", "ERP_Credit_Memo__c"):
        pages = world.crm.query_pages(f"SELECT ERP_Key__c FROM {sobject}")
        keys = [row.fields["ERP_Key__c"] for page in pages for row in page.rows]
        assert len(keys) == len(set(keys)) == COUNT
    assert list_breaks(world.sessions) == []
    assert list_dead_letters(world.sessions) == []
    for job in JOBS:
        world.do(job)
