"""The demonstration's processes: sandbox and bridge, each started as a user starts it."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bridge import BridgeError
from bridge.sandbox.schema import load_schema

_START_SECONDS = 90
_STOP_SECONDS = 20


Process = subprocess.Popen[bytes]


class DemoFailed(BridgeError):
    """A part of the demonstration did not do what it must."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demonstration's parts are: URLs, files, and the environment of their processes."""

    folder: Path
    sandbox_url: str
    bridge_url: str
    environment: dict[str, str]


def lay_out(folder: Path, database_url: str | None) -> Place:
    """Chooses free ports and files in a folder, and the settings that tie the parts together."""
    bridge_port = _free_port()
    sandbox_url = f"http://127.0.0.1:{_free_port()}"
    bridge_url = f"http://127.0.0.1:{bridge_port}"
    access = load_schema(None).access
    settings = {
        "DATABASE__URL": database_url or f"sqlite:///{folder}/bridge.db",
        "DATABASE__MIGRATE_ON_START": "true",
        "SERVER__PORT": str(bridge_port),
        "SOAP__PUBLIC_URL": bridge_url,
        "SALESFORCE__LOGIN_URL": sandbox_url,
        "SALESFORCE__AUTH": "client_credentials",
        "SALESFORCE__CLIENT_ID": access.client_id,
        "SALESFORCE__CLIENT_SECRET": access.client_secret,
        "LOG__LEVEL": "INFO",
        "LOG__FORMAT": "json",
    }
    return Place(
        folder=folder,
        sandbox_url=sandbox_url,
        bridge_url=bridge_url,
        environment={f"ERP_BRIDGE_{name}": value for name, value in settings.items()},
    )


@contextmanager
def running_sandbox(place: Place) -> Iterator[Process]:
    """The sandbox Salesforce, while the block runs."""
    port = place.sandbox_url.rpartition(":")[2]
    database = str(place.folder / "salesforce.db")
    arguments = ["sandbox", "--port", port, "--database", database]
    with _running(place, "sandbox", arguments, f"{place.sandbox_url}/services/data") as process:
        yield process


@contextmanager
def running_bridge(place: Place, *, every_seconds: int) -> Iterator[Process]:
    """The bridge with its scheduler, while the block runs; 0 seconds leave the jobs to requests."""
    jobs = ("FETCH", "RECONCILE_CUSTOMERS", "RECONCILE_FINANCIALS", "RELAY")
    schedule = {f"ERP_BRIDGE_SCHEDULE__{job}_SECONDS": str(every_seconds) for job in jobs}
    schedule["ERP_BRIDGE_SCHEDULE__REQUESTS_SECONDS"] = "1"
    with _running(place, "bridge", ["serve"], f"{place.bridge_url}/readyz", schedule) as process:
        yield process


@contextmanager
def _running(
    place: Place,
    name: str,
    arguments: list[str],
    answers_at: str,
    more: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    log = place.folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "bridge", *arguments],
            env={**os.environ, **place.environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the demonstration, which then stops its parts
        )
        try:
            _wait_until_it_answers(process, name, answers_at, log)
            yield process
        finally:
            _stop(process)


def _wait_until_it_answers(process: Process, name: str, url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if requests.get(url, timeout=2).status_code < 500:
                return
        except requests.RequestException:
            time.sleep(0.1)
    last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
    raise DemoFailed(f"the {name} did not start: {last[0]}")


def _stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    """A port that nobody listens at, and that no system hands out by itself in the meantime."""
    while True:
        port = secrets.choice(_PORTS)
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


_PORTS = range(20_000, 32_000)
"""Below the ephemeral ports of Linux (ip_local_port_range) and of RFC 6335, section 6."""
