"""One HTTP request to the endpoint: what it says, and its body when that is asked for."""

import re
import uuid
from functools import cached_property
from typing import TYPE_CHECKING

from bridge.soap.body import (
    action_in,
    read_beginning,
    read_body,
    receive_body,
    soap_version_of,
)
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SoapVersion

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Request:
    """A POST. Its properties raise the errors of `bridge.soap.body`, each time they are asked."""

    def __init__(self, environ: "WSGIEnvironment", settings: SoapSettings) -> None:
        self.environ = environ
        self._settings = settings

    @cached_property
    def correlation_id(self) -> str:
        """The caller's own id, if it can stand in a log line; a new one otherwise."""
        given: str = self.environ.get("HTTP_X_CORRELATION_ID", "")
        return given if _CORRELATION_ID.fullmatch(given) else uuid.uuid4().hex

    @property
    def address(self) -> str:
        """The IP address that calls; trusted proxies between are left out already."""
        address: str = self.environ.get("REMOTE_ADDR", "")
        return address

    @cached_property
    def soap(self) -> SoapVersion:
        """The version of SOAP."""
        return soap_version_of(self.environ)

    @property
    def action(self) -> str:
        """The SOAP action; empty where it names none."""
        return action_in(self.environ, self.soap)

    @cached_property
    def received(self) -> bytes:
        """The body as it travelled."""
        return receive_body(self.environ, self._settings)

    @property
    def size_bytes(self) -> int:
        """The size of the body as it travelled; the announced one where it was not received."""
        if "received" in vars(self):
            return len(self.received)
        announced = self.environ.get("CONTENT_LENGTH") or ""
        return int(announced) if announced.isdecimal() else 0

    @cached_property
    def content(self) -> bytes:
        """The body in UTF-8."""
        return read_body(self.received, self.environ, self._settings)

    @property
    def known_content(self) -> bytes | None:
        """The body in UTF-8, if it was asked for and could be read."""
        return vars(self).get("content")

    def beginning(self, most_bytes: int) -> bytes:
        """The beginning of the body in UTF-8."""
        return read_beginning(self.received, self.environ, most_bytes)
