"""How much structure one envelope may have, told before and after libxml2 has parsed it.

What costs memory is counted in the bytes, before there is a tree: the many small elements of forty
megabytes would become more than a gigabyte. libxml2 itself stops at a depth of 256 elements and at
texts of ten megabytes.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml.etree import XPath, _Element

from bridge import BridgeError
from bridge.soap.settings import SoapSettings


class RequestTooComplex(BridgeError):
    """More elements, attributes, depth or text than the settings allow."""


def require_small_parts(content: bytes, limits: SoapSettings) -> None:
    """Refuses UTF-8 bytes with too many elements, or too much text or attributes at one place.

    Comments and CDATA sections count as elements, a tag counts with the text that follows it, and
    declarations of namespaces are attributes: nobody sends so many. Raises RequestTooComplex.
    """
    if _has_more_elements(content, limits.max_elements):
        raise RequestTooComplex(
            f"the envelope has more than {limits.max_elements} elements: send fewer records at a"
            " time"
        )
    if any(True for _ in _long_stretches(content, limits.max_text_bytes)):
        raise RequestTooComplex(
            f"a text, or a tag with its attributes, has more than {limits.max_text_bytes} bytes"
        )
    most = limits.max_attributes_per_element
    if _occurs_more_often(content, b"=", most) and any(
        _attributes(piece) > most for piece in _tags(content)
    ):
        raise RequestTooComplex(f"an element has more than {most} attributes")


def require_slim_tree(root: _Element, limits: SoapSettings) -> None:
    """Refuses a tree that is too deep or has too many children at one place.

    libxml2 tells where a schema is violated by counting siblings, so that many bad ones side by
    side would take minutes. Raises RequestTooComplex.
    """
    deep, broad = _too_deep(limits.max_depth), _too_broad(limits.max_children_per_element)
    if not _query(f"{deep} or {broad}")(root):  # both at once, for the walk takes the time
        return
    if _query(f"boolean({deep})")(root):
        raise RequestTooComplex(f"elements are nested more than {limits.max_depth} deep")
    raise RequestTooComplex(
        f"an element has more than {limits.max_children_per_element} children: send fewer records"
        " at a time"
    )


def _too_deep(most: int) -> str:
    return "/*" * (most + 1)


def _too_broad(most: int) -> str:
    return f"/descendant::*/*[{most + 1}]"


@lru_cache(10)
def _query(path: str) -> XPath:
    return XPath(path)


def _has_more_elements(content: bytes, most: int) -> bool:
    if len(content) <= most * len("<a/>"):
        return False
    brackets = content.count(b"<")
    return brackets > most and brackets - content.count(b"</") > most


def _occurs_more_often(content: bytes, byte: bytes, most: int) -> bool:
    """Whether a byte stands more than so many times; stops at the first one too many."""
    return len(content.split(byte, most + 1)) > most + 1


def _long_stretches(content: bytes, most: int) -> Iterator[int]:
    """Where more than `most` bytes stand without an opening bracket.

    Hops from bracket to bracket, each the last within reach, so it looks at few bytes.
    """
    start = 0
    while start + most < len(content):
        bracket = content.rfind(b"<", start, start + most + 1)
        if bracket < 0:
            yield start
            return
        start = bracket + 1


def _tags(content: bytes) -> Iterator[bytes]:
    return (piece for piece in content.split(b"<") if piece[:1] not in b"!?/")


def _attributes(piece: bytes) -> int:
    tag = _TAG.match(piece)
    return len(_QUOTED.findall(tag[0])) if tag else 0


_TAG = re.compile(rb"""(?:[^"'>]|"[^"]*"|'[^']*')*""")
_QUOTED = re.compile(rb""""[^"]*"|'[^']*'""")
