"""Reading all there is, in parts side by side."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from bridge.domain.records import RecordKey, RecordType
from bridge.salesforce import (
    Mapping,
    SalesforceClient,
    SalesforceError,
    SalesforceSettings,
    read_everything,
)
from bridge.salesforce.full import side_by_side
from bridge.sandbox import SandboxServer
from tests.salesforce.scripted import Asked, Reply, Server, envelope, fault, settings_for
from tests.salesforce.test_windows import Clock, numbers_in, soql_of, write


@pytest.fixture(scope="module")
def full_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """A sandbox for this module's payments."""
    with SandboxServer(tmp_path_factory.mktemp("full") / "org.db", clock=Clock()) as server:
        yield server


def client_of(server: SandboxServer, **changes: object) -> SalesforceClient:
    return SalesforceClient(
        SalesforceSettings.model_validate(
            {
                "login_url": server.url,
                "auth": "client_credentials",
                "client_id": server.credentials.client_id,
                "client_secret": server.credentials.client_secret,
                "page_size": 200,
                "attempts": 1,
                "calls_per_second": 1_000,
                **changes,
            }
        )
    )


@pytest.fixture
def payments(mappings: dict[RecordType, Mapping]) -> Mapping:
    return mappings[RecordType.PAYMENT]


@pytest.mark.parametrize(
    ("rows", "calls", "calls_side_by_side"),
    [(0, 1, 1), (1, 1, 1), (200, 1, 1), (201, 2, 2), (1_000, 5, 7)],
)
def test_reads_each_row_once(
    full_sandbox: SandboxServer, payments: Mapping, rows: int, calls: int, calls_side_by_side: int
) -> None:
    """In one part in as few calls as possible; in several, with a few more."""
    with client_of(full_sandbox) as client:
        there = len(numbers_in(read_everything(client, payments)))
        write(client, payments, range(there, rows))
    for at_once, expected in ((1, calls), (4, calls_side_by_side)):
        with client_of(full_sandbox, full_read_at_once=at_once) as client:
            assert sorted(numbers_in(read_everything(client, payments))) == list(range(rows))
            assert client.calls.queries <= expected
            assert client.calls.queries >= calls


def test_deleted_rows_are_read_too(tmp_path: Path, payments: Mapping) -> None:
    """As long as Salesforce shows them."""
    with (
        SandboxServer(tmp_path / "org.db", clock=Clock()) as server,
        client_of(server) as client,
    ):
        first, _ = write(client, payments, range(2))
        client.delete([first])
        records = [one for page in read_everything(client, payments) for one in page]
        assert {one.erp_key: one.deleted for one in records} == {"1000/0": True, "1000/1": False}


def test_what_changes_meanwhile_is_not_missed(tmp_path: Path, payments: Mapping) -> None:
    """A row that is changed while all is read is read all the same, whatever its stamp."""
    clock = Clock()
    with (
        SandboxServer(tmp_path / "org.db", clock=clock) as server,
        client_of(server) as client,
    ):
        write(client, payments, range(500))
        pages = read_everything(client, payments)
        read = [record.erp_key for record in next(pages)]
        clock.now += timedelta(hours=1)
        key = RecordKey(RecordType.PAYMENT, "1000", "499")
        client.upsert(
            payments.sobject, payments.external_id_field, [payments.write(key, {"method": "cash"})]
        )
        read += [record.erp_key for page in pages for record in page]
        assert len(read) == len(set(read)) == 500


def payment_page(numbers: range, *, size: int, more: bool) -> Reply:
    rows = "".join(
        f"<records><sf:type>ERP_Payment__c</sf:type><sf:Id>a01000000000{number:03d}AAA</sf:Id>"
        "<sf:SystemModstamp>2026-03-01T12:00:00.000Z</sf:SystemModstamp></records>"
        for number in numbers
    )
    where = f"<queryLocator>L{numbers.stop}</queryLocator>" if more else ""
    body = f"<done>{'false' if more else 'true'}</done>{where}{rows}<size>{size}</size>"
    response = f"<queryAllResponse><result>{body}</result></queryAllResponse>"
    return Reply(200, envelope(response))


