"""Submissions of 1, 10 and 100 KB over 1, 16 and 200 connections, as the bridge comes."""

from collections.abc import Iterator

from tests.benchmarks.load import Load, numbered
from tests.benchmarks.measuring import Row
from tests.benchmarks.samples import new_invoices
from tests.benchmarks.servers import Server, bridge_server

KILOBYTES = (1, 10, 100)
CONNECTIONS = (1, 16, 200)
SECONDS = 3.0
WARM_UP_CALLS = 100


def measure() -> Iterator[Row]:
    """A row for each size and number of connections."""
    with bridge_server(workers=1) as server:
        send(server, new_invoices(1), 32, requests=WARM_UP_CALLS)
        for kilobytes in KILOBYTES:
            envelope = envelope_of(kilobytes * 1000)
            for connections in CONNECTIONS:
                load = send(server, envelope, connections)
                yield row_of(len(envelope) / 1000, connections, load)


def envelope_of(size: int) -> bytes:
    """A submission of about so many bytes, of one invoice at least."""
    one, two = len(new_invoices(1)), len(new_invoices(2))
    return new_invoices(max(1, round((size - one) / (two - one)) + 1))


def send(server: Server, envelope: bytes, connections: int, requests: int = 1_000_000) -> Load:
    """Sends for some seconds."""
    request = numbered(server.request(envelope))
    return server.load(request, connections=connections, requests=requests, seconds=SECONDS)


def row_of(kilobytes: float, connections: int, load: Load) -> Row:
    """What came of a load."""
    plural = "s" if connections > 1 else ""
    return Row(
        what=f"submissions of {kilobytes:.1f} KB, {connections} connection{plural}",
        value=load.rate,
        unit="calls/s",
        details=load.details(),
    )
