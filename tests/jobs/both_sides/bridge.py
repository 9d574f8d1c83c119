"""The bridge between both sides: its jobs run in fine weather or a storm, its process dies."""

from collections.abc import Callable
from dataclasses import dataclass

import requests
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from jobs.context import RunReport
from jobs.schedule import run_now
from tests.jobs.both_sides.killing import killed_at
from tests.jobs.world import Clock, World

_SHARE = 0.1
_STORM = f"""
seed = {{seed}}
[[fault]]
kind = "http"
share = {_SHARE}
[[fault]]
kind = "http"
status = 502
operations = ["token"]
share = {_SHARE}
[[fault]]
kind = "fault"
code = "SERVER_UNAVAILABLE"
share = {_SHARE}
[[fault]]
kind = "session"
share = {_SHARE}
[[fault]]
kind = "row"
code = "UNABLE_TO_LOCK_ROW"
share = {_SHARE}
[[fault]]
kind = "reset"
share = {_SHARE}
[[fault]]
kind = "lost"
share = {_SHARE}
"""


@dataclass
class Bridge:
    """A process of the bridge. `open` starts one: nothing is left of another but the database."""

    open: Callable[[], tuple[Engine, World]]
    sandbox_url: str

    def __post_init__(self) -> None:
        self.http = requests.Session()
        self.engine, self.world = self.open()

    @property
    def sessions(self) -> sessionmaker[Session]:
        return self.world.sessions

    @property
    def clock(self) -> Clock:
        return self.world.clock

    def close(self) -> None:
        self._stop()
        self.http.close()

    def run(self, job: str, *, seed: int | None = None) -> RunReport:
        """Runs a job, in fine weather or in the storm of that seed."""
        self.world.tick()
        if seed is not None:
            self._weather(_STORM.format(seed=seed))
        try:
            return run_now(self.world.context, job)
        finally:
            if seed is not None:
                self._weather("")
            self.world.tick()

    def run_and_die(self, job: str, step: int) -> None:
        """Runs a job until its process is killed at a step, and starts another process."""
        self.world.tick()
        with killed_at(self.world, step):
            run_now(self.world.context, job)
        self.restart()

    def restart(self) -> None:
        """Another process."""
        self._stop()
        self.engine, self.world = self.open()

    def _stop(self) -> None:
        self.world.crm.close()
        self.engine.dispose()

    def _weather(self, rules: str) -> None:
        url = f"{self.sandbox_url}/sandbox/faults"
        self.http.put(url, data=rules, timeout=10).raise_for_status()
