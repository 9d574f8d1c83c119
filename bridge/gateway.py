"""Between granian and the WSGI application: no thread waits for a slow caller.

granian's own WSGI interface lets a thread wait for the next byte of a body without end, so that a
few callers that stop in the middle of theirs would stop the service. Here the event loop reads
bodies, each within its time, and a thread takes the request when the body is there.
"""

import asyncio
import gc
import sys
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

from granian._granian import RSGIHTTPProtocol, RSGIProtocolClosed, RSGIProtocolError
from granian.rsgi import Scope

from bridge.app import Application, open_worker

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SMALL_BYTES = 64 * 1024
"""A body of no more is received in one go, which takes half as much work as in pieces."""


class Gateway:
    """A WSGI application behind granian's RSGI interface, in a number of threads.

    A body that has not come within its time ends where it is: the application sees that fewer bytes
    came than were announced. While many bytes wait already, threads read what else comes, as the
    application asks for it.
    """

    def __init__(self, application: Application) -> None:
        settings = application.settings
        self._close = application.close
        self._application = application.wsgi()
        self._settings = settings.server
        self._max_body_bytes = settings.soap.max_body_bytes
        self._threads = ThreadPoolExecutor(settings.server.threads, thread_name_prefix="call")
        self._waiting_bytes = 0

    async def __rsgi__(self, scope: Scope, protocol: RSGIHTTPProtocol) -> None:
        """Answers one HTTP request."""
        loop = asyncio.get_running_loop()
        body = _Body(protocol, loop, loop.time() + self._settings.body_timeout_seconds)
        environ = _environ(scope, body)
        waiting = await self._receive(environ, body)
        try:
            answer = await loop.run_in_executor(self._threads, self._answer, environ)
        finally:
            self._waiting_bytes -= waiting
        protocol.response_bytes(*answer)

    def __rsgi_del__(self, _loop: AbstractEventLoop) -> None:
        """Ends with the worker: the calls under way, and what they leave to be written."""
        self._threads.shutdown(cancel_futures=True)
        self._close()

    async def _receive(self, environ: "WSGIEnvironment", body: "_Body") -> int:
        """Waits for the body, unless it is one to be refused unread; how many bytes there are."""
        most = self._most_bytes(environ)
        if most <= _SMALL_BYTES:
            # Not counted: whoever announces many and sends none would leave no room for others.
            await body.receive_all()
            return 0
        came = 0
        while came < most and self._waiting_bytes < self._settings.max_waiting_bytes:
            chunk_bytes = await body.receive_chunk()
            if not chunk_bytes:
                break
            came += chunk_bytes
            self._waiting_bytes += chunk_bytes
        return came

    def _most_bytes(self, environ: "WSGIEnvironment") -> int:
        """How many bytes may come, and are worth to be waited for."""
        announced = environ.get("CONTENT_LENGTH", "")
        if announced.isdecimal():
            return int(announced) if int(announced) <= self._max_body_bytes else 0
        return self._max_body_bytes + 1 if "HTTP_TRANSFER_ENCODING" in environ else 0

    def _answer(self, environ: "WSGIEnvironment") -> tuple[int, list[tuple[str, str]], bytes]:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            started[:] = [int(status.split(" ", 1)[0]), headers]

        parts = self._application(environ, start_response)
        try:
            content = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = started
        return status, headers, content


class _Body:
    """A body for a thread; its bytes are awaited by the event loop, until a time of its clock."""

    def __init__(self, protocol: RSGIHTTPProtocol, loop: AbstractEventLoop, until: float) -> None:
        self._protocol = protocol
        self._loop = loop
        self._until = until
        self._received = bytearray()
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all; fewer where the body ends or its time is over."""
        most = sys.maxsize if size < 0 else size
        if len(self._received) < most and not self._ended:
            asyncio.run_coroutine_threadsafe(self._receive(most), self._loop).result()
        content = bytes(self._received[:most])
        del self._received[:most]
        return content

    async def receive_all(self) -> None:
        """Waits for all of it; of one that does not come whole, nothing is kept."""
        self._received += await self._in_time(self._protocol)
        self._ended = True

    async def receive_chunk(self) -> int:
        """Waits for more; how many bytes came, 0 at the end."""
        chunk = await self._in_time(self._chunks.__anext__)
        self._ended = not chunk
        self._received += chunk
        return len(chunk)

    @cached_property
    def _chunks(self) -> AsyncIterator[bytes]:
        return aiter(self._protocol)

    async def _in_time(self, receive: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            async with asyncio.timeout_at(self._until):
                return await receive()
        except (StopAsyncIteration, TimeoutError, RSGIProtocolClosed, RSGIProtocolError):
            return b""

    async def _receive(self, size: int) -> None:
        while len(self._received) < size and not self._ended:
            await self.receive_chunk()


def create_gateway() -> Gateway:
    """What a server worker loads."""
    gateway = Gateway(open_worker())
    # What is loaded now stays to the end. Looking through it for garbage would take a tenth of the
    # time that submissions take.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
    return gateway


def _environ(scope: Scope, body: _Body) -> "WSGIEnvironment":
    """The WSGI environment of a request (PEP 3333)."""
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:  # else X_Forwarded_For would pass a proxy by, and be X-Forwarded-For here
            continue
        variable = name.upper().replace("-", "_")
        variable = _PLAIN.get(variable, f"HTTP_{variable}")
        before = environ.get(variable)
        environ[variable] = value if before is None else f"{before}, {value}"
    return environ


_PLAIN = {"CONTENT_TYPE": "CONTENT_TYPE", "CONTENT_LENGTH": "CONTENT_LENGTH"}
