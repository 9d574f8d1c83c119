"""Snapshots over HTTP: begun, told, closed, and what is refused on the way."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from lxml import etree
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType
from bridge.operations.snapshot_overview import list_snapshots
from bridge.operations.snapshots import BegunSnapshot, ClosedSnapshot, CurrencyTotal
from bridge.operations.submissions import Outcome
from bridge.soap.calls import decode_answer, decode_fault, decode_receipt, encode_request
from bridge.soap.faults import BridgeFault
from tests.builders import customer, invoice
from tests.soap.conftest import Endpoint
from tests.storing import save_erp

Sessions = sessionmaker[Session]
NEW_YEAR, NEXT_YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def call(endpoint: Endpoint, operation: str, *arguments: Any) -> requests.Response:
    return endpoint.post(encode_request(operation, *arguments))


def begin(endpoint: Endpoint, as_of: datetime) -> str:
    """Begins a snapshot of the invoices of company 1000."""
    response = call(endpoint, "BeginSnapshot", RecordType.INVOICE, "1000", as_of)
    return decode_answer(response.content, BegunSnapshot).snapshot_id


def close(endpoint: Endpoint, snapshot_id: str, count: int, **sums: str) -> requests.Response:
    totals = [CurrencyTotal(currency, Decimal(amount)) for currency, amount in sums.items()]
    return call(endpoint, "CloseSnapshot", snapshot_id, count, totals)


def fault_in(response: requests.Response) -> BridgeFault:
    fault = decode_fault(response.content)
    assert fault is not None
    return fault


def test_a_snapshot_from_begin_to_close(
    endpoint: Endpoint, sessions: Sessions, now: datetime
) -> None:
    """What it leaves out is gone, and whoever asks for it is told so; closing again is the same."""
    with sessions.begin() as session:
        save_erp(session, invoice(number="I1"), invoice(number="I2"))
    snapshot_id = begin(endpoint, now)
    told = call(endpoint, "SubmitInvoices", "m-1", [invoice(number="I1")], snapshot_id)
    assert decode_receipt(told.content).results[0].outcome is Outcome.UNCHANGED
    closed = decode_answer(close(endpoint, snapshot_id, 1, EUR="119").content, ClosedSnapshot)
    assert closed == ClosedSnapshot(snapshot_id, 1, 1, now, replayed=False)
    again = decode_answer(close(endpoint, snapshot_id, 1, EUR="119.00").content, ClosedSnapshot)
    assert again.replayed
    for number, deleted, state in (("I1", "false", "NEW"), ("I2", "true", "GONE")):
        view = etree.fromstring(call(endpoint, "GetInvoice", "1000", number).content)
        assert [view.findtext(f".//{{*}}{name}") for name in ("ErpDeleted", "State")] == [
            deleted,
            state,
        ]


def test_totals_that_differ(endpoint: Endpoint, now: datetime) -> None:
    """The fault names each figure, and the snapshot goes on."""
    snapshot_id = begin(endpoint, now)
    call(endpoint, "SubmitInvoices", "m-1", [invoice()], snapshot_id)
    fault = fault_in(close(endpoint, snapshot_id, 2, EUR="119", USD="0.0001"))
    assert (fault.code, fault.retryable) == ("SnapshotDiffers", False)
    assert [(one.line, one.path) for one in fault.violations] == [(0, "Count"), (0, "Total[USD]")]
    assert "Total[USD] is 0.0001 in the ERP and 0 here" in fault.message
    assert close(endpoint, snapshot_id, 1, EUR="119").ok


def test_sums_may_have_more_digits_than_amounts(endpoint: Endpoint, now: datetime) -> None:
    """A sum of 28 digits is compared exactly; one more digit breaks the contract."""
    snapshot_id = begin(endpoint, now)
    fault = fault_in(close(endpoint, snapshot_id, 0, EUR="9" * 24 + ".9999"))
    assert fault.violations[0].message.startswith("Total[EUR] is " + "9" * 24 + ".9999 in the ERP")
    assert fault_in(close(endpoint, snapshot_id, 0, EUR="9" * 29)).code == "ContractViolated"


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("SubmitInvoices", ["m-1", [invoice()], "nonsense"], "UnknownSnapshot"),
        ("CloseSnapshot", ["nonsense", 0, []], "UnknownSnapshot"),
        ("CloseSnapshot", ["", -1, []], "UnknownSnapshot"),
        ("BeginSnapshot", [RecordType.INVOICE, None, NEW_YEAR], "UnfitSnapshot"),
        ("BeginSnapshot", [RecordType.CUSTOMER, "1", NEW_YEAR], "UnfitSnapshot"),
        ("BeginSnapshot", [RecordType.CUSTOMER, None, NEXT_YEAR], "UnfitSnapshot"),
        (
            "BeginSnapshot",
            [RecordType.CUSTOMER, "C" * 21, NEW_YEAR],
            "ContractViolated",
        ),
    ],
)
def test_what_cannot_be_is_a_typed_fault(
    endpoint: Endpoint, operation: str, arguments: Sequence[Any], code: str
) -> None:
    """Each with its own word."""
    assert fault_in(call(endpoint, operation, *arguments)).code == code


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-04T05:00:00", timedelta()),
        ("2026-03-04T05:00:00Z", timedelta()),
        ("2026-03-04T05:00:00.1234567+05:30", timedelta(hours=-5.5, microseconds=123456)),
    ],
)
def test_an_instant_is_meant_in_its_zone(
    endpoint: Endpoint, sessions: Sessions, written: str, meant: timedelta
) -> None:
    """And in UTC where it names none."""
    request = encode_request("BeginSnapshot", RecordType.CUSTOMER, None, NEW_YEAR)
    endpoint.post(request.replace(b"2026-01-01T00:00:00Z", written.encode()))
    (view,) = list_snapshots(sessions)
    assert view.as_of == datetime.fromisoformat("2026-03-04T05:00:00+00:00") + meant


@pytest.mark.parametrize("written", [b"0001-01-01T00:00:00+14:00", b"2026-01-01T24:00:00Z"])
def test_an_instant_that_cannot_be_held_breaks_the_contract(
    endpoint: Endpoint, written: bytes
) -> None:
    """XML Schema allows it, so the fault says what is wrong and where."""
    request = encode_request("BeginSnapshot", RecordType.CUSTOMER, None, NEW_YEAR)
    fault = fault_in(endpoint.post(request.replace(b"2026-01-01T00:00:00Z", written)))
    assert (fault.code, fault.violations[0].path) == ("ContractViolated", "BeginSnapshot/AsOf")


def test_an_empty_snapshot_id_is_none(endpoint: Endpoint) -> None:
    """As some toolchains write an optional element that is absent."""
    request = encode_request("SubmitCustomers", "m-1", [customer()], "none")
    empty = request.replace(b"<SnapshotId>none</SnapshotId>", b"<SnapshotId/>")
    assert decode_receipt(endpoint.post(empty).content).results[0].outcome is Outcome.ACCEPTED


def test_the_snapshot_is_part_of_the_payload(endpoint: Endpoint, now: datetime) -> None:
    """The same message in a snapshot and without it are two payloads."""
    snapshot_id = begin(endpoint, now)
    assert call(endpoint, "SubmitInvoices", "m-1", [invoice()], snapshot_id).ok
    assert decode_receipt(
        call(endpoint, "SubmitInvoices", "m-1", [invoice()], snapshot_id).content
    ).replayed
    assert fault_in(call(endpoint, "SubmitInvoices", "m-1", [invoice()])).code == "MessageIdReused"
