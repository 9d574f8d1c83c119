"""Applications and the bridge, served over real sockets at an address that they know."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from cheroot.wsgi import Server
from sqlalchemy.orm import Session, sessionmaker

from bridge.soap.application import build_soap_application
from bridge.soap.settings import SoapSettings
from tests.service import soap_context

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@contextmanager
def served(make: Callable[[str], "WSGIApplication"]) -> Iterator[str]:
    """Serves the application that is made for its own address."""
    server = Server(("127.0.0.1", 0), None, numthreads=2)
    server.prepare()
    address = f"http://127.0.0.1:{server.bind_addr[1]}"
    server.wsgi_app = make(address)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.stop()
        thread.join()


@contextmanager
def served_bridge(sessions: sessionmaker[Session]) -> Iterator[str]:
    """Serves the SOAP front, which tells its own address."""

    def at(address: str) -> "WSGIApplication":
        settings = SoapSettings(public_url=address)
        return build_soap_application(replace(context, settings=settings))

    with soap_context(sessions) as context, served(at) as address:
        yield address
