"""Reading and writing by compiled plans: what goes in comes out."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.records import Record, record_type_of
from bridge.operations.digest import payload_digest
from bridge.operations.submissions import Outcome, Receipt, RecordResult
from bridge.soap.calls import decode_receipt, encode_request
from bridge.soap.codec import operation_codecs
from bridge.soap.elements import NAMESPACE
from bridge.soap.envelope import read_envelope, write_envelope
from bridge.soap.plans import escape, write_instant
from bridge.soap.schema import validate
from bridge.soap.violations import ContractViolated
from tests.soap.samples import CUSTOMER, INVOICE, batches

SUBMIT = {
    "CUSTOMER": "SubmitCustomers",
    "INVOICE": "SubmitInvoices",
    "PAYMENT": "SubmitPayments",
    "CREDIT_MEMO": "SubmitCreditMemos",
}


def submission(records: list[Record]) -> tuple[str, bytes]:
    """The operation and the request that submits records."""
    operation = SUBMIT[record_type_of(records[0])]
    return operation, encode_request(operation, "m-1", records)


def read(operation: str, request: bytes) -> list[Any]:
    """The arguments of a request, validated as the service does it."""
    body = read_envelope(request).body
    validate(body)
    return operation_codecs()[operation].request.read(body)


def read_invoice(content: bytes) -> Any:
    """The one invoice of a submission."""
    return read("SubmitInvoices", content)[1][0]


@given(batches())
def test_what_is_written_is_read(records: list[Record]) -> None:
    """A request written for any records passes the schema and gives the same records again."""
    message_id, received = read(*submission(records))
    assert message_id == "m-1"
    assert received == tuple(records)


@given(batches())
def test_values_keep_their_types(records: list[Record]) -> None:
    """Decimals stay exact decimals with all their digits; codes are enums."""
    _, received = read(*submission(records))
    assert [repr(one) for one in received] == [repr(one) for one in records]


@given(batches(), st.randoms())
def test_digest_is_of_the_values(records: list[Record], random: Any) -> None:
    """Equal records have equal digests, other records other ones."""
    _, received = read(*submission(records))
    assert payload_digest(received) == payload_digest(records)
    others = records[1:] if random.random() < 0.5 else [*records, records[0]]
    assert payload_digest(others) != payload_digest(records)


def test_prefixes_white_space_and_comments_are_no_matter() -> None:
    """However a toolchain writes the envelope, the records are the same."""
    plain = write_envelope(
        f"""<v:SubmitInvoices xmlns:v="{NAMESPACE}">
          <v:MessageId><![CDATA[m]]>-1<!-- a comment --></v:MessageId>
          <v:Invoice>
            <v:CompanyCode>1000</v:CompanyCode><v:Number>I-1</v:Number>
            <v:CustomerNumber>C<!-- here too -->-1</v:CustomerNumber>
            <v:IssuedOn>2026-03-01</v:IssuedOn><v:DueOn>2026-03-31</v:DueOn>
            <v:Currency>USD</v:Currency><v:NetAmount> +11888.6250</v:NetAmount>
            <v:TaxAmount>1.375</v:TaxAmount><v:GrossAmount>11890</v:GrossAmount>
            <v:OpenAmount>-.5</v:OpenAmount><v:Status>PARTIALLY_PAID</v:Status>
            <v:PurchaseOrder/>
            <v:Line>
              <v:LineNumber>1</v:LineNumber>
              <v:Description>größer &#x6F22;字 🚲</v:Description>
              <v:Quantity>2.50</v:Quantity><v:NetAmount>11888.625</v:NetAmount>
            </v:Line>
            <v:Line><v:LineNumber>2</v:LineNumber><v:ProductCode></v:ProductCode>
              <v:Quantity>0</v:Quantity><v:NetAmount>0</v:NetAmount></v:Line>
          </v:Invoice>
        </v:SubmitInvoices>"""
    )
    assert read("SubmitInvoices", plain) == ["m-1", (INVOICE,)]


def test_absent_and_empty_optional_elements() -> None:
    """Both mean that there is no value; a group may be absent, empty or partly filled."""
    bare = replace(
        CUSTOMER, billing_street=None, billing_city=None, billing_country=None, email=None
    )
    _, absent = submission([bare])
    assert b"Billing" not in absent
    assert b"Email" not in absent
    empty = absent.replace(b"<Currency>", b"<Billing><City/></Billing><Currency>").replace(
        b"<Billing>", b"<Email></Email><Billing>"
    )
    none = absent.replace(b"<Currency>", b"<Billing/><Currency>")
    for content in (absent, empty, none):
        assert read("SubmitCustomers", content)[1] == (bare,)


def test_an_empty_required_text_is_read_as_empty() -> None:
    """The domain rejects it for its record alone; other records of the submission go on."""
    _, content = submission([CUSTOMER])
    (received,) = read("SubmitCustomers", content.replace(b"<Number>C-1</Number>", b"<Number/>"))[1]
    assert received == replace(CUSTOMER, number="")


@pytest.mark.parametrize("zone", ["Z", "+14:00", "-05:00"])
def test_dates_keep_their_day(zone: str) -> None:
    """Java writes days with a zone; the day that is written counts."""
    _, content = submission([INVOICE])
    content = content.replace(b"<IssuedOn>2026-03-01<", f"<IssuedOn>2026-03-01{zone}<".encode())
    assert read_invoice(content).issued_on == date(2026, 3, 1)


@pytest.mark.parametrize("year", ["10000", "-0044", "0000"])
def test_days_that_python_cannot_hold(year: str) -> None:
    """A day that the schema allows and no database holds is a violation with its place."""
    _, content = submission([replace(INVOICE, number="ok"), INVOICE])
    head, _, tail = content.rpartition(b"<IssuedOn>2026-")
    content = head + b"<IssuedOn>" + year.encode() + b"-" + tail
    with pytest.raises(ContractViolated) as caught:
        read_invoice(content)
    (violation,) = caught.value.violations
    assert violation.path.endswith("Invoice[2]/IssuedOn")
    assert violation.message


@pytest.mark.parametrize("amount", ["1e400", "NaN", "INF", "1,5", "", "1" * 10_000, "0.00001"])
def test_amounts_that_are_none(amount: str) -> None:
    """Only plain decimals of 18 digits with four decimals are amounts."""
    _, content = submission([INVOICE])
    with pytest.raises(ContractViolated) as caught:
        read_invoice(content.replace(b"<NetAmount>11888.625<", f"<NetAmount>{amount}<".encode()))
    assert caught.value.violations[0].path == "SubmitInvoices/Invoice/NetAmount"
    assert len(str(caught.value)) < 500


def test_receipts_go_both_ways() -> None:
    """A receipt that the service writes is the one that a consumer reads."""
    receipt = Receipt(
        "m-1",
        datetime(2026, 3, 4, 5, 6, 7, 800, tzinfo=UTC),
        replayed=True,
        results=(
            RecordResult("", "C-1", Outcome.ACCEPTED),
            RecordResult("1000", "I-1", Outcome.REJECTED, "BAD_TEXT", "no\x0bgood & <bad>"),
        ),
    )
    content = write_envelope(operation_codecs()["GetReceipt"].answer.write(receipt))
    shown = replace(receipt.results[1], message="no\ufffdgood & <bad>")
    assert decode_receipt(content) == replace(receipt, results=(receipt.results[0], shown))


def test_instants_are_written_in_utc() -> None:
    """Whatever the zone, the text is UTC with Z."""
    there = timezone(timedelta(hours=5, minutes=30))
    assert write_instant(datetime(2026, 1, 1, 1, 30, tzinfo=there)) == "2025-12-31T20:00:00Z"


@given(st.text(st.characters(codec="utf-8")))
def test_escaped_text_is_always_xml(text: str) -> None:
    """No text breaks the envelope; what XML can carry comes back as it was."""
    body = read_envelope(write_envelope(f"<a>{escape(text)}</a>")).body
    shown = body.text or ""
    assert len(shown) == len(text)
    assert all(b in (a, "\ufffd") for a, b in zip(text, shown, strict=True))
