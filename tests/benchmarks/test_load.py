"""Loads: every request is counted, as answered or as failed."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from tests.benchmarks.load import Load, always, numbered, run_load

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
BAD = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def serving(answer: Callable[[bytes, int], list[bytes]]) -> Iterator[str]:
    """A server that sends these pieces for the n-th request of a connection, and closes at none."""

    def converse(connection: socket.socket) -> None:
        with connection:
            for n in range(1000):
                request = connection.recv(len(REQUEST), socket.MSG_WAITALL)
                pieces = answer(request, n) if request else []
                for piece in pieces:
                    connection.sendall(piece)
                if not pieces:
                    return

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=[connection], daemon=True).start()

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def loaded(url: str, *, connections: int = 3, requests: int = 20) -> Load:
    """What comes of a load."""
    return run_load(url, always(REQUEST), connections=connections, requests=requests, seconds=30)


@pytest.mark.parametrize(
    "answer", [[GOOD], [GOOD[:20], GOOD[20:]], [CHUNKED], [CHUNKED[:-3], CHUNKED[-3:]]]
)
def test_good_answers(answer: list[bytes]) -> None:
    """However they come, whole or in pieces, by length or in chunks."""
    with serving(lambda _request, _n: answer) as url:
        load = loaded(url)
    assert (len(load.latencies), load.errors) == (20, 0)
    assert load.rate > 0


def test_other_statuses_are_errors() -> None:
    """And the connection goes on."""
    with serving(lambda _request, n: [BAD if n == 1 else GOOD]) as url:
        load = loaded(url, connections=1)
    assert (len(load.latencies), load.errors) == (19, 1)
    assert load.complaint == BAD.decode()


def test_a_closed_connection_is_an_error() -> None:
    """The request that was under way has failed; the other connections send the rest."""
    with serving(lambda _request, n: [GOOD] if n < 2 else []) as url:
        load = loaded(url, connections=3, requests=100)
    assert (len(load.latencies), load.errors) == (6, 3)


def test_numbered_requests_differ() -> None:
    """Each has a number of its own in all its places, and the same length."""
    request = numbered(b"@@@@@@@@ and @@@@@@@@")
    first, second = request(), request()
    assert first != second
    assert first[:8] == first[-8:]
    assert len(first) == len(second)


def test_loads_add_up() -> None:
    """The best rate, all latencies in order, all errors."""
    both = Load(10, (1.0, 3.0), 1, 2.0) + Load(20, (2.0,), 2, 4.0)
    assert both == Load(20, (1.0, 2.0, 3.0), 3, 6.0)
    assert both.cpu_seconds_per_answer == 2
