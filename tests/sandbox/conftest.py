"""Real servers on real files; only the clock may stand still."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.sandbox import SandboxServer
from tests.sandbox.partner import Partner

SHARED = Path(__file__).parents[2].parent / "shared" / "salesforce"


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)

    def ago(self, **by: float) -> datetime:
        return self.moment - timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def jwt_key(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A JWT key, made once: making one takes longer than most tests."""
    database = tmp_path_factory.mktemp("key") / "org.db"
    with SandboxServer(database) as server:
        return server.credentials.jwt_private_key_path.read_bytes()


@pytest.fixture
def sandbox(tmp_path: Path, clock: Clock, jwt_key: bytes) -> Iterator[SandboxServer]:
    (tmp_path / "org.db.jwt-key.pem").write_bytes(jwt_key)
    with SandboxServer(tmp_path / "org.db", clock=clock) as server:
        yield server


@pytest.fixture
def partner(sandbox: SandboxServer) -> Iterator[Partner]:
    client = Partner(sandbox)
    yield client
    client.http.close()


@pytest.fixture(scope="session")
def envelopes() -> Path:
    return _shared(SHARED / "envelopes")


@pytest.fixture(scope="session", params=["49.0", "66.0"])
def partner_wsdl(request: pytest.FixtureRequest) -> Path:
    """Salesforce's own Partner WSDL, old and new."""
    return _shared(SHARED / "wsdl" / f"partner-{request.param}.wsdl")


def _shared(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"needs {path.name} of ../shared/salesforce, which is not here")
    return path
