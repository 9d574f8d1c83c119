"""Where documents come from, and what is refused before anything in them is believed.

A WSDL may be anybody's. No DOCTYPE, no entities, sizes limited; an import is followed only to a
file beside the first document, or to the host that the first document came from.
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from lxml import etree
from lxml.etree import _Element

from bridge import BridgeError
from bridge.wsdl.mistaken import what_bytes_are

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""Salesforce's partner WSDL is below 1 MB; enterprise WSDLs of large orgs stay below 30 MB."""
TIMEOUT_SECONDS = (5.0, 30.0)
"""To connect, and between two pieces of an answer."""

_PIECE_BYTES = 65_536
_PROLOG_STEP_BYTES = 256
_HTTP = ("http", "https")
_PROLOG_BYTES = 65_536
_REASONS = {
    "Timeout": "no answer in time",
    "SSLError": "its certificate is not trusted",
    "ConnectionError": "nothing answers there",
    "InvalidURL": "it is no URL",
}
"""Errors of requests by name: most specific first, for it is imported where it is needed."""
_DOCTYPE = "has a DOCTYPE, which is refused (WS-I R1008): remove it"


class UnusableDescription(BridgeError):
    """A document that cannot be read, is refused, or is no WSDL."""


class ImportRefused(BridgeError):
    """An import that leads away from the place of the first document."""


@dataclass(frozen=True)
class Place:
    """Where a document lies: a path or a URL, and the folder or host that its imports may use."""

    path: Path | None = None
    url: str = ""
    home: str = ""

    def __str__(self) -> str:
        return str(self.path) if self.path else without_credentials(self.url)

    @property
    def stem(self) -> str:
        """A name for files that are made of the document, of plain characters."""
        name = self.path.stem if self.path else PurePosixPath(urlsplit(self.url).path).stem
        return "".join(one if one.isalnum() or one in "-_." else "_" for one in name) or "service"


def first_place(source: str) -> Place:
    """The place of the document that a person names. Raises UnusableDescription."""
    scheme = _scheme(source)
    if scheme in _HTTP:
        return Place(url=source, home=_host(source))
    if scheme is None or "://" in source:
        shown = source.rpartition("@")[2]
        raise UnusableDescription(f"{shown} is neither a file nor a URL that begins with http")
    path = _real(Path(source))
    return Place(path=path, home=str(path.parent))


def place_of_import(place: Place, reference: str) -> Place:
    """Where an import of the document at `place` leads. Raises ImportRefused."""
    scheme = _scheme(reference)
    if scheme is None:
        raise ImportRefused(f"{reference}: is no URL")
    reference = urldefrag(reference).url
    if place.path is None:
        return _on_same_host(place, urljoin(place.url, reference))
    if scheme:
        raise ImportRefused(f"{reference}: a file's imports are followed to files alone")
    path = _real(place.path.parent / reference)
    if not path.is_relative_to(place.home):
        raise ImportRefused(f"{reference}: lies outside the folder {place.home}")
    return Place(path=path, home=place.home)


def read_place(place: Place, *, may_redirect: bool = False) -> tuple[bytes, Place]:
    """The bytes that lie there, and where they were found. Raises UnusableDescription."""
    if place.path is None:
        return _download(place, may_redirect=may_redirect)
    try:
        with place.path.open("rb") as file:
            content = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise UnusableDescription(f"{place} cannot be read: {error.strerror}") from error
    _require_size(content, place)
    return content, place


def parse(
    content: bytes, place: Place, *, keep_instructions: bool = False, keep_comments: bool = False
) -> _Element:
    """The root element. Raises UnusableDescription, for any DOCTYPE too (WS-I R1008)."""
    try:
        if _has_doctype(content):
            page = what_bytes_are(content)
            raise UnusableDescription(f"{place} {page + _hint(place) if page else _DOCTYPE}")
        return etree.fromstring(content, _parser(keep_instructions, keep_comments))
    except etree.XMLSyntaxError as error:
        told = what_bytes_are(content) or f"is no well-formed XML: {error.msg}"
        raise UnusableDescription(f"{place} {told}{_hint(place)}") from None


def without_credentials(url: str) -> str:
    """The URL as it may be shown: without the user and password that it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _hint(place: Place) -> str:
    """The address of a service is easily taken for that of its WSDL."""
    parts = urlsplit(place.url)
    return "; write ?wsdl behind it?" if parts.scheme in _HTTP and not parts.query else ""


def _real(path: Path) -> Path:
    """The path without links; unlike Path.resolve, links in a circle are left to whoever reads."""
    return Path(os.path.realpath(path))


def _scheme(url: str) -> str | None:
    """The scheme, empty without one; None of what can be no URL."""
    try:
        return urlsplit(url).scheme
    except ValueError:
        return None


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _on_same_host(place: Place, url: str) -> Place:
    shown = without_credentials(url)
    if urlsplit(url).scheme not in _HTTP:
        raise ImportRefused(f"{shown}: imports of a URL are followed by HTTP alone")
    if _host(url) != place.home:
        raise ImportRefused(f"{shown}: lies on another host than {place.home}")
    return Place(url=url, home=place.home)


def _download(place: Place, *, may_redirect: bool) -> tuple[bytes, Place]:
    import requests  # noqa: PLC0415 - costs a tenth of a second, which files do without

    try:
        with requests.get(
            place.url, stream=True, timeout=TIMEOUT_SECONDS, allow_redirects=may_redirect
        ) as response:
            if response.status_code != 200:
                raise UnusableDescription(f"{place} {_refusal(response.status_code)}")
            content = bytearray()
            for piece in response.iter_content(_PIECE_BYTES):
                content += piece
                _require_size(content, place)
            return bytes(content), Place(url=response.url, home=_host(response.url))
    except (requests.RequestException, ValueError) as error:
        raise UnusableDescription(f"{place} cannot be fetched: {_reason(error)}") from error


def _refusal(status: int) -> str:
    """What another status than 200 means."""
    told = f"answers with HTTP {status}"
    if status == 401:
        return f"{told}: put user and password into the URL, as in https://user:password@host/"
    return told


def _reason(error: Exception) -> str:
    """What went wrong, without the text of the error: that one may hold a password."""
    kinds = {one.__name__ for one in type(error).__mro__}
    for kind, told in _REASONS.items():
        if kind in kinds:
            return told
    return type(error).__name__


def _require_size(content: bytes | bytearray, place: Place) -> None:
    if len(content) > MAX_DOCUMENT_BYTES:
        limit = MAX_DOCUMENT_BYTES // 1024 // 1024
        raise UnusableDescription(f"{place} is larger than {limit} MB")


def _parser(keep_instructions: bool, keep_comments: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=not keep_comments,
        remove_pis=not keep_instructions,
    )


def _has_doctype(content: bytes) -> bool:
    """Reads up to the first element: a DOCTYPE stands before it, and its entities are unused."""
    prolog = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        for at in range(0, len(content), _PROLOG_STEP_BYTES):
            prolog.feed(content[at : at + _PROLOG_STEP_BYTES])
            for _, element in prolog.read_events():
                assert isinstance(element, _Element)
                return bool(str(getattr(element.getroottree().docinfo, "doctype", "")))
    except etree.XMLSyntaxError:
        # One that is broken, or made to hurt: its entities nest without end.
        return b"<!DOCTYPE" in content[:_PROLOG_BYTES]
    return False
