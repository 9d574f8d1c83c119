"""The server as operators start it: its addresses, HTTPS, and proxies in front of it."""

import base64
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker

from bridge.cli import main
from bridge.demo.processes import Place, lay_out, running_bridge
from bridge.operations.calls import CallRow, list_calls
from bridge.operations.consumers import create_consumer
from bridge.soap.calls import encode_request
from bridge.store.engine import open_engine, session_factory, upgrade_schema
from bridge.store.models import RunStatus
from bridge.store.runs import list_runs
from bridge.store.settings import DatabaseSettings
from tests.certificates import Signed, authority, signed_by

PING = encode_request("Ping")
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A bridge that speaks HTTPS on IPv6, to callers with a certificate of an authority."""

    port: int
    database_url: str
    authority_file: Path
    caller: tuple[Path, Path]
    signed: Signed

    def context(self, shown: tuple[Path, Path] | None) -> ssl.SSLContext:
        """TLS as a caller speaks it that shows this certificate."""
        context = ssl.create_default_context(cafile=str(self.authority_file))
        if shown is not None:
            context.load_cert_chain(*shown)
        return context

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        tls: ssl.SSLContext | None = None,
        **headers: str,
    ) -> tuple[int, bytes]:
        """One request as a trusted proxy sends it; a header's name has `_` for its hyphens."""
        tls = tls or self.context(self.caller)
        with closing(HTTPSConnection("::1", self.port, context=tls, timeout=30)) as connection:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Content-Type": "text/xml"} | given)
            response = connection.getresponse()
            return response.status, response.read()

    def talk(self, content: bytes) -> bytes:
        """What comes back for these bytes, until the server closes."""
        raw = socket.create_connection(("::1", self.port), timeout=30)
        with self.context(self.caller).wrap_socket(raw, server_hostname="::1") as connection:
            connection.sendall(content)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def last_call(self, correlation_id: str) -> CallRow:
        """The call of this id, as soon as it is written down."""
        engine = open_engine(DatabaseSettings(url=self.database_url))
        try:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                for one in list_calls(session_factory(engine)):
                    if one.row.correlation_id == correlation_id:
                        return one.row
                time.sleep(0.1)
        finally:
            engine.dispose()
        raise AssertionError(f"no call {correlation_id}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started by the command, stopped by a signal."""
    folder = tmp_path_factory.mktemp("server")
    root = authority()
    authority_file, _ = root.write(folder, "authority")
    certificate, key = signed_by(root, "the bridge").write(folder, "server")
    signed = signed_by(root, "an ERP")
    caller = signed.write(folder, "caller")
    with closing(socket.socket(socket.AF_INET6)) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    settings = {
        "DATABASE__URL": f"sqlite:///{folder}/bridge.db",
        "SERVER__HOST": "::1",
        "SERVER__PORT": str(port),
        "SERVER__CERTIFICATE_FILE": str(certificate),
        "SERVER__PRIVATE_KEY_FILE": str(key),
        "SERVER__CLIENT_CA_FILE": str(authority_file),
        "SERVER__TRUSTED_PROXIES": "::1",
        "SERVER__CLIENT_CERTIFICATE_HEADER": "Client-Cert",
    }
    environment = os.environ | {f"ERP_BRIDGE_{name}": value for name, value in settings.items()}
    with (folder / "log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", "serve", "--without-jobs"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    server = Server(port, settings["DATABASE__URL"], authority_file, caller, signed)
    try:
        _wait_for(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if server.ask("GET", "/readyz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def secret(server: Server) -> str:
    """Of a consumer that has the caller's certificate."""
    engine = open_engine(DatabaseSettings(url=server.database_url))
    name, certificate = "erp", server.signed.fingerprint
    made = create_consumer(
        session_factory(engine), name=name, certificate=certificate, now=datetime.now(UTC)
    )
    engine.dispose()
    return made


def test_the_wsdl_names_the_server(server: Server) -> None:
    """HTTPS, and the IPv6 address in brackets."""
    _, wsdl = server.ask("GET", "/soap/v1?wsdl")
    assert f'location="https://[::1]:{server.port}/soap/v1"'.encode() in wsdl


def test_a_certificate_must_be_shown(server: Server, tmp_path: Path) -> None:
    """None, or one of another authority, and there is no connection."""
    stranger = signed_by(authority(), "a stranger").write(tmp_path, "stranger")
    for shown in (None, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            server.ask("GET", "/readyz", tls=server.context(shown))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions(server: Server, version: ssl.TLSVersion) -> None:
    """TLS 1.2 is spoken unless the settings ask for more: old ERPs know no other."""
    tls = server.context(server.caller)
    tls.minimum_version = tls.maximum_version = version
    assert server.ask("GET", "/healthz", tls=tls)[0] == 200


def test_a_proxy_tells_who_calls(server: Server, secret: str) -> None:
    """The certificate that it was shown, and the address; both are in the trail."""
    header = f":{base64.b64encode(server.signed.der).decode()}:"
    forwarded = "203.0.113.66, 198.51.100.7:4711"
    status, answer = server.ask(
        "POST",
        "/soap/v1",
        PING,
        Client_Cert=header,
        X_Forwarded_For=forwarded,
        X_Correlation_Id="by-certificate",
    )
    assert (status, b"<Database>OK</Database>" in answer) == (200, True)
    row = server.last_call("by-certificate")
    assert (row.consumer, row.address) == ("erp", "198.51.100.7")


def test_a_header_with_an_underscore_is_another_one(server: Server) -> None:
    """CGI's variables know no difference; a caller must not slip one past a proxy."""
    certificate = base64.b64encode(server.signed.der).decode()
    head = (
        "POST /soap/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nConnection: close\r\n"
        f"Content-Length: {len(PING)}\r\nX-Correlation-Id: underscored\r\n"
        f"Client_Cert: :{certificate}:\r\nX_Forwarded_For: 203.0.113.66\r\n"
        "X-Forwarded-For: 203.0.113.66\r\nX-Forwarded-For: 198.51.100.8\r\n\r\n"
    )
    assert server.talk(head.encode() + PING).startswith(b"HTTP/1.1 401")
    row = server.last_call("underscored")
    assert (row.consumer, row.address) == (None, "198.51.100.8")


def test_http_1_0_without_a_length(server: Server, secret: str) -> None:
    """Such a body is none; the fault says what is missing."""
    credentials = base64.b64encode(f"erp:{secret}".encode()).decode()
    head = (
        "POST /soap/v1 HTTP/1.0\r\nHost: x\r\nContent-Type: text/xml\r\n"
        f"Authorization: Basic {credentials}\r\n\r\n"
    )
    answer = server.talk(head.encode() + PING)
    assert b" 500 " in answer.splitlines()[0]
    assert b"<Code>RequestIncomplete</Code>" in answer
    assert b"there is no body: send an envelope, with its Content-Length" in answer


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"CERTIFICATE": "none.pem"}, "none.pem cannot be read: No such file"),
        ({"CERTIFICATE": "text"}, "are no certificate and its key in PEM"),
        ({"PRIVATE_KEY": "other.key"}, "are no certificate and its key in PEM"),
        ({"CLIENT_CA": "text"}, "holds no certificates in PEM"),
        ({"CLIENT_CA": "."}, "cannot be read: Is a directory"),
    ],
)
def test_unusable_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], told: str
) -> None:
    """The command says which file, and starts no server."""
    root = authority()
    root.write(tmp_path, "good")
    authority().write(tmp_path, "other")
    (tmp_path / "text").write_text("hello")
    names = {"CERTIFICATE": "good.pem", "PRIVATE_KEY": "good.key", "CLIENT_CA": "good.pem"}
    for name, file in (names | files).items():
        monkeypatch.setenv(f"ERP_BRIDGE_SERVER__{name}_FILE", str(tmp_path / file))
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ERP_BRIDGE_SERVER__PORT", str(probe.getsockname()[1]))
    done = CliRunner().invoke(main, ["serve"])
    assert done.exit_code == 2, done.output
    assert told in done.output


