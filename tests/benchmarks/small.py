"""An invoice of six fields, as small ERPs know it, and a service that takes it without a database.

The service reads, checks and answers by the bridge's own parts, and does nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lxml.etree import _Element

from bridge.app import Application
from bridge.garbage import collect_seldom
from bridge.gateway import Gateway
from bridge.settings import Settings
from bridge.soap.calls import SOAP_11
from bridge.soap.decoding import decoder
from bridge.soap.elements import AMOUNT, NAMESPACE, complex_type, repeated, required, text_type
from bridge.soap.encoding import encoder
from bridge.soap.envelope import read_envelope, write_envelope
from bridge.soap.request import Request
from bridge.soap.settings import SoapSettings
from tests.benchmarks.samples import BATCH

# isort: split
import spyne
from spyne.protocol.soap import Soap11

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Small:
    """The invoice."""

    number: str
    customer_number: str
    issued_on: date
    currency: str
    gross_amount: Decimal
    status: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one."""

    number: str
    outcome: str = "ACCEPTED"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of all of them."""

    results: Sequence[Result]


_TEXT = required(text_type(60), "")
_SMALL = complex_type(
    "Small",
    "",
    {
        "Number": _TEXT,
        "CustomerNumber": _TEXT,
        "IssuedOn": required(spyne.Date, ""),
        "Currency": _TEXT,
        "GrossAmount": required(AMOUNT, ""),
        "Status": _TEXT,
    },
    python_type=Small,
)
_RESULT = complex_type("Result", "", {"Number": _TEXT, "Outcome": _TEXT}, python_type=Result)
_ANSWER = complex_type("Answer", "", {"Result": repeated(_RESULT, "")}, python_type=Answer)


class SmallService(spyne.Service):  # type: ignore[misc]
    """The contract: its schema is Spyne's, and stock Spyne reads its requests by it."""

    @spyne.rpc(
        _TEXT, repeated(_SMALL, ""), _args=["MessageId", "Small"], _operation_name="SubmitSmall"
    )
    def submit_small(self, message_id: str, smalls: Sequence[Any]) -> None:
        """Is never called."""


def small_request() -> bytes:
    """The envelope of a full submission of small invoices."""
    parts = [f'<SubmitSmall xmlns="{NAMESPACE}"><MessageId>m</MessageId>']
    for n in range(BATCH):
        small = Small(f"INV-{n}", "C-1", date(2026, 3, 1), "USD", Decimal(n) / 100, "OPEN")
        parts.append(f"<Small>{_write_small(small)}</Small>")
    return write_envelope("".join([*parts, "</SubmitSmall>"]))


def read_small(request: bytes, limits: SoapSettings | None = None) -> list[Any]:
    """The message id and the invoices in an envelope, checked against the schema."""
    body = read_envelope(request, limits).body
    validate_small(body)
    arguments: list[Any] = decode_small(body)
    return arguments


def validate_small(body: _Element) -> None:
    """Checks the element of a request against the schema."""
    assert _schema.validate(body), _schema.error_log


class SmallApplication(Application):
    """The service in the place of the bridge's own."""

    def wsgi(self) -> "WSGIApplication":
        """Answers each request with one result per invoice."""
        limits = self.settings.soap

        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            _, smalls = read_small(Request(environ, limits).content, limits)
            content = _write_results([Result(small.number) for small in smalls])
            length = str(len(content))
            headers = [("Content-Type", SOAP_11.content_type), ("Content-Length", length)]
            start_response("200 OK", headers)
            return [content]

        return answer


def create_small_gateway() -> Gateway:
    """What a server worker loads; it collects garbage as the bridge's own workers do."""
    gateway = Gateway(SmallApplication(Settings()))
    collect_seldom()
    return gateway


def _write_results(results: Sequence[Result]) -> bytes:
    members = _write_answer(Answer(results))
    return write_envelope(
        f'<SubmitSmallResponse xmlns="{NAMESPACE}">{members}</SubmitSmallResponse>'
    )


_write_small = encoder(_SMALL)
_write_answer = encoder(_ANSWER)
_schema = spyne.Application(
    [SmallService], NAMESPACE, name="Small", in_protocol=Soap11(validator="lxml")
).in_protocol.validation_schema
decode_small = decoder(
    SmallService.public_methods["submit_small"].in_message,
    build=lambda message_id, smalls: [message_id, smalls],
)
