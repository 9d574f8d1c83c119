"""Bodies: limits, gzip and character sets, before anything is parsed."""

import gzip
import io
import re
from typing import Any

import pytest

from bridge.operations.admission import ServerBusy
from bridge.soap.body import (
    NO_ROOM,
    RequestIncomplete,
    RequestTooLarge,
    UnsupportedEncoding,
    WrongContentType,
    action_in,
    read_beginning,
    read_body,
    receive_body,
    soap_version_of,
)
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion

SETTINGS = SoapSettings(max_body_bytes=2000, max_expanded_bytes=5000)
TEXT = "<a>Köln 漢字</a>"


def body_of(environ: dict[str, Any], settings: SoapSettings) -> bytes:
    """The body in UTF-8."""
    return read_body(receive_body(environ, settings), environ, settings)


def environ(content: bytes, **variables: Any) -> dict[str, Any]:
    """What a WSGI server says of a POST."""
    return {
        "CONTENT_LENGTH": str(len(content)),
        "CONTENT_TYPE": "text/xml",
        "wsgi.input": io.BytesIO(content),
    } | variables


@pytest.mark.parametrize(
    ("given", "soap"),
    [
        ("text/xml", SOAP_11),
        ("text/xml; charset=utf-8", SOAP_11),
        ('TEXT/XML;charset="UTF-8"', SOAP_11),
        ("application/soap+xml", SOAP_12),
        ('Application/SOAP+xml; charset=utf-8; action="urn:x"', SOAP_12),
    ],
)
def test_the_content_type_tells_the_soap_version(given: str, soap: SoapVersion) -> None:
    """text/xml is SOAP 1.1 and application/soap+xml SOAP 1.2, with or without parameters."""
    assert soap_version_of({"CONTENT_TYPE": given}) is soap


@pytest.mark.parametrize(
    "given", ["", "application/xml", "application/json", "text/xmlish", "multipart/related"]
)
def test_other_content_types(given: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(WrongContentType, match=re.escape(given) or "missing"):
        soap_version_of({"CONTENT_TYPE": given})


def test_each_soap_version_has_a_place_for_the_action() -> None:
    """A header in SOAP 1.1, a parameter of the media type in SOAP 1.2; the other place is none."""
    told = {"CONTENT_TYPE": 'application/soap+xml; action="urn:a"', "HTTP_SOAPACTION": '"urn:b"'}
    assert action_in(told, SOAP_12) == "urn:a"
    assert action_in(told, SOAP_11) == "urn:b"
    assert action_in({}, SOAP_11) == action_in({}, SOAP_12) == ""


@pytest.mark.parametrize("variables", [{}, {"CONTENT_LENGTH": ""}])
def test_no_body(variables: dict[str, str]) -> None:
    """An empty body, and one that HTTP/1.0 gives no length, are asked for in clear words."""
    with pytest.raises(RequestIncomplete, match="no body"):
        body_of(environ(b"", **variables), SETTINGS)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (TEXT.encode(), "text/xml; charset=utf-8"),
        (TEXT.encode(), "text/xml"),
        (TEXT.encode("utf-8-sig"), "text/xml"),
        (TEXT.encode("utf-8-sig"), "text/xml; charset=utf-8"),
        (TEXT.encode("utf-16"), "text/xml; charset=utf-16"),
        (TEXT.encode("utf-16"), "text/xml"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "text/xml"),
        (TEXT.encode("utf-16-le"), "text/xml; charset=utf-16"),
        (TEXT.encode("utf-16-be"), "text/xml; charset=utf-16be"),
    ],
)
def test_character_sets(content: bytes, content_type: str) -> None:
    """UTF-8 and UTF-16, with and without a byte order mark, become UTF-8; a beginning too."""
    told = environ(content, CONTENT_TYPE=content_type)
    assert body_of(told, SETTINGS) == TEXT.encode()
    assert read_beginning(content, told, 1000) == TEXT.encode()
    assert TEXT.encode().startswith(read_beginning(content, told, 9))


def test_a_body_that_was_dropped() -> None:
    """The server says that there was no room for it, whatever is left to be read."""
    told = environ(b"", CONTENT_LENGTH="900000") | {NO_ROOM: True}
    with pytest.raises(ServerBusy):
        receive_body(told, SETTINGS)


