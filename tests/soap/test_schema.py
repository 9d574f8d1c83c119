"""Violations say where they are and what is wrong, for any prefix and any number of them."""

import re
import subprocess
import sys
import threading

import pytest

from bridge.domain.records import RecordType
from bridge.soap.calls import encode_request
from bridge.soap.envelope import read_envelope
from bridge.soap.schema import MAX_VIOLATIONS, validate
from bridge.soap.violations import ContractViolated, Violation
from tests.conftest import NOW
from tests.soap.samples import CUSTOMER, INVOICE


def violations(content: bytes) -> tuple[Violation, ...]:
    """What a request violates."""
    with pytest.raises(ContractViolated) as caught:
        validate(read_envelope(content).body)
    return caught.value.violations


def test_a_good_request_passes() -> None:
    """Nothing is said of a request that keeps the contract."""
    validate(read_envelope(encode_request("SubmitInvoices", "m", [INVOICE])).body)


def test_line_path_and_message() -> None:
    """A violation names line, element and fault; namespaces are left out of it."""
    content = encode_request("SubmitInvoices", "m", [INVOICE, INVOICE])
    head, _, tail = content.rpartition(b"<Quantity>0")
    content = (head + b"\n\n<Quantity>many" + tail).replace(
        b"<IssuedOn>2026-03-01", b"<IssuedOn>1.3.", 1
    )
    first, second = violations(content)
    assert (first.line, first.path) == (2, "SubmitInvoices/Invoice[1]/IssuedOn")
    assert (second.line, second.path) == (4, "SubmitInvoices/Invoice[2]/Line[2]/Quantity")
    assert "'many' is not a valid value" in second.message
    assert "urn:" not in first.message + second.message


def test_prefixes_do_not_hide_the_path() -> None:
    """Paths are the same where the elements carry prefixes."""
    content = encode_request("SubmitCustomers", "m", [CUSTOMER]).replace(b"xmlns=", b"xmlns:p=")
    content = re.sub(rb"<(/?)(?=[A-Z])", rb"<\1p:", content)
    validate(read_envelope(content).body)
    (violation,) = violations(content.replace(b"ACTIVE", b"GONE"))
    assert violation.path == "SubmitCustomers/Customer/Status"


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        (b"<Number>C-1</Number>", b"", "@/Name", "Expected is ( Number )"),
        (b"<Status>ACTIVE</Status>", b"", "@", "PaymentTerms, Status"),
        (b"<Number>", b"<Nonsense>1</Nonsense><Number>", "@/Nonsense", "not expected"),
        (b"<Name>", b"<Name>1</Name><Name>", "@/Name[2]", "not expected"),
        (b">DE<", b">DEU<", "@/Billing/Country", "maximum length of '2'"),
        (b">C-1<", b">" + b"x" * 61 + b"<", "@/Number", "'60'"),
        (b"<MessageId>m<", b"<MessageId><", "SubmitCustomers/MessageId", "minimum length of '1'"),
        (b"<Name>", b'<Name a="b">', "@/Name", "attribute 'a'"),
        (
            b"<TaxNumber>DE123456789</TaxNumber>",
            b'<TaxNumber xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>',
            "@/TaxNumber",
            "nillable",
        ),
        (b"<Name>", b'<Name xmlns="urn:other">', "@/Name", "in the namespace urn:other: it has to"),
        (b"<Name>", b'<Name xmlns="">', "@/Name", "in no namespace: it has to be in urn:erp"),
    ],
)  # fmt: skip
def test_what_is_wrong(old: bytes, new: bytes, path: str, words: str) -> None:
    """Missing, unknown, doubled, overlong, nil and foreign elements are each told."""
    content = encode_request("SubmitCustomers", "m", [CUSTOMER])
    assert old in content
    found = violations(content.replace(old, new, 1))
    assert found[0].path == path.replace("@", "SubmitCustomers/Customer")
    assert words in found[0].message


