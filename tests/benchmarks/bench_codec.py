"""How much faster a submission is read than by stock Spyne, from the same bytes.

Both parse the envelope, validate it against the schema and make objects of it: the codec the
domain's records, Spyne its own.

Run: python -W ignore -m tests.benchmarks.bench_codec
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bridge.domain.content import encode_record
from bridge.domain.records import DocumentLine, DocumentStatus, Invoice
from bridge.operations.digest import payload_digest
from bridge.soap import schema
from bridge.soap.calls import encode_request
from bridge.soap.codec import operation_codecs
from bridge.soap.decoding import decoder
from bridge.soap.elements import AMOUNT, NAMESPACE, complex_type, repeated, required, text_type
from bridge.soap.encoding import encoder
from bridge.soap.envelope import read_envelope, write_envelope
from bridge.soap.services import BridgeService

# isort: split
from spyne import Application, Date, MethodContext, ServerBase, Service, rpc
from spyne.protocol.soap import Soap11

RECORDS = 500
ROUNDS = 15


def main() -> None:
    """Prints records a second, each way, and the ratio."""
    print(f"reading and validating {RECORDS} invoices, records a second")
    compare("6 fields", six_fields(), stock(SmallService), read_small)
    for name, lines in (("required fields", 0), ("full, 3 lines each", 3)):
        request = encode_request("SubmitInvoices", "m", invoices(lines))
        compare(name, request, stock(BridgeService), read_invoices)
    records = invoices(3)
    encode = best_seconds(lambda: encode_request("SubmitInvoices", "m", records))
    digest = best_seconds(lambda: payload_digest(map(encode_record, records)))
    print(
        f"writing {RECORDS / encode:,.0f}, digesting {RECORDS / digest:,.0f} (full, 3 lines each)"
    )


def compare(
    name: str, request: bytes, slow: Callable[[bytes], Any], fast: Callable[[bytes], Any]
) -> None:
    """One row: both ways on the same bytes."""
    assert records_in(slow(request)) == records_in(fast(request)) == RECORDS
    spyne, codec = best_seconds(lambda: slow(request)), best_seconds(lambda: fast(request))
    print(
        f"{name:20} Spyne {RECORDS / spyne:8,.0f}   codec {RECORDS / codec:9,.0f}"
        f"   {spyne / codec:5.1f} times as fast"
    )


def stock(service: Any) -> Callable[[bytes], Any]:
    """Spyne as it comes, with validation by libxml2, up to the objects it calls a service with."""
    application = Application(
        [service],
        NAMESPACE,
        name=service.__name__,
        in_protocol=Soap11(validator="lxml"),
        out_protocol=Soap11(),
    )
    server = ServerBase(application)

    def read(request: bytes) -> Any:
        ctx = MethodContext(server, MethodContext.SERVER)
        ctx.in_string = [request]
        (ctx,) = server.generate_contexts(ctx)
        server.get_in_object(ctx)
        assert ctx.in_error is None, ctx.in_error
        return list(ctx.in_object)

    return read


def records_in(arguments: Sequence[Any]) -> int:
    """How many there are in the argument that repeats."""
    (records,) = (one for one in arguments if isinstance(one, list | tuple))
    return len(records)


def read_invoices(request: bytes) -> Any:
    """The codec's way, as `bridge.soap.protocol` goes it."""
    body = read_envelope(request).body
    schema.validate(body)
    return operation_codecs()["SubmitInvoices"].request.read(body)


@dataclass(frozen=True, slots=True)
class Small:
    """An invoice of six fields, as small ERPs know it."""

    number: str
    customer_number: str
    issued_on: date
    currency: str
    gross_amount: Decimal
    status: str


_TEXT = required(text_type(60), "")
SMALL = complex_type(
    "Small",
    "",
    {
        "Number": _TEXT,
        "CustomerNumber": _TEXT,
        "IssuedOn": required(Date, ""),
        "Currency": _TEXT,
        "GrossAmount": required(AMOUNT, ""),
        "Status": _TEXT,
    },
    python_type=Small,
)


class SmallService(Service):  # type: ignore[misc]
    """Takes small invoices."""

    @rpc(_TEXT, repeated(SMALL, ""), _args=["MessageId", "Small"], _operation_name="SubmitSmall")
    def submit_small(self, message_id: str, smalls: list[Small]) -> None:
        """Is never called."""


def six_fields() -> bytes:
    """A submission of small invoices."""
    parts = [f'<SubmitSmall xmlns="{NAMESPACE}"><MessageId>m</MessageId>']
    for number in range(RECORDS):
        small = Small(
            f"INV-{number}", "C-1", date(2026, 3, 1), "USD", Decimal(number) / 100, "OPEN"
        )
        parts.append("<Small>")
        _write_small(small, parts)
        parts.append("</Small>")
    return write_envelope("".join([*parts, "</SubmitSmall>"]))


def invoices(lines: int) -> list[Invoice]:
    """Invoices with all fields where they have lines, and only the required ones otherwise."""
    optional = {"due_on": date(2026, 3, 31), "purchase_order": "PO 4711"} if lines else {}
    return [
        Invoice(
            company_code="1000",
            number=f"INV-{number}",
            customer_number=f"C-{number % 40}",
            issued_on=date(2026, 3, 1),
            currency="USD",
            net_amount=Decimal("1000.125"),
            tax_amount=Decimal("190.025"),
            gross_amount=Decimal("1190.15"),
            open_amount=Decimal("0.00"),
            status=DocumentStatus.OPEN,
            lines=tuple(_line(position) for position in range(1, lines + 1)),
            **optional,  # type: ignore[arg-type]
        )
        for number in range(RECORDS)
    ]


def _line(position: int) -> DocumentLine:
    return DocumentLine(
        line_number=position,
        product_code=f"P-{position}",
        description="Touring bike, größer & blue",
        quantity=Decimal(2),
        net_amount=Decimal("333.375"),
    )


def best_seconds(work: Callable[[], object]) -> float:
    """The fastest of some rounds: the one that was disturbed least."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


_write_small = encoder(SMALL)
_small_schema = Application(
    [SmallService], NAMESPACE, name="Small", in_protocol=Soap11(validator="lxml")
).in_protocol.validation_schema
_decode_small = decoder(
    SmallService.public_methods["submit_small"].in_message,
    build=lambda message_id, smalls: [message_id, smalls],
)


def read_small(request: bytes) -> Any:
    """The codec's way, for the small contract."""
    body = read_envelope(request).body
    assert _small_schema.validate(body)
    return _decode_small(body)


if __name__ == "__main__":
    main()
