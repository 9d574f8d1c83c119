"""What calls are about."""

import pytest
from lxml import etree

from bridge.domain.records import RecordType
from bridge.soap.calls import encode_request
from bridge.soap.elements import NAMESPACE
from bridge.soap.envelope import read_envelope
from bridge.soap.services import BridgeService
from bridge.soap.subjects import ActionMismatch, UnknownOperation, subject_in
from tests.soap.samples import INVOICE

# A message id and a snapshot id are of the consumer's own calls, which were about something.
ABOUT_NONE = {"CloseSnapshot", "GetReceipt", "Ping"}
MESSAGES = {one.operation_name: one.in_message for one in BridgeService.public_methods.values()}


@pytest.mark.parametrize("operation", MESSAGES)
def test_each_operation_is_about_something(operation: str) -> None:
    """Rights name record types: an operation has one, or its element names one, or neither."""
    members = "<RecordType> PAYMENT </RecordType>"
    body = etree.fromstring(f'<{operation} xmlns="{NAMESPACE}">{members}</{operation}>')
    about = subject_in(body, "").record_type
    if "RecordType" in MESSAGES[operation]._type_info:
        assert about is RecordType.PAYMENT
    elif operation in ABOUT_NONE:
        body.clear()
        assert subject_in(body, "").record_type is None
    else:
        assert about is not None
        assert about.replace("_", "") in operation.upper()


def test_a_record_type_that_is_none() -> None:
    """The schema will refuse it."""
    members = "<RecordType>ORDER</RecordType>"
    body = etree.fromstring(f'<FetchChanges xmlns="{NAMESPACE}">{members}</FetchChanges>')
    assert subject_in(body, "").record_type is None


def test_message_ids() -> None:
    """A submission's, a receipt's, or none."""
    submission = encode_request("SubmitInvoices", "m-1", [INVOICE], None)
    assert subject_in(read_envelope(submission).body, "").message_id == "m-1"
    assert subject_in(read_envelope(encode_request("Ping")).body, "").message_id is None


def test_what_is_no_operation() -> None:
    """There is no subject to it."""
    body = read_envelope(encode_request("Ping")).body
    with pytest.raises(ActionMismatch):
        subject_in(body, "urn:x")
    with pytest.raises(UnknownOperation, match="in no namespace: it has to be"):
        subject_in(etree.fromstring("<Ping/>"), "")
