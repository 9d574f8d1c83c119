"""What is handed over in the place of a WSDL is named."""

import gzip

import pytest

from bridge.wsdl.documents import documents_from
from bridge.wsdl.source import UnusableDescription

DEEP = "".join(f'<!ENTITY e{n} "&e{n + 1};&e{n + 1};">' for n in range(100))
MISTAKES = [
    (b"", "is empty"),
    (b"  \n", "is empty"),
    (gzip.compress(b"<a/>", mtime=0), "is compressed"),
    (b"PK\x03\x04and more", "is a zip archive"),
    (b"%PDF-1.4", "is a PDF document"),
    (b"<!DOCTYPE html><html><br></html>", "is an HTML page"),
    (b"\xef\xbb\xbf\n<HTML><br></HTML>", "is an HTML page"),
    (b"<html/>", "is an HTML page"),
    (b'<d xmlns="http://www.w3.org/ns/wsdl"/>', "is a WSDL 2.0 description"),
    (b'<schema xmlns="http://www.w3.org/2001/XMLSchema"/>', "is an XML Schema"),
    (b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"/>', "is a SOAP 1.2 envelope"),
    (b"<definitions/>", "its root is definitions"),
    (b"<!DOCTYPE definitions><definitions/>", "has a DOCTYPE, which is refused (WS-I R1008)"),
    (f"<!DOCTYPE a [{DEEP}]><a>&e0;</a>".encode(), "has a DOCTYPE"),
]


@pytest.mark.parametrize(("content", "told"), MISTAKES)
def test_a_mistake_is_named(content: bytes, told: str) -> None:
    """One line says what the document is."""
    with pytest.raises(UnusableDescription) as refused:
        documents_from(content, "a.wsdl")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
