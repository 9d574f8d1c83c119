"""Applications and the bridge, served over real sockets at an address that they know."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cheroot.wsgi import Server
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.authentication import Authenticator
from bridge.soap.application import SoapContext, build_soap_application
from bridge.soap.settings import SoapSettings

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


def bridge_on(sessions: sessionmaker[Session]) -> Callable[[str], "WSGIApplication"]:
    """The SOAP front for consumers at an address."""

    def bridge(address: str) -> "WSGIApplication":
        return build_soap_application(
            SoapContext(
                sessions=sessions,
                authenticator=Authenticator(sessions),
                clock=lambda: datetime.now(UTC),
                settings=SoapSettings(public_url=address),
            )
        )

    return bridge
