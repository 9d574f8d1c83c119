"""A load: HTTP requests over some connections, each kept open, with one request at a time.

One thread and little work per answer, so that the machine is the server's: an answer is looked at
just enough to know that it is whole, and its status.
"""

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from itertools import count
from operator import add
from selectors import EVENT_READ, EVENT_WRITE, EpollSelector
from urllib.parse import urlsplit

from tests.benchmarks.measuring import percentile
from tests.benchmarks.samples import PLACEHOLDER

_ANSWER_SECONDS = 60.0
"""Whoever has not answered by then has failed."""

Request = Callable[[], bytes]
"""Gives the bytes of the next request."""


@dataclass(frozen=True)
class Load:
    """What came of a load, or of several: the best rate, and all latencies, least first.

    `rate` is good answers a second, `latencies` are seconds, `errors` are requests without a good
    answer, `complaint` is the first bad one, `cpu_seconds` are the server's.
    """

    rate: float
    latencies: tuple[float, ...]
    errors: int
    cpu_seconds: float = 0.0
    complaint: str = ""

    def __add__(self, other: "Load") -> "Load":
        return Load(
            max(self.rate, other.rate),
            tuple(sorted(self.latencies + other.latencies)),
            self.errors + other.errors,
            self.cpu_seconds + other.cpu_seconds,
            self.complaint or other.complaint,
        )

    @property
    def cpu_seconds_per_answer(self) -> float:
        """What the server took for one."""
        return self.cpu_seconds / max(len(self.latencies), 1)

    def details(self) -> dict[str, float]:
        """Median, 99th percentile, the server's time and errors, as a row tells them."""
        return {
            "p50 ms": percentile(self.latencies, 50) * 1000,
            "p99 ms": percentile(self.latencies, 99) * 1000,
            "CPU ms": self.cpu_seconds_per_answer * 1000,
            "errors": self.errors,
        }


def take_turns_loading(ways: Sequence[Callable[[], Load]], *, rounds: int) -> list[Load]:
    """What came of each load; all are run once in every round."""
    loads = [[way() for way in ways] for _ in range(rounds)]
    return [reduce(add, of_way) for of_way in zip(*loads, strict=True)]


def always(request: bytes) -> Request:
    """The same request again and again."""
    return lambda: request


def numbered(request: bytes) -> Request:
    """Requests with a number in the place of each placeholder, another one each time."""
    return lambda: request.replace(PLACEHOLDER.encode(), b"%08d" % next(_numbers))


_numbers = count(1)


def run_load(
    url: str, request: Request, *, connections: int, requests: int, seconds: float
) -> Load:
    """Sends so many requests, or for so many seconds, and waits for their answers."""
    with EpollSelector() as selector:
        run = _Run(selector, request, requests, time.perf_counter() + seconds)
        for _ in range(min(connections, requests)):
            run.connect(url)
        run.play()
        return run.result()


class _Connection:
    """A connection, what is still to be sent on it, and what has been received of an answer."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.socket = socket.create_connection((address.hostname, address.port))
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.to_send = memoryview(b"")
        self.received = b""
        self.started = 0.0
        self.waits = False


class _Run:
    """A load while it runs."""

    def __init__(
        self, selector: EpollSelector, request: Request, requests: int, until: float
    ) -> None:
        self._selector, self._request, self._requests = selector, request, requests
        self._started, self._until = time.perf_counter(), until
        self._sent = self._answered = 0
        self._latencies: list[float] = []
        self._complaint = ""

    def connect(self, url: str) -> None:
        """Opens a connection, and sends its first request."""
        connection = _Connection(url)
        self._selector.register(connection.socket, EVENT_READ, connection)
        self._begin(connection)

    def play(self) -> None:
        """Goes on until all is answered, and closes the connections."""
        while self._answered < self._sent:
            ready = self._selector.select(timeout=1.0)
            if not ready and time.perf_counter() > self._until + _ANSWER_SECONDS:
                break
            for key, events in ready:
                if events & EVENT_WRITE:
                    self._send(key.data)
                if events & EVENT_READ:
                    self._receive(key.data)
        for key in list(self._selector.get_map().values()):
            self._close(key.data)

    def result(self) -> Load:
        """What came of it, so far."""
        good = len(self._latencies)
        rate = good / (time.perf_counter() - self._started)
        latencies = tuple(sorted(self._latencies))
        return Load(rate, latencies, self._sent - good, complaint=self._complaint)

    def _begin(self, connection: _Connection) -> None:
        if self._sent >= self._requests or time.perf_counter() > self._until:
            return
        connection.received, connection.waits = b"", True
        connection.to_send = memoryview(self._request())
        self._sent += 1
        connection.started = time.perf_counter()
        self._send(connection)

    def _send(self, connection: _Connection) -> None:
        with suppress(BlockingIOError):
            try:
                connection.to_send = connection.to_send[
                    connection.socket.send(connection.to_send) :
                ]
            except ConnectionError:
                connection.to_send = memoryview(b"")  # reading will tell
        wanted = EVENT_READ | EVENT_WRITE if connection.to_send else EVENT_READ
        if wanted != self._selector.get_key(connection.socket).events:
            self._selector.modify(connection.socket, wanted, connection)

    def _receive(self, connection: _Connection) -> None:
        chunk = b""
        with suppress(ConnectionError):
            chunk = connection.socket.recv(1 << 20)
        connection.received += chunk
        if chunk and not _is_whole(connection.received):
            return
        self._answered += connection.waits
        connection.waits = False
        if not chunk:
            self._close(connection)
        else:
            if connection.received.startswith(b"HTTP/1.1 200 "):
                self._latencies.append(time.perf_counter() - connection.started)
            else:
                self._complaint = self._complaint or connection.received.decode(errors="replace")
            self._begin(connection)

    def _close(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.socket.close()


def _is_whole(received: bytes) -> bool:
    """Whether an answer has come to its end, by its length or by its last chunk."""
    end = received.find(b"\r\n\r\n") + 4
    if end < 4:
        return False
    head = received[:end].lower()
    _, announced, rest = head.partition(b"\r\ncontent-length:")
    if announced:
        return len(received) - end >= int(rest[: rest.index(b"\r\n")])
    return received.endswith(b"\r\n0\r\n\r\n")
