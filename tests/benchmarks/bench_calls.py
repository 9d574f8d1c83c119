"""Calls of one record, by two workers, beside a stock Spyne echo on the same server software."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from bridge.soap.calls import encode_request
from tests.benchmarks.load import Load, numbered, take_turns_loading
from tests.benchmarks.measuring import Row
from tests.benchmarks.samples import new_invoices
from tests.benchmarks.servers import Server, bridge_server, granian_server, postgres

WORKERS = 2
CONNECTIONS = 8
CALLS = 800
ROUNDS = 3


def measure() -> Iterator[Row]:
    """A row for each operation."""
    with ExitStack() as stack:
        url = stack.enter_context(postgres())
        servers = [
            stack.enter_context(bridge_server(workers=WORKERS, database_url=url)),
            stack.enter_context(
                granian_server("wsgi", "tests.benchmarks.stock:create_echo", workers=WORKERS)
            ),
        ]
        for name, envelope in {
            "Ping": encode_request("Ping"),
            "SubmitInvoices of one": new_invoices(1),
        }.items():
            ways = [partial(call, server, envelope) for server in servers]
            for way in ways:
                way()  # the first calls of each thread compile its schema
            yield row_of(name, *take_turns_loading(ways, rounds=ROUNDS))


def call(server: Server, envelope: bytes) -> Load:
    """Some calls, each with numbers of its own."""
    request = numbered(server.request(envelope))
    return server.load(request, connections=CONNECTIONS, requests=CALLS)


def row_of(name: str, ours: Load, theirs: Load) -> Row:
    """What came of both loads."""
    return Row(
        what=f"{name}, {WORKERS} workers, {CONNECTIONS} connections",
        value=ours.rate,
        unit="calls/s",
        rival="stock Spyne echo",
        rival_value=theirs.rate,
        details=ours.details(),
        rival_details=theirs.details(),
    )
