"""Calling the service from outside, as any consumer does: requests to send, answers to read.

Only bytes: how they travel is the caller's business. A request's Content-Type is that of its
version of SOAP, its action what `action_of` says.
"""

from typing import TypeVar

from lxml.etree import _Element

from bridge import BridgeError
from bridge.operations.submissions import Receipt
from bridge.soap import contract
from bridge.soap.codec import OperationCodec, operation_codecs
from bridge.soap.decoding import decoder
from bridge.soap.elements import NAMESPACE
from bridge.soap.envelope import read_envelope, write_envelope
from bridge.soap.faults import BridgeFault
from bridge.soap.schema import validate
from bridge.soap.soap_versions import SOAP_11, SOAP_12, FaultSide, SoapVersion
from bridge.soap.wsdl import action_of

__all__ = [
    "SOAP_11",
    "SOAP_12",
    "action_of",
    "decode_answer",
    "decode_fault",
    "decode_receipt",
    "encode_request",
]


T = TypeVar("T")


class UnreadableAnswer(BridgeError):
    """An answer that is not what the contract promises: something else listens at the URL."""


def encode_request(operation: str, *arguments: object, soap: SoapVersion = SOAP_11) -> bytes:
    """The envelope of a call, with its arguments in the contract's order.

    `encode_request("SubmitInvoices", message_id, invoices)`, `encode_request("Ping")`.
    """
    return write_envelope(operation_codecs()[operation].request.write(*arguments), soap)


def decode_receipt(content: bytes, soap: SoapVersion = SOAP_11) -> Receipt:
    """The receipt in the answer of a Submit operation or of GetReceipt. Raises UnreadableAnswer."""
    return decode_answer(content, Receipt, soap)


def decode_answer(content: bytes, kind: type[T], soap: SoapVersion = SOAP_11) -> T:
    """What an operation answers, of one of the classes that the contract has for answers.

    Receipt, BegunSnapshot or ClosedSnapshot. Raises UnreadableAnswer.
    """
    name = kind.__name__
    body = _body(content, soap)
    codec = _codec_of_answer(body)
    if codec is None:
        raise UnreadableAnswer(f"the answer holds no {name}: is this the URL of the bridge?")
    (answer,) = codec.answer.read(body)
    if not isinstance(answer, kind):
        raise UnreadableAnswer(f"the answer is one of {codec.name}, not a {name}")
    return answer


def decode_fault(content: bytes, soap: SoapVersion = SOAP_11) -> BridgeFault | None:
    """The fault in an answer, or None where it is no fault. Raises UnreadableAnswer.

    A fault without our detail (a proxy's) is told by its own code and text.
    """
    body = _body(content, soap)
    if body.tag != soap.tag("Fault"):
        return None
    detail = _detail(body, soap)
    if detail is not None:
        fault: BridgeFault = _read_fault(detail)
        return fault
    where = _FAULT_12 if soap is SOAP_12 else _FAULT_11
    code, text = (body.findtext(path, "", {"soap": soap.namespace}).strip() for path in where)
    word = code.rpartition(":")[2] or soap.fault_codes[FaultSide.SERVER]
    return BridgeFault(word, text, retryable=word != soap.fault_codes[FaultSide.CLIENT])


_FAULT_11 = ("faultcode", "faultstring")
_FAULT_12 = ("soap:Code/soap:Value", "soap:Reason/soap:Text")


def _body(content: bytes, soap: SoapVersion) -> _Element:
    try:
        body = read_envelope(content, soap=soap).body
        detail = _detail(body, soap) if body.tag == soap.tag("Fault") else body
        if detail is not None:
            validate(detail)
    except BridgeError as error:
        raise UnreadableAnswer(f"the answer is none of the bridge's: {error}") from error
    return body


def _detail(fault: _Element, soap: SoapVersion) -> _Element | None:
    """The contract's detail of a fault, where it is there."""
    name = soap.tag("Detail") if soap is SOAP_12 else "detail"
    return fault.find(f"{name}/{{{NAMESPACE}}}BridgeFault")


def _codec_of_answer(body: _Element) -> OperationCodec | None:
    names = {f"{{{NAMESPACE}}}{one.answer.name}": one for one in operation_codecs().values()}
    return names.get(body.tag)


_read_fault = decoder(contract.BRIDGE_FAULT, build=BridgeFault)
