"""A small real HTTP server that answers as a test tells it, and remembers what it was asked."""

import gzip
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from types import SimpleNamespace
from typing import TypeVar, cast
from urllib.parse import parse_qs

from lxml import etree

from bridge.salesforce import SalesforceSettings
from bridge.sandbox.calls.context import Call
from bridge.sandbox.calls.describe import describe_sobjects
from bridge.sandbox.schema import load_schema

T = TypeVar("T")

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ORG = "00D000000000001EAA"
PARTNER = "urn:partner.soap.sforce.com"


@dataclass(frozen=True)
class Asked:
    """A request as it came in, its body unpacked."""

    path: str
    headers: dict[str, str]
    body: bytes
    client_port: int

    @property
    def envelope(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def operation(self) -> str:
        """The called operation's name; "token" for the OAuth endpoint."""
        if self.path.endswith("/token"):
            return "token"
        body = self.envelope.find(f"{{{SOAP}}}Body")
        assert body is not None
        return etree.QName(body[0]).localname

    @property
    def session_id(self) -> str | None:
        return self.envelope.findtext(
            f"{{{SOAP}}}Header/{{{PARTNER}}}SessionHeader/{{{PARTNER}}}sessionId"
        )

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True)
class Reply:
    """An answer. Without a status the connection is closed unanswered.

    With `trickle_seconds`, each byte of the body comes so long after the one before.
    """

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    trickle_seconds: float = 0


class Server:
    """Answers each request by `answer(asked)`; tokens by itself unless `token` is replaced.

    With `describes` it also says of objects and fields by itself what the sandbox says of them.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.fetched: list[str] = []  # paths of GET requests, which Salesforce never sees
        self.answer: Callable[[Asked], Reply] = lambda _: Reply(404)
        self.token: Callable[[Asked], Reply] = self.new_token
        self.describes = False
        self.url = ""
        self._lock = Lock()
        self._tokens = 0

    def new_token(self, _: Asked) -> Reply:
        with self._lock:
            self._tokens += 1
            number = self._tokens
        token = {
            "access_token": f"secret-session-{number}",
            "instance_url": self.url,
            "id": f"{self.url}/id/{ORG}/005000000000001AAA",
        }
        return Reply(200, json.dumps(token).encode())

    def reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
        if asked.operation == "token":
            return self.token(asked)
        if asked.operation == "describeSObjects" and self.describes:
            return described_as_the_sandbox_does(asked)
        return self.answer(asked)

    def operations(self) -> list[str]:
        """The names of what was called, without what the server answers by itself."""
        names = [asked.operation for asked in self.asked]
        by_itself = {"token", "describeSObjects"} if self.describes else {"token"}
        return [name for name in names if name not in by_itself]

    def logins(self) -> int:
        return sum(asked.operation == "token" for asked in self.asked)


def envelope(body: str, header: str = "") -> bytes:
    """A SOAP envelope as Salesforce writes it."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns="{PARTNER}"'
        ' xmlns:sf="urn:sobject.partner.soap.sforce.com"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Header>{header}</soapenv:Header><soapenv:Body>{body}</soapenv:Body>"
        "</soapenv:Envelope>"
    ).encode()


def fault(code: str, message: str = "as told", kind: str = "UnexpectedErrorFault") -> Reply:
    """A fault as Salesforce writes it, with HTTP 500."""
    return Reply(
        500,
        envelope(
            f'<soapenv:Fault xmlns=""><faultcode>sf:{code}</faultcode>'
            f"<faultstring>{code}: {message}</faultstring>"
            f'<detail><f:{kind} xmlns:f="urn:fault.partner.soap.sforce.com">'
            f"<f:exceptionCode>{code}</f:exceptionCode>"
            f"<f:exceptionMessage>{message}</f:exceptionMessage>"
            f"</f:{kind}></detail></soapenv:Fault>"
        ),
    )


def timestamp_reply(_: Asked | None = None) -> Reply:
    """The answer to getServerTimestamp, with the org's limit."""
    limit = (
        "<limitInfo><current>7</current><limit>15000</limit><type>API REQUESTS</type></limitInfo>"
    )
    body = (
        "<getServerTimestampResponse><result><timestamp>2026-03-01T10:00:00.000Z</timestamp>"
        "</result></getServerTimestampResponse>"
    )
    return Reply(200, envelope(body, f"<LimitInfoHeader>{limit}</LimitInfoHeader>"))


def described_as_the_sandbox_does(asked: Asked) -> Reply:
    """The answer to describeSObjects, as the sandbox gives it."""
    body = asked.envelope.find(f"{{{SOAP}}}Body")
    assert body is not None
    call = SimpleNamespace(
        org=SimpleNamespace(schema=load_schema()), body=body[0], version=Decimal(66)
    )
    results = describe_sobjects(cast(Call, call))
    return Reply(200, envelope(f"<describeSObjectsResponse>{results}</describeSObjectsResponse>"))


def settings_for(server: Server, **changes: object) -> SalesforceSettings:
    """Settings that log in to the scripted server by client credentials."""
    return SalesforceSettings.model_validate(
        {
            "login_url": server.url,
            "auth": "client_credentials",
            "client_id": "app",
            "client_secret": "secret-of-the-app",
            "read_timeout_seconds": 5,
            **changes,
        }
    )


class ManyConnections(ThreadingHTTPServer):
    """Takes as many connections at once as a test makes."""

    daemon_threads = True
    request_queue_size = 128


def handler_for(scripted: Server) -> type[BaseHTTPRequestHandler]:
    """The HTTP side of a scripted server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            scripted.fetched.append(self.path)
            self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = dict(self.headers.items())
            asked = Asked(self.path, headers, body, self.client_address[1])
            reply = scripted.reply(asked)
            if reply.status is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Type": "text/xml", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            pieces = [bytes([one]) for one in reply.body] if reply.trickle_seconds else [reply.body]
            with suppress(OSError):  # a client that has had enough hangs up
                for piece in pieces:
                    time.sleep(reply.trickle_seconds)
                    self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler


def run_in_threads(works: Sequence[Callable[[], T]]) -> list[T]:
    """Does all the works at once; gives what each returned, or raises what one raised."""
    with ThreadPoolExecutor(max_workers=len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]
