"""Valid requests, and how to spoil them: by their structure, and by their bytes.

Where each change goes is told by numbers and texts from a `Source`: Hypothesis, a fuzzer or a
pseudo-random generator.
"""

import copy
import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from lxml import etree
from lxml.etree import _Element

from bridge.domain.records import RecordType
from bridge.operations.snapshots import CurrencyTotal
from bridge.soap.calls import action_of, encode_request
from bridge.soap.elements import NAMESPACE
from bridge.soap.soap_versions import SOAP_11, SOAP_12
from bridge.soap.wssecurity import WSSE
from tests.builders import credit_memo, payment
from tests.hostile.attacks import XML, XSI
from tests.hostile.proofs import BY_DIGEST, BY_TEXT
from tests.soap.samples import CUSTOMER, INVOICE
from tests.soap.tokens import with_header


class Source(Protocol):
    """Where a mutation's decisions come from."""

    def number(self, below: int) -> int:
        """From 0 up to, and without, `below`."""

    def text(self) -> str:
        """Any text, surrogates not among it."""


SEEDS: tuple[bytes, ...] = (
    encode_request("SubmitInvoices", "m-1", [INVOICE, INVOICE]),
    encode_request("SubmitCustomers", "m-2", [CUSTOMER]),
    encode_request("SubmitPayments", "m-3", [payment()]),
    encode_request("SubmitCreditMemos", "m-4", [credit_memo()]),
    encode_request("SubmitCustomers", "m-5", [CUSTOMER], "no snapshot"),
    encode_request("BeginSnapshot", RecordType.INVOICE, "1000", datetime(2026, 3, 1, tzinfo=UTC)),
    encode_request("CloseSnapshot", "no snapshot", 1, [CurrencyTotal("EUR", Decimal("1.5"))]),
    encode_request("GetReceipt", "m-1"),
    encode_request("GetCustomer", "C-1"),
    encode_request("GetInvoice", "1000", "I-1"),
    encode_request("FetchChanges", RecordType.INVOICE, 0, 10),
    encode_request("AcknowledgeChanges", RecordType.INVOICE, 0),
    encode_request("Ping"),
    encode_request("GetReceipt", "m-1", soap=SOAP_12),
    encode_request("SubmitInvoices", "m-6", [INVOICE], soap=SOAP_12),
    with_header(encode_request("Ping"), BY_TEXT),
    with_header(encode_request("GetCustomer", "C-1"), BY_DIGEST),
    with_header(encode_request("SubmitCustomers", "m-7", [CUSTOMER]), BY_TEXT),
    with_header(encode_request("Ping", soap=SOAP_12), BY_DIGEST, soap=SOAP_12),
)

WORDS: tuple[bytes, ...] = (
    b"<!DOCTYPE x>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&#0;", b"&#x10FFFF;", b"&lt;",
    b"<?x?>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"</", b"/>", b"<", b">", b'"', b"\0", b"\r\n",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x9a\xb2", b"1e400", b"NaN", b"-INF",
    b"9" * 400, b"10000-01-01", b"2026-01-01T24:00:00Z", b"-1", b"+1", b".", b" xmlns=''",
    b' xmlns="urn:erp-bridge:v1"', b' s:mustUnderstand="1"', b'<?xml version="1.1"?>',
    SOAP_11.namespace.encode(), SOAP_12.namespace.encode(), NAMESPACE.encode(), WSSE.encode(),
)  # fmt: skip


def spoil_bytes(content: bytes, source: Source) -> bytes:
    """One change of the bytes."""
    start = source.number(len(content) + 1)
    end = min(start + source.number(64), len(content))
    before, within, after = content[:start], content[start:end], content[end:]
    word = WORDS[source.number(len(WORDS))]
    changed = (
        before + after,
        before + word + within + after,
        before + word + after,
        before + within * (2 + source.number(200)) + after,
        before + source.text().encode() + after,
        before + bytes(byte ^ (1 << source.number(8)) for byte in within[:1]) + within[1:] + after,
        before,
        content + content[start:],
    )
    return changed[source.number(len(changed))]


