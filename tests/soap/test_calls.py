"""What a consumer makes of answers."""

import pytest

from bridge.operations.authentication import WrongCredentials
from bridge.soap.calls import UnreadableAnswer, decode_fault, decode_receipt, encode_request
from bridge.soap.codec import operation_codecs
from bridge.soap.envelope import write_envelope
from bridge.soap.faults import RETRY_AFTER_SECONDS, BridgeFault, fault_of, write_fault
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion
from bridge.soap.violations import ContractViolated, Violation

ACKNOWLEDGED = write_envelope(operation_codecs()["AcknowledgeChanges"].answer.write(3))


@pytest.mark.parametrize(
    "error",
    [
        WrongCredentials("wrong name or secret"),
        ContractViolated([Violation(3, "Ping/A[2]", "<bad> & worse"), Violation(4, "Ping", "x")]),
        ZeroDivisionError("secret"),
    ],
)
@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
def test_faults_go_both_ways(error: Exception, soap: SoapVersion) -> None:
    """The fault that the service writes is the one that a consumer reads."""
    fault = fault_of(error, "id-1")
    assert decode_fault(write_fault(error, fault, soap), soap) == fault


def test_unexpected_errors_tell_nothing() -> None:
    """Only the correlation id leaves the house, and that a repeat may help."""
    error = ZeroDivisionError("secret")
    fault = fault_of(error, "id-1")
    assert (fault.code, fault.retryable) == ("InternalError", True)
    assert fault.retry_after_seconds == RETRY_AFTER_SECONDS
    assert b"soap:Server" in write_fault(error, fault)
    assert b"secret" not in write_fault(error, fault)


def test_a_fault_of_somebody_else() -> None:
    """A proxy's fault has no detail of ours; its code and text are told."""
    content = write_envelope(
        "<soap:Fault><faultcode>soap:Server</faultcode><faultstring>busy</faultstring></soap:Fault>"
    )
    assert decode_fault(content) == BridgeFault("Server", "busy", retryable=True)
    content = write_envelope(
        "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason>"
        '<soap:Text xml:lang="en">odd</soap:Text></soap:Reason></soap:Fault>',
        SOAP_12,
    )
    assert decode_fault(content, SOAP_12) == BridgeFault("Sender", "odd", retryable=False)


def test_an_answer_is_no_fault() -> None:
    """None is said of what is no fault."""
    assert decode_fault(ACKNOWLEDGED) is None


def test_what_is_optional_and_last_may_be_left_out() -> None:
    """A request without it is the one with nothing there; what is required has to be given."""
    short, whole = (encode_request("SubmitInvoices", "m-1", [], *last) for last in ((), (None,)))
    assert short == whole
    assert b"SnapshotId" not in short
    with pytest.raises(ValueError, match="shorter"):
        encode_request("SubmitInvoices", "m-1")
    with pytest.raises(ValueError, match="longer"):
        encode_request("GetReceipt", "m-1", "and more")


@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>Welcome</body></html>",
        b"",
        ACKNOWLEDGED,
        encode_request("Ping"),
        write_envelope("<a/>"),
        write_envelope('<GetReceiptResponse xmlns="urn:erp-bridge:v1"/>'),
        write_fault(WrongCredentials("no"), fault_of(WrongCredentials("no"), "id")),
    ],
)
def test_answers_without_a_receipt(content: bytes) -> None:
    """Whatever is not a receipt of the contract is told as unreadable."""
    with pytest.raises(UnreadableAnswer):
        decode_receipt(content)
