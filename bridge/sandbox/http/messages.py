"""HTTP requests and responses as all doors need them: size, gzip, addresses, JSON and XML."""

import gzip
import json
import zlib

from werkzeug.wrappers import Request, Response

from bridge.sandbox.errors import ApiFault, ClientFault

LARGEST_REQUEST_BYTES = 50 * 1024 * 1024
_WORTH_ZIPPING_BYTES = 1024
_ZIP_LEVEL = 1  # a page of 2,000 records shrinks to a tenth within milliseconds


def content_of(request: Request) -> bytes:
    """The request's body, unzipped. Raises ApiFault where it is too large."""
    content = request.stream.read(LARGEST_REQUEST_BYTES + 1)
    if request.headers.get("Content-Encoding", "").strip().lower() == "gzip":
        content = _unzipped(content)
    if len(content) > LARGEST_REQUEST_BYTES:
        raise ApiFault(
            "EXCEEDED_MAX_SIZE_REQUEST",
            "Maximum size of request reached. Maximum size of request is"
            f" {LARGEST_REQUEST_BYTES} bytes.",
        )
    return content


def _unzipped(content: bytes) -> bytes:
    unzip = zlib.decompressobj(wbits=31)
    try:
        return unzip.decompress(content, LARGEST_REQUEST_BYTES + 1)
    except zlib.error as error:
        raise ClientFault(
            f"The request is not gzip, as its Content-Encoding says: {error}"
        ) from error


def zipped(request: Request, response: Response) -> Response:
    content = response.get_data()
    if request.accept_encodings["gzip"] > 0 and len(content) > _WORTH_ZIPPING_BYTES:
        response.set_data(gzip.compress(content, compresslevel=_ZIP_LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def base_url(request: Request) -> str:
    return request.host_url.rstrip("/")


def json_response(status: int, content: object) -> Response:
    response = Response(json.dumps(content), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def xml_response(status: int, envelope: str) -> Response:
    return Response(envelope, status=status, content_type="text/xml;charset=UTF-8")