def spoil_structure(content: bytes, source: Source) -> bytes:
    """One change of the tree, which stays well-formed; bytes that are no XML stay as they are."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return content
    elements = list(root.iter("*"))[1:]
    if not elements:
        return content
    element = elements[source.number(len(elements))]
    try:
        _CHANGES[source.number(len(_CHANGES))](element, source)
    except ValueError:  # lxml writes no text or name that XML does not allow
        return content
    return etree.tostring(root, encoding="utf-8", xml_declaration=bool(source.number(2)))


def spoil_headers(content: bytes, source: Source) -> tuple[bytes, dict[str, str]]:
    """HTTP headers for a body, which is compressed if they say so; most are as they should be."""
    if source.number(6) == 0:
        return gzip.compress(content, 1), {"Content-Encoding": "gzip"}
    if source.number(6) == 0:
        content = content.decode("utf-8", "replace").encode("utf-16")
    charset = ("utf-8", "utf-16", "iso-8859-1", "cp1252", "utf-7", source.text())[source.number(6)]
    action = ("", "Ping", "SubmitInvoices", action_of("GetReceipt"), source.text())
    headers = (
        {"Content-Type": XML},
        {"Content-Type": "text/xml"},
        {"Content-Type": f"text/xml; charset={charset}"},
        {"Content-Type": SOAP_12.content_type},
        {"Content-Type": f'{SOAP_12.content_type}; action="{source.text()}"'},
        {"Content-Type": source.text()},
        {"Content-Encoding": source.text()},
        {"SOAPAction": action[source.number(len(action))]},
        {"X-Correlation-Id": source.text()},
        {"Authorization": f"Basic {source.text()}"},
        {"Authorization": ""},
        {"Authorization": "", "X-API-Key": source.text()},
    )
    return content, headers[source.number(len(headers))]


def _delete(element: _Element, source: Source) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _repeat(element: _Element, source: Source) -> None:
    for _ in range(1 + source.number(600 if source.number(20) == 0 else 3)):
        element.addnext(copy.deepcopy(element))


def _swap(element: _Element, source: Source) -> None:
    following = element.getnext()
    if following is not None:
        following.addnext(element)


def _move(element: _Element, source: Source) -> None:
    others = [one for one in element.getroottree().iter("*") if one not in [*element.iter("*")]]
    others[source.number(len(others))].append(element)


def _wrap(element: _Element, source: Source) -> None:
    for _ in range(1 + source.number(60)):
        outer = etree.Element(element.tag)
        element.addprevious(outer)
        outer.append(element)
        element = outer


def _rename(element: _Element, source: Source) -> None:
    names = [one.tag for one in element.getroottree().iter("*")] + ["a", "{urn:x}a"]
    element.tag = names[source.number(len(names))]


def _renamespace(element: _Element, source: Source) -> None:
    space = (NAMESPACE, SOAP_11.namespace, SOAP_12.namespace, "urn:x")[source.number(4)]
    element.tag = f"{{{space}}}{etree.QName(element).localname}"


def _write(element: _Element, source: Source) -> None:
    element.text = source.text()


def _write_word(element: _Element, source: Source) -> None:
    element.text = WORDS[source.number(len(WORDS))].decode("utf-8", "replace")


def _trail(element: _Element, source: Source) -> None:
    element.tail = source.text()


def _mark(element: _Element, source: Source) -> None:
    names = (
        f"{{{SOAP_11.namespace}}}mustUnderstand",
        f"{{{XSI}}}nil",
        f"{{{XSI}}}type",
        "id",
        "href",
    )
    element.set(names[source.number(len(names))], ("1", "true", source.text())[source.number(3)])


def _crowd(element: _Element, source: Source) -> None:
    for number in range(source.number(60)):
        element.set(f"a{number}", "1")


def _comment(element: _Element, source: Source) -> None:
    element.append((etree.Comment, etree.PI, etree.Entity)[source.number(3)]("x"))


_CHANGES: tuple[Callable[[_Element, Source], None], ...] = (
    _delete, _repeat, _swap, _move, _wrap, _rename, _renamespace, _write, _write_word, _trail,
    _mark, _crowd, _comment,
)  # fmt: skip
