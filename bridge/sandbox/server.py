"""The sandbox served over HTTP by cheroot, in threads of this process."""

import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType

from cheroot import wsgi

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.faults import NO_FAULTS, FaultRules
from bridge.sandbox.http.application import SandboxApplication
from bridge.sandbox.http.control import read_faults
from bridge.sandbox.http.listening import Certificate, listen
from bridge.sandbox.http.oauth import load_jwt_key
from bridge.sandbox.org import Limits, Org, open_org
from bridge.sandbox.outbound.sender import Sender
from bridge.sandbox.schema import load_schema, with_objects_of

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


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What an org can be told on its start; files are read then."""

    schema: Path | None = None  # its objects, and who may log in
    wsdl: Path | None = None  # an Enterprise WSDL: its objects instead
    limits: Limits = field(default_factory=Limits)
    outbound: Mapping[str, str] = field(default_factory=dict)  # object -> who is told of changes
    faults: Path | None = None  # what shall go wrong
    certificate: Certificate | None = None  # for HTTPS


class SandboxServer:
    """A Salesforce on ``database``, from ``start()`` to ``stop()`` or within a ``with`` block.

    ``port`` 0 takes any free port. ``clock`` answers the moment, zone included; SystemModstamp and
    the end of sessions follow it. Raises SandboxError if the database, a file of the setup, the JWT
    key beside the database, or the port cannot be used.
    """

    def __init__(
        self,
        database: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = _utc_now,
        setup: Setup = Setup(),
    ) -> None:
        self._database = database
        self._host = host
        self._port = port
        self._clock = clock
        self._setup = setup
        self._org: Org | None = None
        self._server: wsgi.Server | None = None
        self._thread: threading.Thread | None = None
        self._sender: Sender | None = None

    @property
    def url(self) -> str:
        """Where it listens, such as ``http://127.0.0.1:41234``."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._setup.certificate else 'http'}://{host}:{self._port}"

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
        setup = self._setup
        schema = load_schema(setup.schema)
        if setup.wsdl is not None:
            schema = with_objects_of(setup.wsdl, schema)
        self._org = open_org(self._database, schema, self._clock, setup.limits)
        try:
            self._org.faults.replace(_fault_rules(setup.faults))
            jwt_key = load_jwt_key(self._jwt_key_path)
            self._sender = Sender(self._org, setup.outbound, lambda: self.url)
            application = SandboxApplication(self._org, jwt_key.public_key(), self._sender)
            self._server = listen(self._host, self._port, application, self._setup.certificate)
        except SandboxError:
            self.stop()
            raise
        self._port = self._server.bind_addr[1]
        self._thread = threading.Thread(target=self._server.serve, name="sandbox", daemon=True)
        self._thread.start()
        self._sender.start()

    def stop(self) -> None:
        """Answer what is under way, then close. Harmless when it does not run."""
        if self._org is not None:
            self._org.stopping.set()
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
        if self._sender is not None:
            self._sender.join()
        if self._org is not None:
            self._org.database.close()
        self._org = self._server = self._thread = self._sender = None

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


def run(database: Path, host: str, port: int, setup: Setup) -> None:
    """Serve until Ctrl-C or SIGTERM, having said where and how to log in."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    with SandboxServer(database, host=host, port=port, setup=setup) as server:
        before = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
        print(_greeting(server, database), flush=True)
        stopped.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _fault_rules(path: Path | None) -> FaultRules:
    if path is None:
        return NO_FAULTS
    try:
        return read_faults(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"cannot read the faults in {path}: {error}") from error


def _greeting(server: SandboxServer, database: Path) -> str:
    credentials = server.credentials
    return "\n".join(
        [
            f"Sandbox Salesforce on {server.url}, its data in {database}",
            f"  token endpoint   {server.url}/services/oauth2/token",
            f"  SOAP endpoint    {server.url}/services/Soap/u/<version>",
            f"  faults           {server.url}/sandbox/faults",
            f"  user, password   {credentials.username}, {credentials.password}",
            f"  client id        {credentials.client_id}",
            f"  client secret    {credentials.client_secret}",
            f"  JWT private key  {credentials.jwt_private_key_path}",
            "Stop it with Ctrl-C.",
        ]
    )
