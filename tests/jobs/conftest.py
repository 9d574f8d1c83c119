"""The sandbox Salesforce, the scripted one, and a world around each."""

import logging
from collections.abc import Callable, Iterator, MutableMapping
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import structlog
from sqlalchemy import Engine
from structlog.testing import capture_logs

from bridge.salesforce import SalesforceSettings
from bridge.sandbox import SandboxServer
from tests.jobs.world import Clock, World, build_world
from tests.salesforce.scripted import ManyConnections, Server, handler_for, settings_for


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Tracebacks of errors that tests provoke take longer to print than the tests."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


Lines = list[MutableMapping[str, Any]]


@pytest.fixture
def logs() -> Iterator[Lines]:
    """The log lines of the test, which jobs write after all."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def clock(now: datetime) -> Clock:
    """The clock of both systems."""
    return Clock(now)


@pytest.fixture(scope="session")
def sandbox_key(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A JWT key, made once: making one takes longer than most tests."""
    with SandboxServer(tmp_path_factory.mktemp("key") / "org.db") as server:
        return server.credentials.jwt_private_key_path.read_bytes()


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock, sandbox_key: bytes) -> Iterator[SandboxServer]:
    """A Salesforce of its own for each test."""
    (tmp_path / "org.db.jwt-key.pem").write_bytes(sandbox_key)
    with SandboxServer(tmp_path / "org.db", clock=clock) as server:
        yield server


def settings_of(server: SandboxServer, **changes: object) -> SalesforceSettings:
    """How the bridge logs in to a sandbox."""
    return SalesforceSettings.model_validate(
        {
            "login_url": server.url,
            "auth": "client_credentials",
            "client_id": server.credentials.client_id,
            "client_secret": server.credentials.client_secret,
            "attempts": 1,
            **changes,
        }
    )


@pytest.fixture
def ask_for_faults(sandbox: SandboxServer) -> Callable[[str], None]:
    """Puts rules of what shall go wrong into force in the sandbox, as TOML."""

    def ask(rules: str) -> None:
        requests.put(f"{sandbox.url}/sandbox/faults", data=rules, timeout=10).raise_for_status()

    return ask


@pytest.fixture
def world(engine: Engine, sandbox: SandboxServer, clock: Clock) -> Iterator[World]:
    """A bridge beside the sandbox."""
    made = build_world(engine, clock, settings_of(sandbox))
    made.sandbox = sandbox
    yield made
    made.crm.close()


@pytest.fixture
def scripted() -> Iterator[Server]:
    """A Salesforce that answers as the test tells it, and knows the sandbox's objects."""
    server = Server()
    server.describes = True
    http = ManyConnections(("127.0.0.1", 0), handler_for(server))
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_port}"
    yield server
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def scripted_world(engine: Engine, scripted: Server, clock: Clock) -> Iterator[World]:
    """A bridge beside the scripted Salesforce."""
    made = build_world(engine, clock, settings_for(scripted, attempts=1))
    yield made
    made.crm.close()
