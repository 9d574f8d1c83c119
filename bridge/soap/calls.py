"""Calling the service from outside, as any consumer does: requests to send, answers to read.

Only bytes: how they travel is the caller's business. A request's Content-Type is `CONTENT_TYPE`,
its SOAPAction what `action_of` says.
"""

from lxml.etree import _Element

from bridge import BridgeError
from bridge.operations.submissions import Receipt
from bridge.soap import contract
from bridge.soap.codec import OperationCodec, operation_codecs
from bridge.soap.decoding import decoder
from bridge.soap.elements import NAMESPACE
from bridge.soap.envelope import SOAP_ENVELOPE, read_envelope, write_envelope
from bridge.soap.faults import BridgeFault
from bridge.soap.schema import validate
from bridge.soap.wsdl import action_of

__all__ = ["CONTENT_TYPE", "action_of", "decode_fault", "decode_receipt", "encode_request"]

CONTENT_TYPE = "text/xml; charset=utf-8"

_FAULT = f"{{{SOAP_ENVELOPE}}}Fault"


class UnreadableAnswer(BridgeError):
    """An answer that is not what the contract promises: something else listens at the URL."""


def encode_request(operation: str, *arguments: object) -> bytes:
    """The envelope of a call, with its arguments in the contract's order.

    `encode_request("SubmitInvoices", message_id, invoices)`, `encode_request("Ping")`.
    """
    return write_envelope(operation_codecs()[operation].request.write(*arguments))


def decode_receipt(content: bytes) -> Receipt:
    """The receipt in the answer of a Submit operation or of GetReceipt. Raises UnreadableAnswer."""
    body = _body(content)
    codec = _codec_of_answer(body)
    if codec is None:
        raise UnreadableAnswer("the answer holds no receipt: is this the URL of the bridge?")
    (receipt,) = codec.answer.read(body)
    if not isinstance(receipt, Receipt):
        raise UnreadableAnswer(f"the answer is one of {codec.name}, not a receipt")
    return receipt


def decode_fault(content: bytes) -> BridgeFault | None:
    """The fault in an answer, or None where it is no fault. Raises UnreadableAnswer.

    A fault without our detail (a proxy's) is told by its own code and text.
    """
    body = _body(content)
    if body.tag != _FAULT:
        return None
    detail = body.find(f"detail/{{{NAMESPACE}}}BridgeFault")
    if detail is not None:
        fault: BridgeFault = _read_fault(detail)
        return fault
    code = body.findtext("faultcode", "Server").rpartition(":")[2]
    return BridgeFault(code, body.findtext("faultstring", ""), retryable=code != "Client")


def _body(content: bytes) -> _Element:
    try:
        body = read_envelope(content).body
        detail = body.find(f"detail/{{{NAMESPACE}}}BridgeFault") if body.tag == _FAULT else body
        if detail is not None:
            validate(detail)
    except BridgeError as error:
        raise UnreadableAnswer(f"the answer is none of the bridge's: {error}") from error
    return body


def _codec_of_answer(body: _Element) -> OperationCodec | None:
    names = {f"{{{NAMESPACE}}}{one.answer.name}": one for one in operation_codecs().values()}
    return names.get(body.tag)


_read_fault = decoder(contract.BRIDGE_FAULT, build=BridgeFault)
