"""The SOAP service for tests of its consumers: served by threads, and troubled where asked."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cheroot.wsgi import Server
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy.orm import Session, sessionmaker

from bridge.operations.admission import Admission
from bridge.operations.authentication import Authenticator
from bridge.operations.brake import Brake
from bridge.operations.calls import CallTrail
from bridge.operations.consumers import create_consumer
from bridge.operations.settings import ConsumerSettings, SnapshotSettings
from bridge.soap.application import SoapContext, build_soap_application
from bridge.soap.faults import fault_of, write_fault
from bridge.soap.settings import SoapSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NAME = "erp"
DIGESTS = ConsumerSettings(digest_key=SecretStr(Fernet.generate_key().decode()))
"""Consumers may send digests."""

Trouble = Callable[["WSGIApplication", "WSGIEnvironment", "StartResponse"], Iterable[bytes]]
"""Answers one call in the service's place."""


@dataclass
class Service:
    """A served bridge. Each call is answered by the first of `troubles` that is left, if any."""

    application: "WSGIApplication"
    secret: str
    url: str = ""
    troubles: list[Trouble] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers, or has trouble."""
        self.calls.append(environ["HTTP_SOAPACTION"].strip('"').rpartition("/")[2])
        trouble = self.troubles.pop(0) if self.troubles else no_trouble
        return trouble(self.application, environ, start_response)


@contextmanager
def soap_context(
    sessions: sessionmaker[Session],
    settings: SoapSettings | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    consumers: ConsumerSettings = DIGESTS,
) -> Iterator[SoapContext]:
    """All that the SOAP front is given; at the end, its calls are written down."""
    trail = CallTrail(sessions)
    yield SoapContext(
        sessions=sessions,
        authenticator=Authenticator(sessions, consumers, brake=Brake(pause=lambda _seconds: None)),
        admission=Admission(),
        trail=trail,
        clock=clock,
        settings=settings or SoapSettings(),
        snapshots=SnapshotSettings(),
    )
    trail.close()


@contextmanager
def serve(
    sessions: sessionmaker[Session], settings: SoapSettings | None = None
) -> Iterator[Service]:
    """Serves the SOAP front on a free port."""
    secret = create_consumer(sessions, name=NAME, now=datetime.now(UTC))
    with soap_context(sessions, settings) as context, _serve(context, secret) as service:
        yield service


@contextmanager
def _serve(context: SoapContext, secret: str) -> Iterator[Service]:
    service = Service(build_soap_application(context), secret)
    server = Server(("127.0.0.1", 0), service, numthreads=4)
    server.prepare()
    service.url = f"http://127.0.0.1:{server.bind_addr[1]}"
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.stop()
        thread.join()


def no_trouble(
    service: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """The service's own answer."""
    return service(environ, start_response)


def http_status(status: str, content_type: str = "text/plain", **headers: str) -> Trouble:
    """An answer that is not the service's, as a proxy gives it."""

    def answer(
        _service: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        start_response(status, [("Content-Type", content_type), *headers.items()])
        return [b"not the bridge"]

    return answer


def lost_answer(
    service: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """The service does its work, but a proxy has given its answer up."""
    list(service(environ, lambda *_: lambda _: None))
    start_response("504 Gateway Timeout", [("Content-Type", "text/plain")])
    return [b"took too long"]


def internal_error(
    _service: "WSGIApplication", environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """The fault that the service answers with when it breaks down."""
    environ["wsgi.input"].read()
    start_response("500 Internal Server Error", [("Content-Type", "text/xml; charset=utf-8")])
    error = RuntimeError("disk full")
    return [write_fault(error, fault_of(error, "c-1"))]