def test_a_part_goes_on_where_its_locator_died(server: Server, payments: Mapping) -> None:
    """Within its span, behind the last row that it read."""
    answered: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.operation == "queryMore":
            return fault("INVALID_QUERY_LOCATOR")
        answered.append(soql_of(asked).partition(" FROM ERP_Payment__c ")[2])
        match len(answered):
            case 1:
                return payment_page(range(2), size=6, more=True)
            case 2:
                return payment_page(range(2, 4), size=4, more=True)
            case _:
                return payment_page(range(4, 6), size=2, more=False)

    server.answer = answer
    with SalesforceClient(settings_for(server, full_read_at_once=1)) as client:
        records = [one for page in read_everything(client, payments) for one in page]
        assert client.retries == {"INVALID_QUERY_LOCATOR": 1}
    assert len({one.salesforce_id for one in records}) == 6
    assert answered == [
        "ORDER BY Id",
        "WHERE Id > 'a01000000000001AAA' ORDER BY Id",
        "WHERE Id > 'a01000000000003AAA' ORDER BY Id",
    ]


def test_spans_meet_without_gap_or_overlap(server: Server, payments: Mapping) -> None:
    """From the last id of the first page to the end; the last has no end, for what is new."""
    asked_for: list[str] = []

    def answer(asked: Asked) -> Reply:
        soql = soql_of(asked)
        if "DESC" in soql:
            return payment_page(range(900, 901), size=1, more=False)
        asked_for.append(soql.partition(" FROM ERP_Payment__c ")[2])
        return payment_page(range(2), size=90, more=" WHERE " not in soql)

    server.answer = answer
    with (
        SalesforceClient(settings_for(server, full_read_at_once=3)) as client,
        pytest.raises(SalesforceError, match="promised"),
    ):
        list(read_everything(client, payments))
    first, *spans = sorted(asked_for, key=len)
    assert first == "ORDER BY Id"
    bounds = sorted(
        (part.partition("Id > '")[2][:18], part.partition("Id <= '")[2][:18]) for part in spans
    )
    assert bounds[0][0] == "a01000000000001AAA"
    assert [begin for begin, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert bounds[-1][1] == ""


def test_readers_live_side_by_side() -> None:
    """Each waits for the others, so none of them could be the first to end alone."""
    all_here = threading.Barrier(4)

    def reader(name: int) -> Iterator[int]:
        all_here.wait(10)
        yield name

    assert sorted(side_by_side([reader(n) for n in range(4)])) == [0, 1, 2, 3]


def test_an_error_of_one_reader_ends_all() -> None:
    """It is raised; the others stop where they are."""
    steps = []

    def endless() -> Iterator[int]:
        while True:
            steps.append(1)
            yield 1

    def failing() -> Iterator[int]:
        yield 2
        raise SalesforceError("INVALID_FIELD", "no")

    with pytest.raises(SalesforceError, match="INVALID_FIELD"):
        list(side_by_side([endless(), failing()]))
    seen = len(steps)
    time.sleep(0.05)
    assert len(steps) == seen


def test_a_reader_does_not_run_far_ahead() -> None:
    """What nobody has taken yet is bounded; who stops early stops the readers."""
    read = []

    def reader() -> Iterator[int]:
        for number in range(1_000):
            read.append(number)
            yield number

    items = side_by_side([reader(), reader()])
    next(items)
    time.sleep(0.1)
    assert len(read) <= 8
    items.close()
    seen = len(read)
    time.sleep(0.05)
    assert len(read) == seen


def test_readers_keep_the_context() -> None:
    """Their log lines name the run they belong to."""

    def reader() -> Iterator[dict[str, object]]:
        yield structlog.contextvars.get_contextvars()

    with structlog.contextvars.bound_contextvars(run=7):
        assert list(side_by_side([reader()])) == [{"run": 7}]
