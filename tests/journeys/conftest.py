"""Journeys start with a world of their own, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.conftest import browser
from tests.journeys.world import World, build_world

__all__ = ["browser", "world"]


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """A sandbox, a bridge and an ERP, with nothing in them."""
    with build_world(tmp_path, database_url) as world:
        yield world
