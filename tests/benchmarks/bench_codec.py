"""How fast a submission is read and validated, beside stock Spyne, from the same bytes.

Both parse the envelope, validate it against the schema and make objects of it: the codec the
domain's records, Spyne its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lxml.etree import _Element

from bridge.domain.content import encode_records
from bridge.garbage import collect_seldom
from bridge.operations.digest import payload_digest
from bridge.soap import schema
from bridge.soap.calls import encode_request
from bridge.soap.codec import operation_codecs
from bridge.soap.envelope import read_envelope
from bridge.soap.services import BridgeService
from tests.benchmarks.measuring import Row, cpu_seconds_of, take_turns
from tests.benchmarks.samples import BATCH, full_invoice, invoice
from tests.benchmarks.small import SmallService, decode_small, small_request, validate_small
from tests.benchmarks.stock import stock_reader

AIM = 20
ROUNDS = 9


@dataclass(frozen=True)
class Codec:
    """What the codec does with the element of a request, as the service does it."""

    validate: Callable[[_Element], None]
    decode: Callable[[_Element], list[Any]]

    def read(self, request: bytes) -> list[Any]:
        """All of it: the arguments in an envelope."""
        body = self.checked(request)
        return self.decode(body)

    def checked(self, request: bytes) -> _Element:
        """What libxml2 does alone: the element parsed, and checked against the schema."""
        body = read_envelope(request).body
        self.validate(body)
        return body


def measure() -> Iterator[Row]:
    """A row for each contract, and one for each other thing that the codec does.

    Garbage is collected as in a server's worker, for stock Spyne too.
    """
    collect_seldom()
    small = Codec(validate_small, decode_small)
    yield compare("6 fields", small_request(), small, stock_reader(SmallService))
    codec = Codec(schema.validate, operation_codecs()["SubmitInvoices"].request.read)
    contracts = {"required fields": invoice, "full contract, 3 lines": full_invoice}
    for name, make in contracts.items():
        request = encode_request("SubmitInvoices", "m", [make(n) for n in range(BATCH)])
        yield compare(name, request, codec, stock_reader(BridgeService))
    records = [full_invoice(n) for n in range(BATCH)]
    works: dict[str, Callable[[], object]] = {
        "write": lambda: encode_request("SubmitInvoices", "m", records),
        "digest": lambda: payload_digest(encode_records(records)),
    }
    for name, work in works.items():
        (seconds,) = take_turns([cpu_seconds_of(work)], rounds=ROUNDS)
        what = f"{name} {BATCH} invoices, full contract, 3 lines"
        yield Row(what=what, value=BATCH / seconds, unit="records/s")


def compare(name: str, request: bytes, ours: Codec, theirs: Callable[[bytes], Any]) -> Row:
    """One row: both ways on the same bytes, and how much of ours is parsing and validating."""
    assert records_in(ours.read(request)) == records_in(theirs(request)) == BATCH
    works = (ours.read, theirs, read_envelope, ours.checked)
    ways = [cpu_seconds_of(partial(work, request)) for work in works]
    codec, spyne, parsed, checked = take_turns(ways, rounds=ROUNDS)
    each = 1_000_000 / BATCH
    return Row(
        what=f"read and validate {BATCH} invoices, {name}",
        value=BATCH / codec,
        unit="records/s",
        rival="stock Spyne",
        rival_value=BATCH / spyne,
        aim=AIM,
        details={
            "µs of parsing": parsed * each,
            "validating": (checked - parsed) * each,
            "making records": (codec - checked) * each,
            "ratio without the last": spyne / checked,
        },
    )


def records_in(arguments: Sequence[Any]) -> int:
    """How many there are in the argument that repeats."""
    (records,) = (one for one in arguments if isinstance(one, list | tuple))
    return len(records)
