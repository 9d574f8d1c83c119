"""The sandbox served over HTTP by cheroot, in threads of this process."""

import signal
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType

from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.http.application import SandboxApplication
from bridge.sandbox.http.oauth import load_jwt_key
from bridge.sandbox.org import Limits, Org, open_org

_THREADS = 16
_IDLE_CONNECTION_SECONDS = 60
_IDLE_CONNECTIONS = 200
_STOP_SECONDS = 5
_LOOK_ROUND_SECONDS = 0.1
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Credentials:
    """What a client needs to log in: by password, by client secret, or by JWT bearer."""

    username: str
    password: str
    client_id: str
    client_secret: str
    jwt_private_key_path: Path

    @property
    def jwt_private_key_pem(self) -> str:
        return self.jwt_private_key_path.read_text(encoding="ascii")


@dataclass(frozen=True)
class Certificate:
    """What the sandbox shows to clients that speak HTTPS alone: PEM files."""

    path: Path
    key_path: Path


class SandboxServer:
    """A Salesforce on ``database``, from ``start()`` to ``stop()`` or within a ``with`` block.

    ``port`` 0 takes any free port. ``clock`` answers the moment, zone included; SystemModstamp and
    the end of sessions follow it. With a ``certificate`` it speaks HTTPS. Raises SandboxError
    if the database, the schema file, the JWT key beside the database, the certificate, or the port
    cannot be used.
    """

    def __init__(
        self,
        database: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        schema: Path | None = None,
        clock: Callable[[], datetime] = _utc_now,
        limits: Limits | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self._database = database
        self._host = host
        self._port = port
        self._schema = schema
        self._clock = clock
        self._limits = limits or Limits()
        self._certificate = certificate
        self._org: Org | None = None
        self._server: wsgi.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens, such as ``http://127.0.0.1:41234``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._certificate else 'http'}://{host}:{self._port}"

    @property
    def credentials(self) -> Credentials:
        """Who may log in; known once the server has started."""
        if self._org is None:
            raise SandboxError("the sandbox has not started: its credentials are not known yet")
        access = self._org.schema.access
        return Credentials(
            username=access.username,
            password=access.password,
            client_id=access.client_id,
            client_secret=access.client_secret,
            jwt_private_key_path=self._jwt_key_path,
        )

    def start(self) -> None:
        """Open the database and listen; returns when calls are answered."""
        self._org = open_org(self._database, self._schema, self._clock, self._limits)
        try:
            jwt_key = load_jwt_key(self._jwt_key_path)
            application = SandboxApplication(self._org, jwt_key.public_key())
            self._server = _listen(self._host, self._port, application, self._certificate)
        except SandboxError:
            self.stop()
            raise
        self._port = self._server.bind_addr[1]
        self._thread = threading.Thread(target=self._server.serve, name="sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer what is under way, then close. Harmless when it does not run."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
        if self._org is not None:
            self._org.database.close()
        self._org = self._server = self._thread = None

    def __enter__(self) -> "SandboxServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _jwt_key_path(self) -> Path:
        return self._database.with_name(f"{self._database.name}.jwt-key.pem")


def run(database: Path, host: str, port: int, schema: Path | None) -> None:
    """Serve until Ctrl-C or SIGTERM, having said where and how to log in."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    with SandboxServer(database, host=host, port=port, schema=schema) as server:
        before = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
        print(_greeting(server, database), flush=True)
        stopped.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


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


def _listen(
    host: str, port: int, application: SandboxApplication, certificate: Certificate | None
) -> wsgi.Server:
    server = _Server(
        (host, port),
        application,
        numthreads=_THREADS,
        max=_THREADS,
        request_queue_size=128,
        timeout=_IDLE_CONNECTION_SECONDS,
        shutdown_timeout=_STOP_SECONDS,
    )
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


def _greeting(server: SandboxServer, database: Path) -> str:
    credentials = server.credentials
    return "\n".join(
        [
            f"Sandbox Salesforce on {server.url}, its data in {database}",
            f"  token endpoint   {server.url}/services/oauth2/token",
            f"  SOAP endpoint    {server.url}/services/Soap/u/<version>",
            f"  user, password   {credentials.username}, {credentials.password}",
            f"  client id        {credentials.client_id}",
            f"  client secret    {credentials.client_secret}",
            f"  JWT private key  {credentials.jwt_private_key_path}",
            "Stop it with Ctrl-C.",
        ]
    )
