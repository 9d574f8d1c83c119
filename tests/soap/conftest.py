"""The SOAP front as consumers meet it: over real sockets, on a real database."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import requests
from cheroot.wsgi import Server
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.calls import CallRow, list_calls
from bridge.operations.consumers import create_consumer
from bridge.operations.kept_secrets import Seal
from bridge.soap.application import SoapContext, build_soap_application
from bridge.soap.settings import SoapSettings
from bridge.store.engine import open_engine, session_factory, upgrade_schema
from bridge.store.settings import DatabaseSettings
from tests.conftest import NOW
from tests.service import DIGESTS, soap_context

CONSUMER = "ledger"


@dataclass(frozen=True)
class Template:
    """A migrated database file with one consumer, and the consumer's secret."""

    path: Path
    secret: str


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Made once: migrations and hashes take longer than most calls."""
    path = tmp_path_factory.mktemp("template") / "bridge.db"
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{path}"))
    upgrade_schema(engine)
    sessions, seal = session_factory(engine), Seal(DIGESTS)
    secret = create_consumer(sessions, name=CONSUMER, now=NOW, seal=seal)
    engine.dispose()  # the last connection to close moves the write-ahead log into the file
    return Template(path, secret)


@pytest.fixture
def engine(template: Template, tmp_path: Path) -> Iterator[Engine]:
    """SQLite alone: what differs between databases is tested where they are used."""
    shutil.copy(template.path, tmp_path / "bridge.db")
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{tmp_path}/bridge.db"))
    yield engine
    engine.dispose()


@dataclass(frozen=True)
class Endpoint:
    """A served SOAP front and a consumer that may call it."""

    url: str
    secret: str
    context: SoapContext

    def calls(self) -> list[CallRow]:
        """The calls that were answered, the last one first."""
        self.context.trail.close()
        return [one.row for one in list_calls(self.context.sessions)]

    def post(
        self, content: bytes, *, headers: dict[str, str] | None = None, secret: str | None = None
    ) -> requests.Response:
        """One call with the consumer's credentials."""
        return requests.post(
            self.url,
            data=content,
            headers={"Content-Type": "text/xml; charset=utf-8"} | (headers or {}),
            auth=(CONSUMER, secret or self.secret),
            timeout=30,
        )


@pytest.fixture
def soap_settings() -> SoapSettings:
    """Limits small enough to be met by a test."""
    return SoapSettings(max_body_bytes=2_000_000, max_expanded_bytes=3_000_000)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server on a free port, for one application after the other: stopping one takes time."""
    server = Server(("127.0.0.1", 0), None, numthreads=4)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server
    server.stop()
    thread.join()


@pytest.fixture
def endpoint(
    server: Server,
    template: Template,
    sessions: sessionmaker[Session],
    now: datetime,
    soap_settings: SoapSettings,
) -> Iterator[Endpoint]:
    """The SOAP front, served over a real socket."""
    with soap_context(sessions, soap_settings, clock=lambda: now) as context:
        server.wsgi_app = build_soap_application(context)
        url = f"http://127.0.0.1:{server.bind_addr[1]}/soap/v1"
        yield Endpoint(url, template.secret, context)
