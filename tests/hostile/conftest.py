"""One target for all attacks, served over a real socket."""

import threading
from collections.abc import Iterator

import pytest
from cheroot.wsgi import Server

from tests.hostile.target import PATH, Target, open_target


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The endpoint, on a database of its own."""
    with open_target(tmp_path_factory.mktemp("target")) as target:
        yield target


@pytest.fixture(scope="session")
def target_url(target: Target) -> Iterator[str]:
    """Where it is served."""
    server = Server(("127.0.0.1", 0), target.application, numthreads=4)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.bind_addr[1]}{PATH}"
    server.stop()
    thread.join()