@pytest.mark.parametrize("count", [0, 501])
def test_how_many_records(count: int) -> None:
    """A submission has 1 to 500 records."""
    assert violations(encode_request("SubmitCustomers", "m", [CUSTOMER] * count))


def test_a_fault_does_not_list_everything() -> None:
    """The list of violations is limited, and long values are cut."""
    content = encode_request("SubmitCustomers", "m", [CUSTOMER] * 300)
    content = content.replace(b"ACTIVE", b"x" * 1000)
    found = violations(content)
    assert len(found) == MAX_VIOLATIONS
    assert all(len(one.message) < 320 for one in found)


def test_many_threads_begin_at_once() -> None:
    """In a process that has not validated anything yet, as a server has after its start."""
    begin = "import threading; from bridge.soap.schema import _schema, contract_schema_source;"
    threads = "threads = [threading.Thread(target=_schema) for _ in range(8)];"
    run = "[one.start() for one in threads]; [one.join() for one in threads]"
    program = f"{begin} contract_schema_source(); {threads} {run}"
    started = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", program], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [one.communicate()[1] for one in started] == [b""] * 4


def test_threads_do_not_mix_their_violations() -> None:
    """Each thread reads its own findings."""
    mixed: list[str] = []

    def check(name: str) -> None:
        content = encode_request("SubmitCustomers", "m", [CUSTOMER] * 50)
        for _ in range(40):
            for one in violations(content.replace(b"ACTIVE", name.encode())):
                if name not in one.message:
                    mixed.append(one.message)

    threads = [threading.Thread(target=check, args=(f"STATE{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mixed == []


@pytest.mark.parametrize("text", ["\n  2026-03-01\t", " 2026-03-01Z ", "2026-03-01 "])
def test_blanks_around_dates(text: str) -> None:
    """Formatted XML has them; XML Schema leaves them aside, libxml2 does not."""
    content = encode_request("SubmitInvoices", "m", [INVOICE, INVOICE], None)
    blank = content.replace(b">2026-03-01<", f">{text}<".encode())
    body = read_envelope(blank).body
    validate(body)
    assert {one.text for one in body.iter("{*}IssuedOn")} == {text.strip()}
    wrong = blank.replace(text.encode(), b" 1.3.2026 ", 1)
    assert [one.path for one in violations(wrong)] == ["SubmitInvoices/Invoice[1]/IssuedOn"]


def test_blanks_around_instants() -> None:
    """As around days."""
    content = encode_request("BeginSnapshot", RecordType.INVOICE, "1000", NOW)
    validate(read_envelope(content.replace(b"<AsOf>", b"<AsOf>\n ")).body)


def test_blanks_in_texts_are_theirs() -> None:
    """A text that looks like a date is left as it is."""
    content = encode_request("SubmitCustomers", "m", [CUSTOMER], None)
    content = content.replace(b"<Status>", b"<Status>x").replace(b">C-1<", b"> 2026-03-01 <")
    body = read_envelope(content).body
    with pytest.raises(ContractViolated):
        validate(body)
    assert body.findtext(".//{*}Number") == " 2026-03-01 "


def test_too_many_records_are_told_with_the_limit() -> None:
    """Whoever wrote the loop has to know how far it may go."""
    (violation,) = violations(encode_request("SubmitInvoices", "m", [INVOICE] * 501, None))
    assert violation.path == "SubmitInvoices/Invoice[501]"
    assert violation.message == "Element 'Invoice': there may be 500 of it at most."
    content = encode_request("SubmitInvoices", "m", [INVOICE] * 501, None)
    swapped = content.replace(b"<CompanyCode>1000</CompanyCode>", b"", 1)
    assert [one.path for one in violations(swapped)] == [
        "SubmitInvoices/Invoice[1]/Number",
        "SubmitInvoices/Invoice[501]",
    ]
    early = content.replace(b"<MessageId>m</MessageId>", b"")
    assert "Expected is ( MessageId )" in violations(early)[0].message
