"""The body of a request: from HTTP to UTF-8 bytes, within limits, before anything is parsed."""

import codecs
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from werkzeug.http import parse_options_header

from bridge import BridgeError
from bridge.operations.admission import ServerBusy
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_12, SOAP_VERSIONS, SoapVersion

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


NO_ROOM = "erp_bridge.no_room"
"""What the environment holds where the body was dropped, because too much of others waits."""


class WrongContentType(BridgeError):
    """A request whose Content-Type is of no version of SOAP."""


class UnsupportedEncoding(BridgeError):
    """A content encoding or character set that is not read here, or that the bytes are not in."""


class RequestTooLarge(BridgeError):
    """More bytes than the settings allow."""


class RequestIncomplete(BridgeError):
    """Fewer bytes than were announced."""


def soap_version_of(environ: "WSGIEnvironment") -> SoapVersion:
    """The version of SOAP that a request's Content-Type says. Raises WrongContentType."""
    media_type, _ = _content_type(environ)
    for soap in SOAP_VERSIONS:
        if media_type.lower() == soap.media_type:
            return soap
    raise WrongContentType(
        f"the Content-Type is {media_type[:100] or 'missing'}: send SOAP 1.1 as text/xml, or SOAP"
        " 1.2 as application/soap+xml"
    )


def action_in(environ: "WSGIEnvironment", soap: SoapVersion) -> str:
    """The SOAP action that a request names; empty where it names none.

    A header in SOAP 1.1 (section 6.1.1), a parameter of the media type in SOAP 1.2 (RFC 3902).
    """
    if soap is SOAP_12:
        action = _content_type(environ)[1].get("action", "")
    else:
        action = environ.get("HTTP_SOAPACTION", "")
    return action.strip().strip('"')


def receive_body(environ: "WSGIEnvironment", settings: SoapSettings) -> bytes:
    """The request's body as it travelled.

    Raises ServerBusy, RequestTooLarge, RequestIncomplete.
    """
    if NO_ROOM in environ:
        raise ServerBusy("many large bodies are on their way: repeat the call in some seconds")
    limit = settings.max_body_bytes
    stream: BinaryIO = environ["wsgi.input"]
    announced = environ.get("CONTENT_LENGTH") or ""
    if not announced.isdecimal():
        # A chunked body: servers that end it for us say so.
        content = stream.read(limit + 1) if environ.get("wsgi.input_terminated") else b""
    elif int(announced) > limit:
        raise RequestTooLarge(_too_large(limit))
    else:
        content = stream.read(int(announced))
        if len(content) < int(announced):
            raise RequestIncomplete(f"not all of the announced {announced} bytes came in time")
    if len(content) > limit:
        raise RequestTooLarge(_too_large(limit))
    return content


def read_body(received: bytes, environ: "WSGIEnvironment", settings: SoapSettings) -> bytes:
    """A received body in UTF-8.

    Raises RequestTooLarge, RequestIncomplete, UnsupportedEncoding.
    """
    if not received:
        raise RequestIncomplete("there is no body: send an envelope, with its Content-Length")
    if _is_packed(environ):
        received = _expanded(received, settings.max_expanded_bytes)
    return _in_utf8(received, _charset(environ), whole=True)


def read_beginning(received: bytes, environ: "WSGIEnvironment", most_bytes: int) -> bytes:
    """The beginning of a received body in UTF-8, at little cost whatever the rest is.

    Raises UnsupportedEncoding.
    """
    if _is_packed(environ):
        received = _unpacked(zlib.decompressobj(wbits=31), received, most_bytes)
    return _in_utf8(received[:most_bytes], _charset(environ), whole=False)


def _is_packed(environ: "WSGIEnvironment") -> bool:
    encoding: str = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding not in ("gzip", "x-gzip", "identity"):
        raise UnsupportedEncoding(f"Content-Encoding {encoding[:40]!r} is not read: use gzip")
    return encoding != "identity"


def _charset(environ: "WSGIEnvironment") -> str | None:
    return _content_type(environ)[1].get("charset")


def _content_type(environ: "WSGIEnvironment") -> tuple[str, Mapping[str, str]]:
    """The media type and its parameters. A consumer sends the same one each time."""
    header = environ.get("CONTENT_TYPE", "")
    return _usual_content_type(header) if len(header) <= 200 else parse_options_header(header)


@lru_cache(100)
def _usual_content_type(header: str) -> tuple[str, Mapping[str, str]]:
    media_type, parameters = parse_options_header(header)
    return media_type, MappingProxyType(parameters)


def _expanded(content: bytes, limit: int) -> bytes:
    gzip = zlib.decompressobj(wbits=31)
    expanded = _unpacked(gzip, content, limit + 1)
    if len(expanded) > limit:
        raise RequestTooLarge(_too_large(limit, "expanded "))
    if not gzip.eof or gzip.unused_data:
        raise RequestIncomplete("the body is not one whole gzip stream")
    return expanded


def _unpacked(gzip: "zlib._Decompress", content: bytes, most_bytes: int) -> bytes:
    try:
        return gzip.decompress(content, most_bytes)
    except zlib.error as error:
        raise UnsupportedEncoding("the body is not in gzip as its header says") from error


def _too_large(limit: int, which: str = "") -> str:
    return f"the {which}body has more than {limit} bytes: send fewer records at a time"


def _in_utf8(content: bytes, charset: str | None, *, whole: bool) -> bytes:
    """HTTP's charset decides, then a byte order mark, then the XML declaration (RFC 7303, 3).

    A mark that belies HTTP's charset is refused: others on the way may have read another text.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            if charset is not None and not encoding.startswith(_normal(charset)):
                raise UnsupportedEncoding(f"the body is in {encoding} and not in {charset[:40]!r}")
            content, charset = content[len(mark) :], encoding
            break
    name = _normal(charset or _declared(content))
    if name not in _CHARSETS:
        raise UnsupportedEncoding(f"character set {name[:40]!r} is not read: send UTF-8")
    if name == "utf-16":  # without a mark: in the order that Windows writes
        name = "utf-16-le"
    try:
        text = content.decode(name) if whole else _decoded_beginning(content, name)
    except UnicodeDecodeError as error:
        raise UnsupportedEncoding(
            f"the bytes are not in the character set {name}: byte {error.start} does not fit"
        ) from error
    return content if whole and name in ("utf-8", "ascii") else text.encode()


def _decoded_beginning(content: bytes, charset: str) -> str:
    """Without the character that it ends in the middle of."""
    return codecs.getincrementaldecoder(charset)().decode(content)


def _declared(content: bytes) -> str:
    declared = _DECLARATION.match(content)
    return declared[1].decode("ascii") if declared else "utf-8"


def _normal(charset: str) -> str:
    try:
        return codecs.lookup(charset.strip("\"' ")).name
    except (LookupError, ValueError):
        return charset


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Those of one byte hold ASCII as it is: whatever reads markup in them reads the same.
_CHARSETS = frozenset(
    {
        *("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be"),
        *(f"iso8859-{part}" for part in range(1, 17)),
        *(f"cp{page}" for page in range(1250, 1259)),
    }
)
_DECLARATION = re.compile(rb"""<\?xml[^>]{0,100}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
