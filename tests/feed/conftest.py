"""Feeding into a real service on a real database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.consumer import ServiceConsumer
from tests.service import NAME, Service, serve

COLUMNS = Path(__file__).parent / "columns"


class Watched:
    """Progress that a test looks at: what was started, its total, and the steps done."""

    def __init__(self) -> None:
        self.stretches: list[tuple[str, int | None, int]] = []

    def start(self, what: str, total: int | None) -> None:
        """Another stretch."""
        self.stretches.append((what, total, 0))

    def advance(self, steps: int) -> None:
        """So many steps more."""
        what, total, done = self.stretches.pop()
        self.stretches.append((what, total, done + steps))


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what differs between databases is tested where they are used."""
    return f"sqlite:///{tmp_path}/bridge.db"


@pytest.fixture
def service(sessions: sessionmaker[Session]) -> Iterator[Service]:
    """A served bridge."""
    with serve(sessions) as service:
        yield service


@pytest.fixture
def consumer(service: Service) -> Iterator[ServiceConsumer]:
    """A consumer of the served bridge."""
    consumer = ServiceConsumer(service.url, NAME, service.secret)
    yield consumer
    consumer.close()


@pytest.fixture
def watched() -> Watched:
    """Progress that is looked at."""
    return Watched()