def test_a_taken_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On IPv6 too."""
    with closing(socket.socket(socket.AF_INET6)) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("ERP_BRIDGE_SERVER__HOST", "::1")
        monkeypatch.setenv("ERP_BRIDGE_SERVER__PORT", str(port))
        monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
        done = CliRunner().invoke(main, ["serve"])
    assert done.exit_code == 2
    assert f"cannot listen at http://[::1]:{port}: Address already in use" in done.output


def test_stopping_while_salesforce_is_away(tmp_path: Path) -> None:
    """A job that pauses between two attempts to reach it ends at once, and says so."""
    with _away_from_salesforce(tmp_path) as place:
        sessions = _sessions_of(place)
        with running_bridge(place, every_seconds=1) as process:
            _until(lambda: RunStatus.RUNNING in _statuses(sessions))
            started = time.monotonic()
            process.terminate()
            process.wait(20)
            assert time.monotonic() - started < 15
    assert RunStatus.RUNNING not in _statuses(sessions)
    assert RunStatus.FAILED in _statuses(sessions)


def test_stopping_a_run_by_hand_while_salesforce_is_away(tmp_path: Path) -> None:
    """SIGTERM, as of a timer or a container, ends it at once, and it says so."""
    with _away_from_salesforce(tmp_path) as place:
        sessions = _sessions_of(place)
        upgrade_schema(sessions.kw["bind"])
        command = [sys.executable, "-m", "bridge", "job", "run", "fetch"]
        with subprocess.Popen(command, env=place.environment, stderr=subprocess.DEVNULL) as process:
            _until(lambda: RunStatus.RUNNING in _statuses(sessions))
            process.terminate()
            assert process.wait(20) == 1
    assert _statuses(sessions) == {RunStatus.FAILED}


@contextmanager
def _away_from_salesforce(folder: Path) -> Iterator[Place]:
    """A bridge whose jobs cannot reach Salesforce, and pause for long."""
    pause = "60"  # the least of it is longer than all that is waited for here
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))  # and never listens
        place = lay_out(folder, None)
        settings = {
            "SALESFORCE__LOGIN_URL": f"http://127.0.0.1:{probe.getsockname()[1]}",
            "SALESFORCE__BACKOFF_FIRST_SECONDS": pause,
            "SALESFORCE__BACKOFF_MAX_SECONDS": pause,
        }
        more = {f"ERP_BRIDGE_{name}": value for name, value in settings.items()}
        yield replace(place, environment=place.environment | more)


def _sessions_of(place: Place) -> sessionmaker[Session]:
    url = place.environment["ERP_BRIDGE_DATABASE__URL"]
    return session_factory(open_engine(DatabaseSettings(url=url)))


def _statuses(sessions: sessionmaker[Session]) -> set[RunStatus]:
    with sessions() as session:
        return {run.status for run in list_runs(session, limit=100)}


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)
