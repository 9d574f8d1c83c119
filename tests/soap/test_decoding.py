"""Reading by compiled plans: what was written comes out, however it was written."""

from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.etree import QName, _Element

from bridge.domain.records import Record, record_type_of
from bridge.operations.submissions import Outcome, Receipt, RecordResult
from bridge.soap.calls import decode_receipt, encode_request
from bridge.soap.codec import operation_codecs
from bridge.soap.elements import NAMESPACE
from bridge.soap.encoding import escape
from bridge.soap.envelope import read_envelope, write_envelope
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
    """Message id and records of a request, validated as the service does it."""
    body = read_envelope(request).body
    validate(body)
    message_id, records, snapshot_id = operation_codecs()[operation].request.read(body)
    assert snapshot_id is None
    return [message_id, records]


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


@given(batches(), st.randoms(use_true_random=False))
def test_the_manner_of_writing_is_no_matter(records: list[Record], random: Random) -> None:
    """Prefixes, white space, comments and CDATA sections in any place change no record."""
    operation, request = submission(records)
    written = write_envelope(rewritten(read_envelope(request).body, random))
    assert read(operation, written) == ["m-1", tuple(records)]


def rewritten(element: _Element, random: Random) -> str:
    """The same element as another toolchain might write it."""
    name = f"v:{QName(element).localname}"
    inside = rewritten_text(element.text or "", random)
    if len(element):
        inside = "".join(f"{gap(random)}{rewritten(child, random)}" for child in element)
        inside += gap(random)
    return f'<{name} xmlns:v="{NAMESPACE}">{inside}</{name}>'


def gap(random: Random) -> str:
    """What may stand between elements."""
    return random.choice(("", "\n  ", "<!-- a comment -->", " <!-- <a>&</a> -->\n"))


def rewritten_text(text: str, random: Random) -> str:
    """The same text in pieces, some of them in CDATA sections, with comments between them."""
    middle = random.randint(0, len(text))
    pieces = (text[:middle], text[middle:])
    return random.choice(("", "<!-- a comment -->")).join(
        f"<![CDATA[{piece}]]>"
        if random.random() < 0.3 and not set("\r]") & set(piece)
        else escape(piece)
        for piece in pieces
    )


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


BARE = replace(INVOICE, due_on=None, lines=())
FULL = replace(
    INVOICE,
    purchase_order="4711",
    lines=tuple(replace(line, product_code="P", description="D") for line in INVOICE.lines),
)


@pytest.mark.parametrize(
    "records",
    [
        [FULL, FULL],
        [FULL, replace(FULL, lines=FULL.lines[:1]), replace(FULL, lines=())],
        [BARE, replace(BARE, lines=INVOICE.lines[1:]), BARE],
        [replace(BARE, purchase_order="1"), replace(BARE, due_on=date(2026, 3, 1))],
        [BARE, FULL],
    ],
)
def test_all_optional_elements_none_or_some(records: list[Record]) -> None:
    """Records are the same whether their elements are alike or not, with any number of lines."""
    _, content = submission(records)
    assert read("SubmitInvoices", content)[1] == tuple(records)


def test_an_empty_optional_element_among_full_ones() -> None:
    """It is absent in its own record, and no other value takes its place."""
    _, content = submission([FULL, FULL])
    content = content.replace(b"<PurchaseOrder>4711</PurchaseOrder>", b"<PurchaseOrder/>", 1)
    first, second = read("SubmitInvoices", content)[1]
    assert (first, second) == (replace(FULL, purchase_order=None), FULL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Description>D<", b"<Description><"),
        (b"<Description>D</Description>", b"<Description/>"),
        (b"<Description>D<", b"<Description><![CDATA[]]><"),
        (b"<Description>D<", b"<Description><!-- D --><"),
    ],
)
@pytest.mark.parametrize("space", [b"</Line>", b"<LineNumber>", b"<Quantity>", b"</Invoice>"])
def test_a_space_takes_no_text_s_place(old: bytes, new: bytes, space: bytes) -> None:
    """Where one text is missing and a blank stands elsewhere, each value stays in its place."""
    _, content = submission([FULL, FULL])
    content = content.replace(old, new, 1).replace(space, b" " + space, 1)
    first, second = read("SubmitInvoices", content)[1]
    line = replace(FULL.lines[0], description=None)
    assert (first, second) == (replace(FULL, lines=(line, *FULL.lines[1:])), FULL)


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
    shown = receipt.results[1]._replace(message="no\ufffdgood & <bad>")
    assert decode_receipt(content) == replace(receipt, results=(receipt.results[0], shown))
