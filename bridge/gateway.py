"""Between granian and the WSGI application: no thread waits for a slow caller.

granian's own WSGI interface lets a thread wait for the next byte of a body without end, so that a
few callers that stop in the middle of theirs would stop the service. Here the event loop reads
bodies, each within its time, and a thread takes the request when the body is there. What a thread
need not look at is refused here.
"""

import asyncio
import os
import sys
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from granian._granian import RSGIHTTPProtocol, RSGIProtocolClosed, RSGIProtocolError
from granian.rsgi import Scope

from bridge.app import Application, open_worker
from bridge.garbage import collect_seldom
from bridge.soap.application import NO_ROOM
from bridge.waiting import WaitingRoom

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SMALL_BYTES = 64 * 1024
"""A body of no more is received in one go, which takes half as much work as in pieces."""

_FORWARDED = "x-forwarded-for"

Answer = tuple[int, list[tuple[str, str]], bytes]


class Gateway:
    """A WSGI application behind granian's RSGI interface, in a number of threads.

    A body that has not come within its time ends where it is: the application sees that fewer bytes
    came than were announced. Large ones share the room of `bridge.waiting`; where one had to give
    way, the application is told NO_ROOM.
    """

    def __init__(self, application: Application) -> None:
        settings = application.settings
        self._close = application.close
        self._application = application.wsgi()
        self._caller_of = application.caller_of
        self._settings = settings.server
        self._max_body_bytes = settings.soap.max_body_bytes
        self._threads = ThreadPoolExecutor(settings.server.threads, thread_name_prefix="call")
        self._room = WaitingRoom(settings.server.max_waiting_bytes)

    async def __rsgi__(self, scope: Scope, protocol: RSGIHTTPProtocol) -> None:
        """Answers one HTTP request."""
        answer = self._refusal(scope) or await self._answer(_environ(scope), protocol)
        protocol.response_bytes(*answer)

    def __rsgi_del__(self, _loop: AbstractEventLoop) -> None:
        """Ends with the worker: the calls under way, and what they leave to be written."""
        self._threads.shutdown(cancel_futures=True)
        self._close()
        # Python's own end would stop granian's threads wherever they are: now and then one panics,
        # and aborts the process.
        os._exit(0)

    def _refusal(self, scope: Scope) -> Answer | None:
        """What the head alone says against a request."""
        headers = scope.headers.items()
        if sum(len(name) + len(value) for name, value in headers) > self._settings.max_header_bytes:
            return _plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        codings = [value for name, value in headers if name.lower() == "transfer-encoding"]
        if codings and [one.strip().lower() for one in codings] != ["chunked"]:
            return _plain(HTTPStatus.NOT_IMPLEMENTED)  # RFC 9112, section 6.1
        # granian leaves out the values that are not ASCII; a proxy writes the caller's address
        # behind what the caller sent, and both would be gone.
        if _FORWARDED in scope.headers and _FORWARDED not in dict(headers):
            return _plain(HTTPStatus.BAD_REQUEST)
        return None

    async def _answer(self, environ: "WSGIEnvironment", protocol: RSGIHTTPProtocol) -> Answer:
        loop = asyncio.get_running_loop()
        body = _Body(protocol, loop.time() + self._settings.body_timeout_seconds)
        most = self._most_bytes(environ)
        if most > _SMALL_BYTES:
            return await self._answer_large(environ, body, most)
        if most:
            # Not counted: whoever announces many and sends none would leave no room for others.
            await body.receive_all()
        return await self._in_thread(environ, body)

    async def _answer_large(self, environ: "WSGIEnvironment", body: "_Body", most: int) -> Answer:
        place = self._room.enter(self._caller_of(environ), body.forget)
        try:
            while place.held_bytes < most and (chunk_bytes := await body.receive_chunk()):
                self._room.fill(place, chunk_bytes)
                if place.gave_way:
                    break
            place.is_whole = True
            if not place.gave_way:
                return await self._in_thread(environ, body)
        finally:
            self._room.leave(place)
        await body.pass_over()
        return await self._in_thread(environ | {NO_ROOM: True}, body)

    async def _in_thread(self, environ: "WSGIEnvironment", body: "_Body") -> Answer:
        environ["wsgi.input"] = body.content()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._carry_out, environ)

    def _most_bytes(self, environ: "WSGIEnvironment") -> int:
        """How many bytes may come, and are worth to be waited for."""
        announced = environ.get("CONTENT_LENGTH", "")
        if announced.isdecimal():
            return int(announced) if int(announced) <= self._max_body_bytes else 0
        return self._max_body_bytes + 1 if "HTTP_TRANSFER_ENCODING" in environ else 0

    def _carry_out(self, environ: "WSGIEnvironment") -> Answer:
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
    """A body as it comes, until a time of the event loop's clock."""

    def __init__(self, protocol: RSGIHTTPProtocol, until: float) -> None:
        self._protocol = protocol
        self._until = until
        self._received: list[bytes] = []

    def content(self) -> BytesIO:
        """What came, for a thread to read."""
        return BytesIO(b"".join(self._received))

    async def receive_all(self) -> None:
        """Waits for all of it; of one that does not come whole, nothing is kept."""
        self._received.append(await self._in_time(self._protocol))

    async def receive_chunk(self) -> int:
        """Waits for more; how many bytes came, 0 at the end."""
        chunk = await self._in_time(self._chunks.__anext__)
        self._received.append(chunk)
        return len(chunk)

    def forget(self) -> None:
        """Drops what came."""
        self._received.clear()

    async def pass_over(self) -> None:
        """Waits for the rest without keeping it: in the middle of a body no caller would listen."""
        self.forget()
        while await self._in_time(self._chunks.__anext__):
            pass

    @cached_property
    def _chunks(self) -> AsyncIterator[bytes]:
        return aiter(self._protocol)

    async def _in_time(self, receive: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            async with asyncio.timeout_at(self._until):
                return await receive()
        except (StopAsyncIteration, TimeoutError, RSGIProtocolClosed, RSGIProtocolError):
            return b""


def create_gateway() -> Gateway:
    """What a server worker loads."""
    gateway = Gateway(open_worker())
    collect_seldom()
    return gateway


def _plain(status: HTTPStatus) -> Answer:
    return status, [("Content-Type", "text/plain"), ("Connection", "close")], b""


def _environ(scope: Scope) -> "WSGIEnvironment":
    """The WSGI environment of a request (PEP 3333), without its body."""
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
