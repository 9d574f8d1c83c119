"""What calls are about."""

import pytest
from lxml import etree

from bridge.domain.records import RecordType
from bridge.soap.calls import encode_request
from bridge.soap.elements import NAMESPACE
from bridge.soap.envelope import read_envelope
from bridge.soap.services import BridgeService
from bridge.soap.subjects import message_id_of, record_type_of
from tests.soap.samples import INVOICE

# A message id and a snapshot id are of the consumer's own calls, which were about something.
ABOUT_NONE = {"CloseSnapshot", "GetReceipt", "Ping"}
MESSAGES = {one.operation_name: one.in_message for one in BridgeService.public_methods.values()}


@pytest.mark.parametrize("operation", MESSAGES)
def test_each_operation_is_about_something(operation: str) -> None:
    """Rights name record types: an operation has one, or its element names one, or neither."""
    members = "<RecordType> PAYMENT </RecordType>"
    body = etree.fromstring(f'<{operation} xmlns="{NAMESPACE}">{members}</{operation}>')
    about = record_type_of(operation, body)
    if "RecordType" in MESSAGES[operation]._type_info:
        assert about is RecordType.PAYMENT
    elif operation in ABOUT_NONE:
        assert record_type_of(operation, etree.fromstring("<a/>")) is None
    else:
        assert about is not None
        assert about.replace("_", "") in operation.upper()


def test_a_record_type_that_is_none() -> None:
    """The schema will refuse it."""
    body = etree.fromstring(f'<a xmlns="{NAMESPACE}"><RecordType>ORDER</RecordType></a>')
    assert record_type_of("FetchChanges", body) is None


def test_message_ids() -> None:
    """A submission's, a receipt's, or none."""
    submission = encode_request("SubmitInvoices", "m-1", [INVOICE])
    assert message_id_of(read_envelope(submission).body) == "m-1"
    assert message_id_of(read_envelope(encode_request("Ping")).body) is None
