"""Both sides change what they like, everything goes wrong, and in the end they agree.

A state machine plays an ERP, the users of a Salesforce, the jobs between them, and fate.
`make both-sides` plays for longer, and otherwise each time.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import empty_tables
from tests.jobs.both_sides.machine import BothSides
from tests.jobs.both_sides.sides import Sides, build_sides
from tests.jobs.world import Clock


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request: pytest.FixtureRequest, sandbox_key: bytes, now: datetime) -> type[BothSides]:
    """The machine on a database; each example starts with an empty one."""

    @contextmanager
    def start() -> Iterator[Sides]:
        with TemporaryDirectory() as folder:
            if request.param == "sqlite":
                shutil.copy(request.getfixturevalue("migrated_file"), f"{folder}/bridge.db")
                url = f"sqlite:///{folder}/bridge.db"
            else:
                connection = request.getfixturevalue("migrated")
                empty_tables(connection)
                url = connection.engine.url.render_as_string(hide_password=False)
            with build_sides(Path(folder), url, sandbox_key, Clock(now)) as sides:
                yield sides

    return type("Machine", (BothSides,), {"start": staticmethod(start)})


@pytest.mark.timeout(7_200)
def test_both_sides_agree_in_the_end(
    request: pytest.FixtureRequest, machine: type[BothSides], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was lost, doubled or echoed, and what each side holds now somebody has said."""
    given = os.environ.get("BOTH_SIDES_SEED")
    profile = settings(
        max_examples=int(os.environ.get("BOTH_SIDES_EXAMPLES", "6")),
        stateful_step_count=int(os.environ.get("BOTH_SIDES_STEPS", "30")),
        deadline=None,
        derandomize=given is None,
        database=None,
        print_blob=False,
        phases=[Phase.generate, *([Phase.shrink] if "BOTH_SIDES_SHRINK" in os.environ else [])],
        suppress_health_check=list(HealthCheck),
    )
    if given is not None:
        seed(int(given))(machine)
    began = monotonic()
    try:
        run_state_machine_as_test(machine, settings=profile)
    finally:
        if given is not None:
            with capsys.disabled():
                print(
                    f"\n{request.node.callspec.id}: {machine.steps:,} steps in"
                    f" {machine.examples:,} examples, seed {given}, {monotonic() - began:,.0f} s"
                )
