"""SOAP 1.1 envelopes: bytes to a checked tree, and text to bytes.

Parsing is closed to everything that a SOAP message may not hold: document types, entities,
processing instructions (SOAP 1.1 section 3), external files, and trees of unbounded size.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.etree import QName, _Element

from bridge import BridgeError
from bridge.soap.limits import require_slim_tree, require_small_parts
from bridge.soap.settings import SoapSettings

SOAP_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_NEXT_ACTOR = "http://schemas.xmlsoap.org/soap/actor/next"


class MalformedXml(BridgeError):
    """A body that is not well-formed XML."""


class ForbiddenMarkup(BridgeError):
    """A document type or a processing instruction in a SOAP message."""


class NotAnEnvelope(BridgeError):
    """XML that is no SOAP envelope with one element in its body."""


class VersionMismatch(BridgeError):
    """An envelope of another SOAP version."""


class HeaderNotUnderstood(BridgeError):
    """A header that must be understood and is not."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A checked envelope: the headers, and the one element of its body."""

    headers: tuple[_Element, ...]
    body: _Element


def read_envelope(content: bytes, limits: SoapSettings | None = None) -> Envelope:
    """The envelope in UTF-8 bytes, within limits if there are any.

    Raises one of this module's errors, RequestTooComplex.
    """
    _refuse_document_type(content)
    if limits is not None:
        require_small_parts(content, limits)
    root = _parse(content)
    _check_version(root)
    if limits is not None:
        require_slim_tree(root, limits)
    *before, body = _parts(root)
    return Envelope(tuple(before[0]) if before else (), body[0])


def require_understood(headers: Iterable[_Element], understood: Iterable[str] = ()) -> None:
    """Refuses headers that must be understood and are not named in `understood` ({ns}name).

    Headers for another actor are none of our business (SOAP 1.1 section 4.2). Raises
    HeaderNotUnderstood.
    """
    for header in headers:
        actor = header.get(f"{{{SOAP_ENVELOPE}}}actor", "").strip()
        # A flag that is no flag binds: its writer did not mean to be ignored.
        flag = header.get(f"{{{SOAP_ENVELOPE}}}mustUnderstand", "0").strip()
        binding = flag not in ("0", "false") and actor in ("", _NEXT_ACTOR)
        if binding and header.tag not in understood:
            name = header.tag[:200]
            raise HeaderNotUnderstood(f"the header {name} is not understood: leave it out")


def write_envelope(body: str) -> bytes:
    """The bytes of an envelope around the XML of a body."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<soap:Envelope xmlns:soap="{SOAP_ENVELOPE}"><soap:Body>{body}</soap:Body></soap:Envelope>'
    ).encode()


def _refuse_document_type(content: bytes) -> None:
    """Before parsing: libxml2 opens the file that a document type names, even if told not to."""
    if _holds(content, b"<!DOCTYPE") and b"<!DOCTYPE" in _NOT_MARKUP.sub(b"", content):
        raise ForbiddenMarkup("a SOAP message must not hold a document type: leave <!DOCTYPE out")


def _parse(content: bytes) -> _Element:
    try:
        root = etree.fromstring(content, _parser())
    except etree.XMLSyntaxError as error:
        raise MalformedXml(f"not well-formed XML: {_one_line(error)}") from error
    declared = content.startswith(b"<?xml") and content[5:6].isspace()
    after = content[content.index(b"?>") + 2 :] if declared else content
    if _holds(after, b"<?") and root.getroottree().xpath("boolean(//processing-instruction())"):
        raise ForbiddenMarkup("a SOAP message must not hold processing instructions")
    return root


def _holds(content: bytes, markup: bytes) -> bool:
    """Whether these bytes occur. Their rare second one is found forty times as fast as `<`."""
    return markup[1:2] in content and markup in content


def _parser() -> etree.XMLParser:
    # A parser works for one thread at a time, and making one costs microseconds.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        collect_ids=False,
    )


def _check_version(root: _Element) -> None:
    name = QName(root)
    if name.localname != "Envelope":
        raise NotAnEnvelope(f"the root element is {name.localname[:100]}: send a SOAP envelope")
    if name.namespace != SOAP_ENVELOPE:
        raise VersionMismatch("send SOAP 1.1: the envelope's namespace is " + SOAP_ENVELOPE)


def _parts(root: _Element) -> list[_Element]:
    """The header, if there is one, and the body, alone in their order (WS-I BP 1.1, R1011).

    What another reader of the same message might take for a second header, body or operation is
    refused, and so is text between elements.
    """
    parts = list(root)
    if [part.tag for part in parts] not in _ORDERS:
        raise NotAnEnvelope("a SOAP envelope holds one Header at most and one Body, nothing else")
    if len(parts[-1]) != 1:
        raise NotAnEnvelope("the SOAP body must hold exactly one element: the operation")
    if any(text and text.strip() for text in _texts_between(root, parts)):
        raise NotAnEnvelope("there is text between the elements of the SOAP envelope")
    return parts


def _texts_between(root: _Element, parts: list[_Element]) -> Iterator[str | None]:
    for owner in (root, *parts):
        yield owner.text
        for child in owner:
            yield child.tail


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))[:300]


_ORDERS = (
    [f"{{{SOAP_ENVELOPE}}}Body"],
    [f"{{{SOAP_ENVELOPE}}}Header", f"{{{SOAP_ENVELOPE}}}Body"],
)
# An end that is missing is the end of the bytes, or every beginning would look for one in vain.
_NOT_MARKUP = re.compile(
    rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL
)
