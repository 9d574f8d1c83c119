"""Submissions of 500 full invoices end to end, beside what stock Spyne takes for decoding alone.

Over HTTP, authenticated, validated, under a message id of their own, and on the disk before the
answer. What counts is a core's share: records for each CPU second of the server's worker.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from bridge.soap.services import BridgeService
from tests.benchmarks.load import Load, numbered
from tests.benchmarks.measuring import Row, cpu_seconds_of, take_turns
from tests.benchmarks.samples import BATCH, new_invoices
from tests.benchmarks.servers import Server, bridge_server, postgres
from tests.benchmarks.stock import stock_reader

AIM = 3
ROUNDS = 4
CALLS = 10
CONNECTIONS = 2


def measure() -> Iterator[Row]:
    """A row for each database."""
    envelope = new_invoices(BATCH)
    with ExitStack() as stack:
        urls = {"SQLite": None, "PostgreSQL": stack.enter_context(postgres())}
        callers = {
            database: Caller(stack.enter_context(bridge_server(workers=1, database_url=url)))
            for database, url in urls.items()
        }
        read = stock_reader(BridgeService)
        ways: list[Callable[[], float]] = [caller.submit for caller in callers.values()]
        *ours, theirs = take_turns([*ways, cpu_seconds_of(lambda: read(envelope))], rounds=ROUNDS)
    for (database, caller), seconds in zip(callers.items(), ours, strict=True):
        yield Row(
            what=f"accept {BATCH} invoices, full contract, on {database}, by one core",
            value=BATCH / seconds,
            unit="records/s",
            rival="stock Spyne, reading alone",
            rival_value=BATCH / theirs,
            aim=AIM,
            details={"by the clock": caller.load.rate * BATCH, **caller.load.details()},
        )


class Caller:
    """Sends full submissions to a server; `load` is what came of them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._request = numbered(server.request(new_invoices(BATCH)))
        self._send()  # the first ones compile the codec's plans
        self.load = self._send()

    def submit(self) -> float:
        """The CPU seconds that the server takes for one."""
        load = self._send()
        self.load += load
        return load.cpu_seconds_per_answer

    def _send(self) -> Load:
        return self._server.load(self._request, connections=CONNECTIONS, requests=CALLS)
