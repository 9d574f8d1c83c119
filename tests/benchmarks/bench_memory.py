"""What a worker holds in memory before and after 10,000 small submissions."""

from collections.abc import Iterator

from tests.benchmarks.load import numbered
from tests.benchmarks.measuring import Row
from tests.benchmarks.samples import new_invoices
from tests.benchmarks.servers import bridge_server

WARM_UP_CALLS = 500
CALLS = 10_000
CONNECTIONS = 4
SECONDS = 60.0


def measure() -> Iterator[Row]:
    """One row: after, beside before."""
    with bridge_server(workers=1) as server:
        request = numbered(server.request(new_invoices(1)))
        server.load(request, connections=CONNECTIONS, requests=WARM_UP_CALLS)
        before = server.resident_megabytes()
        load = server.load(request, connections=CONNECTIONS, requests=CALLS, seconds=SECONDS)
        after = server.resident_megabytes()
    calls = len(load.latencies)
    yield Row(
        what=f"memory of a worker after {calls:,} submissions",
        value=after,
        unit="MB",
        rival="before them",
        rival_value=before,
        details={"errors": load.errors},
    )
