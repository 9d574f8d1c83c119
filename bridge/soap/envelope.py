"""SOAP envelopes: bytes to a checked tree, and text to bytes.

Parsing is closed to everything that a SOAP message may not hold: document types, entities,
processing instructions (SOAP 1.1 section 3, SOAP 1.2 part 1 section 5), external files, and trees
of unbounded size.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

from lxml import etree
from lxml.etree import QName, _Element

from bridge import BridgeError
from bridge.soap.limits import require_slim_tree, require_small_parts
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_VERSIONS, SoapVersion


class MalformedXml(BridgeError):
    """A body that is not well-formed XML."""


class ForbiddenMarkup(BridgeError):
    """A document type or a processing instruction in a SOAP message."""


class NotAnEnvelope(BridgeError):
    """XML that is no SOAP envelope with one element in its body."""


class VersionMismatch(BridgeError):
    """An envelope of another SOAP version than its Content-Type says."""


class HeaderNotUnderstood(BridgeError):
    """Headers that must be understood and are not; `names` are theirs, as lxml names them."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"the header {names[0][:200]} is not understood: leave it out")
        self.names = tuple(names)


class _ParserSettings(TypedDict):
    encoding: str
    resolve_entities: bool
    load_dtd: bool
    no_network: bool
    huge_tree: bool
    remove_comments: bool
    collect_ids: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """A checked envelope: the headers, and the one element of its body."""

    headers: tuple[_Element, ...]
    body: _Element


def read_envelope(
    content: bytes, limits: SoapSettings | None = None, soap: SoapVersion = SOAP_11
) -> Envelope:
    """The envelope in UTF-8 bytes, within limits if there are any.

    Raises one of this module's errors, RequestTooComplex.
    """
    _refuse_document_type(content)
    if limits is not None:
        require_small_parts(content, limits)
    root = _parse(content)
    _check_version(root, soap)
    if limits is not None:
        require_slim_tree(root, limits)
    *before, body = _parts(root, soap)
    return Envelope(tuple(before[0]) if before else (), body[0])


def read_headers(beginning: bytes, soap: SoapVersion) -> tuple[_Element, ...] | None:
    """The header blocks at the beginning of an envelope; None where they do not end in it.

    Raises MalformedXml, ForbiddenMarkup, VersionMismatch, NotAnEnvelope.
    """
    _refuse_document_type(beginning)
    parser = etree.XMLPullParser(events=("start", "end"), **_CLOSED)
    try:
        parser.feed(beginning)
    except etree.XMLSyntaxError as error:
        raise MalformedXml(f"not well-formed XML: {_one_line(error)}") from error
    for flaw in parser.feed_error_log.filter_from_errors():  # some are not raised
        raise MalformedXml(f"not well-formed XML: {flaw.message[:300]}, line {flaw.line}")
    for event, element in parser.read_events():
        assert isinstance(element, _Element)  # namespaces are events of their own, not asked for
        parent = element.getparent()
        if parent is None:
            _refuse_instructions(element, beginning)
            _check_version(element, soap)
        elif parent.getparent() is None and element.tag != soap.tag("Header"):
            return ()
        elif parent.getparent() is None and event == "end":
            return tuple(element)
    return None


def require_understood(
    headers: Iterable[_Element], understood: Collection[str] = (), soap: SoapVersion = SOAP_11
) -> None:
    """Refuses headers that must be understood and are not named in `understood` ({ns}name).

    Headers for somebody else are none of our business (SOAP 1.1 section 4.2, SOAP 1.2 part 1
    section 2). Raises HeaderNotUnderstood.
    """
    names = [one.tag for one in headers if soap.binds(one) and one.tag not in understood]
    if names:
        raise HeaderNotUnderstood(names)


def write_envelope(body: str, soap: SoapVersion = SOAP_11, headers: str = "") -> bytes:
    """The bytes of an envelope around the XML of a body, and of header blocks."""
    header = f"<soap:Header>{headers}</soap:Header>" if headers else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<soap:Envelope xmlns:soap="{soap.namespace}">{header}'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
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
    _refuse_instructions(root, content)
    return root


def _refuse_instructions(root: _Element, content: bytes) -> None:
    declared = content.startswith(b"<?xml") and content[5:6].isspace()
    after = content[content.index(b"?>") + 2 :] if declared else content
    if _holds(after, b"<?") and root.getroottree().xpath("boolean(//processing-instruction())"):
        raise ForbiddenMarkup("a SOAP message must not hold processing instructions")


def _holds(content: bytes, markup: bytes) -> bool:
    """Whether these bytes occur. Their rare second one is found forty times as fast as `<`."""
    return markup[1:2] in content and markup in content


def _parser() -> etree.XMLParser:
    # A parser works for one thread at a time, and making one costs microseconds.
    return etree.XMLParser(**_CLOSED)


def _check_version(root: _Element, soap: SoapVersion) -> None:
    name = QName(root)
    if name.localname != "Envelope":
        raise NotAnEnvelope(f"the root element is {name.localname[:100]}: send a SOAP envelope")
    if name.namespace == soap.namespace:
        return
    for other in SOAP_VERSIONS:
        if name.namespace == other.namespace:
            raise VersionMismatch(
                f"the Content-Type says SOAP {soap.number} and the envelope is of SOAP"
                f" {other.number}, which is sent as {other.media_type}"
            )
    raise VersionMismatch(f"send SOAP {soap.number}: the envelope's namespace is {soap.namespace}")


def _parts(root: _Element, soap: SoapVersion) -> list[_Element]:
    """The header, if there is one, and the body, alone in their order (WS-I BP 1.1, R1011).

    What another reader of the same message might take for a second header, body or operation is
    refused, and so is text between elements.
    """
    parts = list(root)
    header, body = soap.tag("Header"), soap.tag("Body")
    if [part.tag for part in parts] not in ([body], [header, body]):
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


_CLOSED = _ParserSettings(
    encoding="utf-8",
    resolve_entities=False,
    load_dtd=False,
    no_network=True,
    huge_tree=False,
    remove_comments=True,
    collect_ids=False,
)
# An end that is missing is the end of the bytes, or every beginning would look for one in vain.
_NOT_MARKUP = re.compile(
    rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL
)
