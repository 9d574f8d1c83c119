"""How fast a submission is read and validated, beside stock Spyne, from the same bytes.

Both parse the envelope, validate it against the schema and make objects of it: the codec the
domain's records, Spyne its own.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bridge.domain.content import encode_record
from bridge.operations.digest import payload_digest
from bridge.soap import schema
from bridge.soap.calls import encode_request
from bridge.soap.codec import operation_codecs
from bridge.soap.envelope import read_envelope
from bridge.soap.services import BridgeService
from tests.benchmarks.measuring import Row, cpu_seconds_of, take_turns
from tests.benchmarks.samples import BATCH, full_invoice, invoice
from tests.benchmarks.small import SmallService, read_small, small_request
from tests.benchmarks.stock import stock_reader

AIM = 20
ROUNDS = 9


def measure() -> Iterator[Row]:
    """A row for each contract, and one for each other thing that the codec does."""
    yield compare("6 fields", small_request(), read_small, stock_reader(SmallService))
    contracts = {"required fields": invoice, "full contract, 3 lines": full_invoice}
    for name, make in contracts.items():
        request = encode_request("SubmitInvoices", "m", [make(n) for n in range(BATCH)])
        yield compare(name, request, read_invoices, stock_reader(BridgeService))
    records = [full_invoice(n) for n in range(BATCH)]
    works: dict[str, Callable[[], object]] = {
        "write": lambda: encode_request("SubmitInvoices", "m", records),
        "digest": lambda: payload_digest(map(encode_record, records)),
    }
    for name, work in works.items():
        (seconds,) = take_turns([cpu_seconds_of(work)], rounds=ROUNDS)
        what = f"{name} {BATCH} invoices, full contract, 3 lines"
        yield Row(what=what, value=BATCH / seconds, unit="records/s")


def compare(
    name: str, request: bytes, ours: Callable[[bytes], Any], theirs: Callable[[bytes], Any]
) -> Row:
    """One row: both ways on the same bytes."""
    assert records_in(ours(request)) == records_in(theirs(request)) == BATCH
    ways = [cpu_seconds_of(lambda: ours(request)), cpu_seconds_of(lambda: theirs(request))]
    codec, spyne = take_turns(ways, rounds=ROUNDS)
    return Row(
        what=f"read and validate {BATCH} invoices, {name}",
        value=BATCH / codec,
        unit="records/s",
        rival="stock Spyne",
        rival_value=BATCH / spyne,
        aim=AIM,
    )


def records_in(arguments: Sequence[Any]) -> int:
    """How many there are in the argument that repeats."""
    (records,) = (one for one in arguments if isinstance(one, list | tuple))
    return len(records)


def read_invoices(request: bytes) -> list[Any]:
    """As the service reads them."""
    body = read_envelope(request).body
    schema.validate(body)
    return operation_codecs()["SubmitInvoices"].request.read(body)
