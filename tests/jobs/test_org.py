"""The org behind the settings: asked anew where it did not fit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bridge.sandbox import SandboxServer, Setup
from bridge.store.models import RunStatus
from tests.jobs.conftest import settings_of
from tests.jobs.world import Clock, World, build_world
from tests.salesforce.orgs import altered_schema

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def unfit(engine: Engine, tmp_path: Path, clock: Clock, sandbox_key: bytes) -> Iterator[World]:
    """An org whose payments lack a field; the next one on the same port and database has it."""
    (tmp_path / "org.db.jwt-key.pem").write_bytes(sandbox_key)
    schema = altered_schema(tmp_path, ("Received_On__c", "Recieved_On__c"))
    server = SandboxServer(tmp_path / "org.db", clock=clock, setup=Setup(schema=schema))
    with server:
        made = build_world(engine, clock, settings_of(server))
        made.sandbox = server
        yield made
        made.crm.close()


def test_an_org_that_was_mended_is_not_refused_any_more(
    unfit: World, tmp_path: Path, clock: Clock
) -> None:
    """Nobody waits for what is remembered to get old."""
    assert unfit.run("fetch").status is RunStatus.REFUSED
    assert unfit.sandbox is not None
    port = int(unfit.sandbox.url.rpartition(":")[2])
    unfit.sandbox.stop()
    with SandboxServer(tmp_path / "org.db", clock=clock, port=port):
        assert unfit.run("fetch").status is RunStatus.SUCCEEDED