@pytest.mark.parametrize(
    ("charset", "city"),
    [
        ("iso-8859-1", "Köln"),
        ("windows-1252", "Köln"),
        ("latin1", "Köln"),
        ("windows-1250", "Łódź"),
        ("ISO-8859-2", "Kroměříž"),
        ("windows-1251", "Пловдив"),
        ("iso-8859-9", "Eskişehir"),
        ("windows-1253", "Θεσσαλονίκη"),
    ],
)
def test_character_sets_of_one_byte(charset: str, city: str) -> None:
    """Old ERPs write that of their country: told by HTTP or by the XML declaration."""
    text = f'<?xml version="1.0" encoding="{charset}"?><a>{city}</a>'
    content = text.encode(charset)
    for content_type in ("text/xml", f"text/xml; charset={charset}"):
        assert body_of(environ(content, CONTENT_TYPE=content_type), SETTINGS) == text.encode()


def test_http_decides_before_the_declaration() -> None:
    """Where both tell a character set, HTTP's counts (RFC 7303 section 3)."""
    content = '<?xml version="1.0" encoding="iso-8859-1"?><a>Köln</a>'.encode()
    told = environ(content, CONTENT_TYPE="text/xml; charset=utf-8")
    assert body_of(told, SETTINGS) == content


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        ("<a>ü</a>".encode("latin-1"), "text/xml"),
        (TEXT.encode(), "text/xml; charset=utf-16-le"),
        (TEXT.encode(), "text/xml; charset=us-ascii"),
        (TEXT.encode(), "text/xml; charset=utf-7"),
        (TEXT.encode(), "text/xml; charset=klingon"),
        (TEXT.encode(), "text/xml; charset=unicode_escape"),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?>', "text/xml"),
    ],
)
def test_character_sets_that_lie_or_are_unknown(content: bytes, content_type: str) -> None:
    """Bytes that are not in their character set, and character sets that nobody needs."""
    told = environ(content, CONTENT_TYPE=content_type)
    with pytest.raises(UnsupportedEncoding):
        body_of(told, SETTINGS)


def test_gzip() -> None:
    """A compressed body is expanded."""
    packed = environ(gzip.compress(TEXT.encode()), HTTP_CONTENT_ENCODING="gzip")
    assert body_of(packed, SETTINGS) == TEXT.encode()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"not gzip", UnsupportedEncoding),
        (gzip.compress(b"a" * 100, mtime=0)[:-4], RequestIncomplete),
        (gzip.compress(b"a", mtime=0) + b"more", RequestIncomplete),
        (gzip.compress(b"a" * 5001, mtime=0), RequestTooLarge),
        (gzip.compress(b"a" * 10_000_000, mtime=0)[:1900], RequestTooLarge),
    ],
)
def test_bad_gzip(content: bytes, error: type[Exception]) -> None:
    """Truncated, doubled and exploding bodies are refused, the last at the limit."""
    with pytest.raises(error):
        body_of(environ(content, HTTP_CONTENT_ENCODING="gzip"), SETTINGS)


def test_other_content_encodings() -> None:
    """An encoding that is not read is named."""
    with pytest.raises(UnsupportedEncoding, match="br"):
        body_of(environ(b"x", HTTP_CONTENT_ENCODING="br"), SETTINGS)


def test_an_announced_size_is_enough_to_refuse() -> None:
    """A body that is too large is refused before it is read."""
    announced = environ(b"", CONTENT_LENGTH="2001")
    announced["wsgi.input"] = None
    with pytest.raises(RequestTooLarge, match="2000"):
        body_of(announced, SETTINGS)


def test_sizes_at_the_limit() -> None:
    """The limit itself is allowed; chunked bodies are limited too."""
    assert len(body_of(environ(b"a" * 2000), SETTINGS)) == 2000
    chunked = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert len(body_of(environ(b"a" * 2000, **chunked), SETTINGS)) == 2000
    with pytest.raises(RequestTooLarge):
        body_of(environ(b"a" * 2001, **chunked), SETTINGS)


def test_a_body_that_ends_too_early() -> None:
    """Fewer bytes than announced are told as such, not as bad XML."""
    with pytest.raises(RequestIncomplete, match="not all of the announced 10 bytes"):
        body_of(environ(b"12345", CONTENT_LENGTH="10"), SETTINGS)
