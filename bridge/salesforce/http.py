"""HTTP to Salesforce: keep-alive connections, proxy, own CAs, time-outs, and answers of bounds.

An answer that trickles or swells holds no thread for ever: its whole time and size are limited.
"""

import gzip
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from bridge import __version__
from bridge.salesforce.faults import UNEXPECTED_RESPONSE, SalesforceError, error_from_network
from bridge.salesforce.settings import SalesforceSettings

_PART_BYTES = 65_536
_COMPRESS_FROM_BYTES = 2000


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, unpacked."""

    url: str
    status_code: int
    content: bytes


class Http:
    """A pool of connections. Threads may share it."""

    def __init__(self, settings: SalesforceSettings) -> None:
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=settings.concurrent_calls))
        self._session.headers["User-Agent"] = f"erp-bridge/{__version__}"
        self._session.auth = _unchanged  # else a ~/.netrc would add credentials of its own
        proxy = settings.proxy_url.get_secret_value() if settings.proxy_url else None
        self._proxies = {"https": proxy, "http": proxy} if proxy else None
        self._verify = str(settings.ca_file) if settings.ca_file else None
        self._timeouts = (settings.connect_timeout_seconds, settings.read_timeout_seconds)
        self._answer_seconds = settings.answer_timeout_seconds
        self._answer_bytes = settings.max_answer_bytes

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Posts a body, compressed where that pays. Raises SalesforceError without an answer."""
        headers = dict(headers)
        if len(body) >= _COMPRESS_FROM_BYTES:
            body = gzip.compress(body, compresslevel=5)
            headers["Content-Encoding"] = "gzip"
        return self._post(url, body, headers)

    def post_form(self, url: str, form: Mapping[str, str]) -> Reply:
        """Posts a form, as OAuth does. Raises SalesforceError without an answer."""
        return self._post(url, form, {"Accept": "application/json"})

    def _post(self, url: str, data: bytes | Mapping[str, str], headers: dict[str, str]) -> Reply:
        started = time.monotonic()
        try:
            with self._session.post(
                url,
                data=data,
                headers=headers,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
                verify=self._verify,
                proxies=self._proxies,
            ) as response:
                return Reply(url, response.status_code, self._read(response, started))
        except requests.RequestException as error:
            raise error_from_network(error, url) from error

    def _read(self, response: requests.Response, started: float) -> bytes:
        parts, size = [], 0
        for part in _parts(response):
            parts.append(part)
            size += len(part)
            if size > self._answer_bytes:
                raise SalesforceError(
                    UNEXPECTED_RESPONSE, f"an answer of more than {self._answer_bytes:,} bytes"
                )
            if time.monotonic() - started > self._answer_seconds:
                raise requests.ReadTimeout
        return b"".join(parts)


def _parts(response: requests.Response) -> Iterator[bytes]:
    """The body, unpacked, as it comes in: `iter_content` would wait until a whole part is there."""
    try:
        while part := response.raw.read1(_PART_BYTES, decode_content=True):
            yield part
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
