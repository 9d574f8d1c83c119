"""The scripted Salesforce and the sandbox, and clients of both."""

from collections.abc import Iterator
from importlib.resources import files
from threading import Thread

import pytest

from bridge.domain.records import RecordType
from bridge.salesforce import (
    Mapping,
    SalesforceClient,
    SalesforceSettings,
    Surroundings,
    load_mappings,
)
from bridge.sandbox import SandboxServer
from tests.salesforce.scripted import ManyConnections, Server, handler_for, settings_for


@pytest.fixture
def server() -> Iterator[Server]:
    """The scripted server, listening on loopback."""
    scripted = Server()
    http = ManyConnections(("127.0.0.1", 0), handler_for(scripted))
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    scripted.url = f"http://127.0.0.1:{http.server_port}"
    yield scripted
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that the client made, in seconds, instead of sleeping."""
    return []


@pytest.fixture
def client(server: Server, pauses: list[float]) -> Iterator[SalesforceClient]:
    """A client of the scripted server that never really sleeps."""
    settings = settings_for(server)
    with SalesforceClient(settings, Surroundings(sleep=pauses.append, random=lambda: 0.0)) as made:
        yield made


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """A Salesforce of its own for each test module."""
    database = tmp_path_factory.mktemp("sandbox") / "salesforce.db"
    with SandboxServer(database) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox_client(sandbox: SandboxServer) -> Iterator[SalesforceClient]:
    """A client of the sandbox, logged in by JWT."""
    settings = SalesforceSettings(
        login_url=sandbox.url,
        client_id=sandbox.credentials.client_id,
        username=sandbox.credentials.username,
        private_key_file=sandbox.credentials.jwt_private_key_path,
        attempts=1,
    )
    with SalesforceClient(settings) as made:
        yield made


@pytest.fixture(scope="session")
def mappings() -> dict[RecordType, Mapping]:
    """The mappings that the product comes with."""
    return load_mappings(files("bridge") / "resources/config/mapping")
