"""Both sides around an empty database and a new org."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from bridge.domain.records import RecordType
from bridge.matching.finding import Matcher
from bridge.matching.settings import MatchingSettings
from bridge.sandbox import SandboxServer
from bridge.store.engine import open_engine
from bridge.store.settings import DatabaseSettings
from tests.jobs.both_sides.bridge import Bridge
from tests.jobs.both_sides.erp import Erp
from tests.jobs.both_sides.users import Users
from tests.jobs.both_sides.words import Words
from tests.jobs.conftest import settings_of
from tests.jobs.world import RULES, Clock, World, build_world


@dataclass
class Sides:
    """An ERP, the users of a Salesforce, the bridge between them, and who said what."""

    sandbox: SandboxServer
    clock: Clock
    bridge: Bridge
    words: Words = field(default_factory=lambda: Words(RULES[RecordType.CUSTOMER]))

    def __post_init__(self) -> None:
        self.erp = Erp(self.bridge, self.words)
        self.users = Users(self.sandbox, self.clock, self.words)

    def close(self) -> None:
        self.bridge.close()
        self.users.close()

    def pass_time(self, **by: float) -> None:
        """Lets time pass; whoever was logged in is not any more."""
        self.clock.moment += timedelta(**by)
        self.users.log_in()


@contextmanager
def build_sides(
    folder: Path, database_url: str, sandbox_key: bytes, clock: Clock
) -> Iterator[Sides]:
    """Both sides around an empty database and a new org in this folder."""
    (folder / "org.db.jwt-key.pem").write_bytes(sandbox_key)
    with SandboxServer(folder / "org.db", clock=clock) as sandbox:

        def start() -> tuple[Engine, World]:
            engine = open_engine(DatabaseSettings(url=database_url))
            world = build_world(engine, clock, settings_of(sandbox, attempts=3, batch_size=3))
            world.sandbox = sandbox
            # Whom matching finds has tests of its own; here each record is what its key says.
            world.context = replace(world.context, matcher=Matcher(MatchingSettings(enabled=False)))
            return engine, world

        sides = Sides(sandbox, clock, Bridge(start, sandbox.url))
        try:
            yield sides
        finally:
            sides.close()
