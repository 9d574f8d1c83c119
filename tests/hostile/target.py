"""The SOAP endpoint as a target: what it answers, judged."""

import base64
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import run_wsgi_app

from bridge.operations.consumers import create_consumer
from bridge.operations.kept_secrets import Seal
from bridge.soap.application import build_soap_application
from bridge.soap.calls import decode_fault
from bridge.soap.fault_codes import FAULT_CODES
from bridge.soap.faults import BridgeFault
from bridge.soap.soap_versions import SOAP_12, SOAP_VERSIONS, SoapVersion
from bridge.soap.wssecurity import WSSE
from bridge.store.engine import open_engine, session_factory, upgrade_schema
from bridge.store.models import Submission, Version
from bridge.store.settings import DatabaseSettings
from tests.hostile.attacks import XML
from tests.hostile.proofs import CONSUMER, proved
from tests.service import DIGESTS, soap_context

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATH = "/soap/v1"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def soap(self) -> SoapVersion:
        """The version of SOAP that its Content-Type says."""
        return next(
            one for one in SOAP_VERSIONS if one.content_type == self.headers["Content-Type"]
        )

    @property
    def fault(self) -> BridgeFault | None:
        """The fault in it, if it is one. Raises UnreadableAnswer for what is none of ours."""
        return decode_fault(self.content, self.soap)


@dataclass(frozen=True)
class Target:
    """An endpoint on a database of its own, and the credentials of a consumer."""

    application: "WSGIApplication"
    sessions: sessionmaker[Session]
    secret: str

    @property
    def authorization(self) -> str:
        """The consumer's HTTP Basic header."""
        return "Basic " + base64.b64encode(f"{CONSUMER}:{self.secret}".encode()).decode()

    def post(self, content: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a request, without a socket; in its version of SOAP unless told.

        One that speaks of WS-Security proves its consumer by that.
        """
        given = {"Content-Type": XML, "Authorization": self.authorization}
        if SOAP_12.namespace.encode() in content:
            given["Content-Type"] = SOAP_12.content_type
        if WSSE.encode() in content:
            del given["Authorization"]
            content = proved(content, self.secret, datetime.now(UTC))
        given |= headers or {}
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": PATH,
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
        }
        environ |= {_variable(name): value for name, value in given.items()}
        body, status, got = run_wsgi_app(self.application, environ, buffered=True)
        return Answer(int(status.split()[0]), dict(got), b"".join(body))

    def stored(self) -> int:
        """How many submissions and versions there are."""
        with self.sessions() as session:
            return sum(
                session.scalar(select(func.count()).select_from(table)) or 0
                for table in (Submission, Version)
            )


@contextmanager
def open_target(folder: Path) -> Iterator[Target]:
    """A target with a database in this folder."""
    engine = open_engine(DatabaseSettings(url=f"sqlite:///{folder}/bridge.db"))
    upgrade_schema(engine)
    sessions = session_factory(engine)
    secret = create_consumer(sessions, name=CONSUMER, now=datetime.now(UTC), seal=Seal(DIGESTS))
    with soap_context(sessions) as context:
        yield Target(build_soap_application(context), sessions, secret)
    engine.dispose()


def judge(answer: Answer) -> BridgeFault | None:
    """The fault of an answer, or None for a good one. Raises AssertionError for any other."""
    fault = answer.fault
    assert b"Traceback" not in answer.content
    if fault is None:
        assert answer.status == 200
        return None
    assert answer.status == FAULT_CODES[fault.code].status_in(answer.soap)
    assert fault.code != "InternalError", fault
    assert re.fullmatch("[A-Z][A-Za-z]+", fault.code)
    assert fault.correlation_id
    assert fault.correlation_id == answer.headers["X-Correlation-Id"]
    assert "\n" not in fault.message
    assert len(answer.content) < 30_000
    return fault


def resident_kilobytes() -> int:
    """This process's memory."""
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"
