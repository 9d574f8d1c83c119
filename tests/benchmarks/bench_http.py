"""The same call over HTTP, beside a JAX-WS endpoint: six fields, no database on either side.

The bridge's side is its server software, its gateway and its codec, which validates; JAX-WS does
not. Both answer one result per invoice.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tests.benchmarks.jaxws import jaxws_server, why_not
from tests.benchmarks.load import Load, always, take_turns_loading
from tests.benchmarks.measuring import Row
from tests.benchmarks.samples import BATCH
from tests.benchmarks.servers import Server, granian_server
from tests.benchmarks.small import small_request

CONNECTIONS = (1, 8)
ROUNDS = 4
CALLS = 250
JAVA_WARM_UP = 4_000
"""Calls after which the JVM has compiled what is called often."""


def measure() -> Iterator[Row]:
    """A row for each number of connections."""
    with granian_server("rsgi", "tests.benchmarks.small:create_small_gateway", workers=2) as ours:
        call(ours, 32, CALLS)
        if reason := why_not():
            for connections in CONNECTIONS:
                yield replace(row_of(connections, call(ours, connections, CALLS)), remark=reason)
            return
        with jaxws_server() as theirs:
            call(theirs, 8, JAVA_WARM_UP)
            for connections in CONNECTIONS:
                ways = [partial(call, server, connections, CALLS) for server in (ours, theirs)]
                yield row_of(connections, *take_turns_loading(ways, rounds=ROUNDS))


def call(server: Server, connections: int, calls: int) -> Load:
    """So many calls."""
    request = always(server.request(small_request()))
    return server.load(request, connections=connections, requests=calls)


def row_of(connections: int, ours: Load, theirs: Load | None = None) -> Row:
    """What came of both loads, or of ours alone."""
    plural = "s" if connections > 1 else ""
    row = Row(
        what=f"{BATCH} invoices of 6 fields over HTTP, {connections} connection{plural}",
        value=ours.rate,
        unit="calls/s",
        details=ours.details(),
    )
    if theirs is None:
        return row
    return replace(
        row, rival="JAX-WS", rival_value=theirs.rate, aim=1, rival_details=theirs.details()
    )
