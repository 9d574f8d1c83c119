"""Answers that do not arrive: cut in the middle, lost, or never an envelope at all."""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from bridge.sandbox.errors import HttpRefusal
from bridge.sandbox.faults import Ending

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONNECTION = "sandbox.connection"  # where the environment of a request holds its socket
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 seconds


def broken(response: Response, ending: Ending) -> Response:
    """The response as it is to end."""
    if ending is Ending.CUT:
        return _CutResponse(response)
    if ending is Ending.LOST:
        return _LostResponse(response)
    return response


def refusal(refused: HttpRefusal) -> Response:
    """What a machine in front of the org says, in HTML."""
    status = refused.status
    text = f"<html><head><title>{status}</title></head><body>Temporarily unavailable</body></html>"
    return Response(text, status=status, mimetype="text/html")


class _BrokenResponse(Response):
    def __init__(self, response: Response) -> None:
        super().__init__(response.get_data(), response.status, response.headers)


class _CutResponse(_BrokenResponse):
    """Half of it, and a connection reset."""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        start_response(self.status, self.get_wsgi_headers(environ).to_wsgi_list())
        return self._half(environ[CONNECTION])

    def _half(self, connection: socket.socket) -> Iterator[bytes]:
        content = self.get_data()
        yield content[: len(content) // 2 or 1]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        raise _gone()


class _LostResponse(_BrokenResponse):
    """Not a byte of it."""

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        raise _gone()


def _gone() -> ConnectionResetError:
    """To cheroot it is a client that went away: it closes the connection without a word."""
    return ConnectionResetError(errno.ECONNRESET, "cut on demand")
