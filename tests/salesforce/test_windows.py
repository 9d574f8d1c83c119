"""Windows: everything once, ties and deletions included, whatever happens on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bridge.domain.crm import CrmRecord
from bridge.domain.records import RecordKey, RecordType
from bridge.domain.salesforce_ids import normalise_id
from bridge.salesforce import (
    Calls,
    Mapping,
    SalesforceClient,
    SalesforceError,
    SalesforceSettings,
    read_by_id,
    read_window,
)
from bridge.salesforce.windows import Position, datetime_literal, window_query
from bridge.sandbox import SandboxServer
from tests.salesforce.scripted import Asked, Reply, Server, envelope, fault

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """The sandbox's clock, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def org(tmp_path: Path, clock: Clock) -> Iterator[SalesforceClient]:
    """A client of a fresh sandbox that lives by the test's clock, with pages of 200 rows."""
    with SandboxServer(tmp_path / "salesforce.db", clock=clock) as sandbox:
        known = sandbox.credentials
        settings = SalesforceSettings.model_validate(
            {
                "login_url": sandbox.url,
                "auth": "client_credentials",
                "client_id": known.client_id,
                "client_secret": known.client_secret,
                "page_size": 200,
                "attempts": 1,
            }
        )
        with SalesforceClient(settings) as made:
            yield made


@pytest.fixture
def payments(mappings: dict[RecordType, Mapping]) -> Mapping:
    return mappings[RecordType.PAYMENT]


def write(client: SalesforceClient, mapping: Mapping, numbers: range) -> list[str]:
    """Upserts payments by number; gives their ids."""
    ids = []
    for first in range(numbers.start, numbers.stop, 200):
        rows = [
            mapping.write(RecordKey(RecordType.PAYMENT, "1000", str(number)), {"method": "wire"})
            for number in range(first, min(first + 200, numbers.stop))
        ]
        results = client.upsert(mapping.sobject, mapping.external_id_field, rows)
        ids += [str(result.id) for result in results if result.success]
    return ids


def numbers_in(pages: Iterator[list[CrmRecord]]) -> list[int]:
    keys = [record.erp_key for page in pages for record in page]
    return [int(str(key).removeprefix("1000/")) for key in keys]


@pytest.mark.parametrize(("rows", "calls"), [(0, 1), (1, 1), (200, 1), (201, 2), (1000, 5)])
def test_reads_each_row_once_even_when_all_share_one_stamp(
    org: SalesforceClient, payments: Mapping, clock: Clock, rows: int, calls: int
) -> None:
    """N rows cost ceil(N / page size) calls, and ties are neither lost nor doubled."""
    write(org, payments, range(rows))
    before = org.calls
    read = numbers_in(read_window(org, payments, since=START, until=START + timedelta(seconds=1)))
    assert sorted(read) == list(range(rows))
    assert org.calls.since(before) == Calls(queries=calls)


def test_a_window_holds_its_start_and_not_its_end(
    org: SalesforceClient, payments: Mapping, clock: Clock
) -> None:
    """Windows that meet neither overlap nor leave a gap."""
    for number in range(4):
        clock.now = START + timedelta(seconds=number)
        write(org, payments, range(number, number + 1))

    def window(since: int, until: int) -> list[int]:
        second = timedelta(seconds=1)
        span = {"since": START + since * second, "until": START + until * second}
        return numbers_in(read_window(org, payments, **span))

    assert window(1, 3) == [1, 2]
    assert window(0, 2) + window(2, 4) == [0, 1, 2, 3]
    assert window(2, 2) == []


def test_deleted_rows_are_read_too(org: SalesforceClient, payments: Mapping, clock: Clock) -> None:
    """A deletion is a change: the row comes, marked as deleted."""
    ids = write(org, payments, range(2))
    clock.now += timedelta(minutes=1)
    org.delete(ids[:1])
    span = {"since": clock.now, "until": clock.now + timedelta(seconds=1)}
    records = [record for page in read_window(org, payments, **span) for record in page]
    assert [(record.erp_key, record.deleted) for record in records] == [("1000/0", True)]


def test_rows_are_read_by_their_ids(org: SalesforceClient, payments: Mapping, clock: Clock) -> None:
    """Deleted ones too, in few calls however many there are; those that are not there are not."""
    ids = write(org, payments, range(401))
    org.delete(ids[:1])
    before = org.calls
    nobodys = [normalise_id(f"a0P{number:012}") for number in range(2_000)]
    records = [r for page in read_by_id(org, payments, nobodys + ids) for r in page]
    assert sorted(record.salesforce_id for record in records) == sorted(ids)
    assert [record.salesforce_id for record in records if record.deleted] == ids[:1]
    assert org.calls.since(before) == Calls(queries=1 + 3)


