"""Between granian and the application; what callers see of it is tested with the server."""

import os
import subprocess
import sys
from pathlib import Path

WORKER = """
import asyncio, atexit
from bridge.app import open_worker
from bridge.gateway import Gateway
from tests.callers import CALL

atexit.register(print, "Python ends by itself")
gateway = Gateway(application := open_worker())
application.prepare_database()
application.trail.write(CALL)
gateway.__rsgi_del__(asyncio.new_event_loop())
"""


def test_a_worker_that_has_stopped_ends_at_once(tmp_path: Path) -> None:
    """All is written, and no thread of granian's is caught in Python's own end, and panics."""
    url = f"sqlite:///{tmp_path}/bridge.db"
    environment = os.environ | {"ERP_BRIDGE_DATABASE__URL": url}
    worker = subprocess.run(
        [sys.executable, "-c", WORKER], env=environment, capture_output=True, check=True, text=True
    )
    assert worker.stdout == ""
    listed = [sys.executable, "-m", "bridge", "calls", "list"]
    calls = subprocess.run(listed, env=environment, capture_output=True, check=True, text=True)
    assert calls.stdout.count("SubmitInvoices") == 1
