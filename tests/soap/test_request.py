"""Requests: what is known of them without their body, and with it."""

import io
from typing import Any

import pytest

from bridge.soap.body import UnsupportedEncoding, WrongContentType
from bridge.soap.request import Request
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_12


def request(content: bytes = b"<a/>", **variables: Any) -> Request:
    """A POST."""
    environ = {
        "CONTENT_TYPE": "text/xml",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
    }
    return Request(environ | variables, SoapSettings())


def test_a_body_is_received_once() -> None:
    """Whoever asks, and however often."""
    one = request("<ä/>".encode("utf-16"))
    assert one.known_content is None
    assert one.beginning(100) == one.content == one.content == "<ä/>".encode()
    assert one.known_content == one.content


@pytest.mark.parametrize(("announced", "size"), [("70", 70), ("", 0), ("x", 0)])
def test_the_size_of_what_was_not_received(announced: str, size: int) -> None:
    """It is the announced one."""
    assert request(CONTENT_LENGTH=announced).size_bytes == size


def test_the_size_as_it_travelled() -> None:
    """What it becomes when it is decoded does not count."""
    one = request("<ä/>".encode("utf-16"))
    assert len(one.received) == one.size_bytes == 10


def test_what_cannot_be_read_is_not_known() -> None:
    """A body in an unknown coding."""
    one = request(HTTP_CONTENT_ENCODING="br")
    with pytest.raises(UnsupportedEncoding):
        assert one.content
    assert one.known_content is None


def test_versions_and_actions() -> None:
    """As the Content-Type says."""
    one = request(CONTENT_TYPE='application/soap+xml; action="urn:x"')
    assert (one.soap, one.action) == (SOAP_12, "urn:x")
    with pytest.raises(WrongContentType):
        assert request(CONTENT_TYPE="text/html").soap


@pytest.mark.parametrize(
    ("given", "kept"), [("order-4711", True), ("a b", False), ("x" * 101, False), ("", False)]
)
def test_correlation_ids(given: str, kept: bool) -> None:
    """The caller's own if it can stand in a log line, else a new one; the same whenever asked."""
    one = request(HTTP_X_CORRELATION_ID=given)
    assert (one.correlation_id == given) is kept
    assert one.correlation_id == one.correlation_id != ""