def test_an_id_that_is_none_hides_no_other(org: SalesforceClient, payments: Mapping) -> None:
    """Salesforce refuses the query for it: the rest is asked for without."""
    ids = write(org, payments, range(7))
    wrong = ["a0P000000000000zzz", "a0P000000000001zzz"]
    asked = [wrong[0], *ids[:5], wrong[1], *ids[5:]]
    records = [record for page in read_by_id(org, payments, asked) for record in page]
    assert sorted(record.salesforce_id for record in records) == sorted(ids)
    assert list(read_by_id(org, payments, wrong)) == []


def test_a_changed_row_comes_again(org: SalesforceClient, payments: Mapping, clock: Clock) -> None:
    """A later window shows what was changed since, and nothing else."""
    write(org, payments, range(3))
    clock.now += timedelta(minutes=1)
    write(org, payments, range(1, 2))
    span = {"since": clock.now, "until": clock.now + timedelta(seconds=1)}
    assert numbers_in(read_window(org, payments, **span)) == [1]


def page_of(ids: str, locator: str | None) -> Reply:
    rows = "".join(
        f"<records><sf:type>ERP_Payment__c</sf:type><sf:Id>a0100000000000{i}AAA</sf:Id>"
        f"<sf:SystemModstamp>2026-03-01T12:00:00.000Z</sf:SystemModstamp></records>"
        for i in ids
    )
    where = f"<queryLocator>{locator}</queryLocator>" if locator else ""
    done = "false" if locator else "true"
    body = f"<result><done>{done}</done>{where}{rows}<size>{len(ids)}</size></result>"
    return Reply(200, envelope(f"<queryAllResponse>{body}</queryAllResponse>"))


def test_goes_on_behind_the_last_row_when_the_locator_dies(
    server: Server, client: SalesforceClient, payments: Mapping
) -> None:
    """A dead locator costs one new query, for the rows not yet read."""
    replies = iter(
        [page_of("12", "L"), fault("INVALID_QUERY_LOCATOR"), page_of("3", None)],
    )
    server.answer = lambda _: next(replies)
    until = START + timedelta(hours=1)
    pages = list(read_window(client, payments, since=START, until=until))
    assert [record.salesforce_id[-4] for page in pages for record in page] == ["1", "2", "3"]
    assert server.operations() == ["queryAll", "queryMore", "queryAll"]
    first, _, second = (asked for asked in server.asked if asked.operation != "token")
    assert soql_of(first).endswith(
        " WHERE SystemModstamp < 2026-03-01T13:00:00.000Z"
        " AND SystemModstamp >= 2026-03-01T12:00:00.000Z ORDER BY SystemModstamp, Id"
    )
    assert soql_of(second).endswith(
        " WHERE SystemModstamp < 2026-03-01T13:00:00.000Z"
        " AND ((SystemModstamp = 2026-03-01T12:00:00.000Z AND Id > 'a01000000000002AAA')"
        " OR SystemModstamp > 2026-03-01T12:00:00.000Z) ORDER BY SystemModstamp, Id"
    )


def soql_of(asked: Asked) -> str:
    return str(asked.envelope.findtext(".//{*}queryString"))


def test_a_query_that_dies_without_progress_is_an_error(
    server: Server, client: SalesforceClient, payments: Mapping
) -> None:
    """Restarting goes on only as long as it leads somewhere."""
    server.answer = lambda _: fault("INVALID_QUERY_LOCATOR")
    with pytest.raises(SalesforceError, match="INVALID_QUERY_LOCATOR"):
        list(read_window(client, payments, since=START, until=START))
    assert server.operations() == ["queryAll"]


def test_the_sandbox_understands_a_position(
    org: SalesforceClient, payments: Mapping, clock: Clock
) -> None:
    """Rows behind a position are those of later id at its stamp, and all of later stamps."""
    ids = write(org, payments, range(4))
    clock.now += timedelta(seconds=5)
    write(org, payments, range(4, 6))
    until = clock.now + timedelta(seconds=1)
    soql = window_query(payments, since=START, until=until, after=Position(START, ids[1]))
    rows = [row for page in org.query_pages(soql, include_deleted=True) for row in page.rows]
    assert [payments.read(row).erp_key for row in rows] == ["1000/2", "1000/3", "1000/4", "1000/5"]


def test_literals_are_utc_to_the_millisecond() -> None:
    """Any zone is turned into UTC, finer parts are cut, and a naive time is refused."""
    berlin = timezone(timedelta(hours=1))
    assert datetime_literal(datetime(2026, 1, 1, 0, 30, 0, 123999, berlin)) == (
        "2025-12-31T23:30:00.123Z"
    )
    with pytest.raises(ValueError, match="no time zone"):
        datetime_literal(datetime(2026, 1, 1))  # noqa: DTZ001
