"""What people hand over in the place of a WSDL, named for them."""

from lxml.etree import QName, _Element

from bridge.wsdl.model import XSD

_WSDL20 = ("http://www.w3.org/ns/wsdl", "http://www.w3.org/2006/01/wsdl")
_ENVELOPES = {
    "http://schemas.xmlsoap.org/soap/envelope/": "1.1",
    "http://www.w3.org/2003/05/soap-envelope": "1.2",
}
_BEGINNINGS = {
    b"\x1f\x8b": "is compressed (gzip): unpack it first",
    b"PK\x03\x04": "is a zip archive: unpack it first",
    b"%PDF": "is a PDF document",
}
_HTML_BEGINNINGS = (b"<!doctype html", b"<html")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PAGE = "is an HTML page, perhaps one to log in or of an error"
_WITHIN_BYTES = 65_536


def what_bytes_are(content: bytes) -> str:
    """What a document is whose beginning tells that it is no WSDL; empty where nothing tells."""
    if not content.strip():
        return "is empty"
    for beginning, told in _BEGINNINGS.items():
        if content.startswith(beginning):
            return told
    text = content[:_WITHIN_BYTES].removeprefix(_BYTE_ORDER_MARK).lstrip().lower()
    return _PAGE if text.startswith(_HTML_BEGINNINGS) else ""


def what_root_is(root: _Element) -> str:
    """What an XML document is that is no WSDL 1.1."""
    name = QName(root)
    if name.namespace in _WSDL20:
        return "is a WSDL 2.0 description: ask for the WSDL 1.1, which SOAP toolchains read"
    if root.tag == f"{{{XSD}}}schema":
        return "is an XML Schema, not the WSDL that uses it"
    if name.localname == "Envelope" and name.namespace in _ENVELOPES:
        return f"is a SOAP {_ENVELOPES[name.namespace]} envelope, no WSDL"
    if name.localname.lower() == "html":
        return _PAGE
    return f"is no WSDL 1.1: its root is {name.localname} in {name.namespace or 'no namespace'}"
