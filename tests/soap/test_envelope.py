"""Envelopes: what is let in, and what is refused before anything of it is used."""

import pytest

from bridge.soap.envelope import (
    ForbiddenMarkup,
    HeaderNotUnderstood,
    MalformedXml,
    NotAnEnvelope,
    VersionMismatch,
    read_envelope,
    read_headers,
    require_understood,
    write_envelope,
)
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion


def envelope(body: str, *, header: str = "", namespace: str = SOAP_11.namespace) -> bytes:
    """An envelope as text."""
    return (
        f'<e:Envelope xmlns:e="{namespace}">{header}<e:Body>{body}</e:Body></e:Envelope>'
    ).encode()


def test_the_body_and_the_headers_are_found() -> None:
    """The one element of the body, and all headers."""
    content = envelope("<a>1</a>", header="<e:Header><h/><i/></e:Header>")
    read = read_envelope(b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- hello -->' + content)
    assert (read.body.tag, read.body.text) == ("a", "1")
    assert [header.tag for header in read.headers] == ["h", "i"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<a>",
        envelope("<a/>")[:-5],
        envelope("<a/>") * 2,
        envelope("<a>\x00</a>"),
        envelope("<a>&#0;</a>"),
        envelope("<a>&nbsp;</a>"),
        envelope("<p:a/>"),
        b"\xff\xfe" + envelope("<a/>"),
        envelope("<a>\xfc</a>").replace("\xfc".encode(), b"\xfc"),
    ],
)
def test_malformed_xml(content: bytes) -> None:
    """Truncated, doubled, illegal or mis-encoded XML is refused in one line."""
    with pytest.raises(MalformedXml) as caught:
        read_envelope(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE a>",
        "<!-- Envelope --><!DOCTYPE e:Envelope>",
        '<!DOCTYPE a [<!ENTITY x "y">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_no_document_type(declaration: str) -> None:
    """Any DOCTYPE is refused, wherever it hides, and no entity is resolved."""
    with pytest.raises(ForbiddenMarkup):
        read_envelope(declaration.encode() + envelope("<a/>"))


def test_the_text_of_a_document_type_is_text() -> None:
    """Inside the body it declares nothing, and is what someone wrote."""
    read = read_envelope(envelope("<a><![CDATA[<!DOCTYPE a><?p?>]]></a>"))
    assert read.body.text == "<!DOCTYPE a><?p?>"


@pytest.mark.parametrize(
    "content",
    [
        envelope("<a><?php die ?></a>"),
        b"<?p?>" + envelope("<a/>"),
        b'<?xml-stylesheet href="x"?>' + envelope("<a/>"),
        b'<?xml version="1.0"?><?p?>' + envelope("<a/>"),
        envelope("<a/>") + b"<?p?>",
    ],
)
def test_no_processing_instructions(content: bytes) -> None:
    """SOAP messages hold none (SOAP 1.1 section 3)."""
    with pytest.raises(ForbiddenMarkup):
        read_envelope(content)


@pytest.mark.parametrize(
    "content",
    [
        b"<html/>",
        envelope(""),
        envelope("<a/><b/>"),
        f'<Envelope xmlns="{SOAP_11.namespace}"/>'.encode(),
    ],
)
def test_no_envelope(content: bytes) -> None:
    """XML without an envelope, or without one operation in it."""
    with pytest.raises(NotAnEnvelope):
        read_envelope(content)


@pytest.mark.parametrize(
    ("said", "namespace", "told"),
    [
        (SOAP_11, SOAP_12.namespace, "the envelope is of SOAP 1.2, which is sent as application"),
        (SOAP_12, SOAP_11.namespace, "the envelope is of SOAP 1.1, which is sent as text/xml"),
        (SOAP_12, "urn:x", "send SOAP 1.2"),
        (SOAP_11, "http://schemas.xmlsoap.org/soap/envelope", "send SOAP 1.1"),
    ],
)
def test_another_soap_version(said: SoapVersion, namespace: str, told: str) -> None:
    """The envelope's namespace has to be that of the version which the Content-Type says."""
    with pytest.raises(VersionMismatch, match=told):
        read_envelope(envelope("<a/>", namespace=namespace), soap=said)


def test_soap_1_2_is_read() -> None:
    """An envelope of SOAP 1.2, and what is written as one."""
    content = envelope("<a/>", header="<e:Header><h/></e:Header>", namespace=SOAP_12.namespace)
    read = read_envelope(content, soap=SOAP_12)
    assert (read.body.tag, len(read.headers)) == ("a", 1)
    again = read_envelope(write_envelope("<a/>", SOAP_12, "<h/>"), soap=SOAP_12)
    assert (again.body.tag, len(again.headers)) == ("a", 1)


def test_depth_is_limited() -> None:
    """A deep tree costs no stack."""
    with pytest.raises(MalformedXml):
        read_envelope(envelope("<a>" * 100_000 + "</a>" * 100_000))


@pytest.mark.parametrize("flag", ["1", "true"])
@pytest.mark.parametrize("actor", ["", 'e:actor="http://schemas.xmlsoap.org/soap/actor/next"'])
def test_headers_that_must_be_understood(flag: str, actor: str) -> None:
    """A binding header for us is refused, unless it is one that we know."""
    header = f'<e:Header><h xmlns="urn:x" e:mustUnderstand="{flag}" {actor}/></e:Header>'
    headers = read_envelope(envelope("<a/>", header=header)).headers
    with pytest.raises(HeaderNotUnderstood, match="urn:x"):
        require_understood(headers)
    require_understood(headers, understood=["{urn:x}h"])


@pytest.mark.parametrize(
    "attributes", ["", 'e:mustUnderstand="0"', 'e:mustUnderstand="1" e:actor="urn:proxy"']
)
def test_headers_that_need_not_be_understood(attributes: str) -> None:
    """Headers that do not bind us are ignored."""
    header = f'<e:Header><h xmlns="urn:x" {attributes}/></e:Header>'
    require_understood(read_envelope(envelope("<a/>", header=header)).headers)


def test_all_that_is_not_understood_is_named() -> None:
    """The error tells each header, in order; its text tells the first."""
    header = "".join(f'<h{n} xmlns="urn:x" e:mustUnderstand="1"/>' for n in range(3))
    content = envelope("<a/>", header=f"<e:Header>{header}</e:Header>")
    with pytest.raises(HeaderNotUnderstood, match="h0 is not understood") as caught:
        require_understood(read_envelope(content).headers)
    assert caught.value.names == ("{urn:x}h0", "{urn:x}h1", "{urn:x}h2")


def test_headers_at_the_beginning() -> None:
    """What stands behind the header is not looked at, though it be broken or missing."""
    content = envelope("<a/>", header='<e:Header><h xmlns="urn:x"/></e:Header>')
    for beginning in (content, content[: content.index(b"<a/>")]):
        (block,) = read_headers(beginning, SOAP_11) or ()
        assert block.tag == "{urn:x}h"
    assert read_headers(envelope("<a/>"), SOAP_11) == ()
    assert read_headers(content[: content.index(b"</e:Header>")], SOAP_11) is None


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"<e:Envelope", b"<f:Envelope", MalformedXml),
        (b"<e:Header>", b"<g:Header>", MalformedXml),
        (b"<e:Header>", b"<e:Header a='1' a='2'>", MalformedXml),
        (b"<e:Envelope", b"<!DOCTYPE x><e:Envelope", ForbiddenMarkup),
        (b"<e:Envelope", b"<?x?><e:Envelope", ForbiddenMarkup),
        (SOAP_11.namespace.encode(), b"urn:other", VersionMismatch),
    ],
)
def test_broken_beginnings(old: bytes, new: bytes, error: type[Exception]) -> None:
    """An undeclared prefix too is refused as what it is, before anything is taken for a name."""
    content = envelope("<a/>", header='<e:Header><h xmlns="urn:x"/></e:Header>')
    assert old in content
    with pytest.raises(error):
        read_headers(content.replace(old, new), SOAP_11)
