"""The JAX-WS reference implementation as a server of the small contract (`Endpoint.java`)."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.servers import Server, free_port, running

_LIBRARIES = "/usr/share/java/jaxws-rt.jar"
_THREADS = 16
_SOURCE = Path(__file__).parent / "Endpoint.java"


def why_not() -> str:
    """What is missing here to run it; empty where nothing is."""
    if shutil.which("javac") and Path(_LIBRARIES).exists():
        return ""
    return "apt-get install jaxws libsaaj-java default-jdk-headless"


@contextmanager
def jaxws_server() -> Iterator[Server]:
    """The endpoint, while the block runs; as it comes, but with TCP_NODELAY."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/small"
    with tempfile.TemporaryDirectory(prefix="erp-bridge-bench-") as classes:
        compile_it = ["javac", "-nowarn", "-cp", _LIBRARIES, "-d", classes, str(_SOURCE)]
        subprocess.run(compile_it, check=True, capture_output=True)
        options = ["-Dsun.net.httpserver.nodelay=true", "-cp", f"{classes}:{_LIBRARIES}"]
        with running(["java", *options, "Endpoint", url, str(_THREADS)], port) as process:
            yield Server(url, [process.pid])
