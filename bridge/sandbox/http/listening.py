"""The listening socket: cheroot's server, in threads, plain or with TLS."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.http.application import SandboxApplication
from bridge.sandbox.http.breaking import CONNECTION

_THREADS = 16
_IDLE_CONNECTION_SECONDS = 60
_IDLE_CONNECTIONS = 200
_STOP_SECONDS = 5
_LOOK_ROUND_SECONDS = 0.1


@dataclass(frozen=True)
class Certificate:
    """What the sandbox shows to clients that speak HTTPS alone: PEM files."""

    path: Path
    key_path: Path


def listen(
    host: str, port: int, application: SandboxApplication, certificate: Certificate | None
) -> wsgi.Server:
    """A server that is ready to serve. Raises SandboxError if the port or a file cannot be used."""
    server = _Server(
        (host, port),
        application,
        numthreads=_THREADS,
        max=_THREADS,
        request_queue_size=128,
        timeout=_IDLE_CONNECTION_SECONDS,
        shutdown_timeout=_STOP_SECONDS,
    )
    server.gateway = _Gateway
    server.keep_alive_conn_limit = _IDLE_CONNECTIONS
    server.expiration_interval = _LOOK_ROUND_SECONDS
    if certificate is not None:
        server.ssl_adapter = _tls(certificate)
    try:
        server.prepare()
    except OSError as error:
        message = f"cannot listen on {host}:{port}; if the port is taken, choose another: {error}"
        raise SandboxError(message) from error
    return server


def _tls(certificate: Certificate) -> BuiltinSSLAdapter:
    try:
        return BuiltinSSLAdapter(str(certificate.path), str(certificate.key_path))
    except (OSError, ssl.SSLError) as error:
        message = f"cannot use {certificate.path} with {certificate.key_path} for TLS: {error}"
        raise SandboxError(message) from error


class _Server(wsgi.Server):
    """cheroot's server, which itself leaves a socket open that it could not bind.

    Nor does it let a port that the system chose be taken again while old connections fade away:
    Linux wants SO_REUSEADDR on the socket that left them behind, not on the new one alone.
    """

    @staticmethod
    def bind_socket(socket_: socket.socket, bind_addr: tuple[str, int]) -> socket.socket:
        try:
            socket_.bind(bind_addr)
        except OSError:
            socket_.close()
            raise
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return socket_


class _Gateway(wsgi.Gateway_10):
    """cheroot's way to the application, which may reset the connection of a request."""

    def get_environ(self) -> Any:
        environ: dict[str, object] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[CONNECTION] = self.req.conn.socket
        return environ
