"""The end of a contract version: told in its WSDL, in each answer, and in the log."""

import calendar
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

import structlog

from bridge.soap.settings import ContractLifetime

log = structlog.get_logger(__name__)


def notice_of(lifetime: ContractLifetime) -> str:
    """What the documentation of a service says of its end; empty where none is in sight."""
    told = []
    if lifetime.deprecated_on:
        told.append(f"It is deprecated from {lifetime.deprecated_on} on: move to a newer version.")
    if lifetime.sunset_on:
        told.append(f"It will not be served from {lifetime.sunset_on} on.")
    return " ".join(told)


def headers_of(lifetime: ContractLifetime) -> dict[str, str]:
    """The headers of each answer: Deprecation (RFC 9745) and Sunset (RFC 8594); days are UTC's."""
    headers = {}
    if lifetime.deprecated_on:
        since = calendar.timegm(lifetime.deprecated_on.timetuple())
        headers["Deprecation"] = f"@{since}"
    if lifetime.sunset_on:
        end = datetime.combine(lifetime.sunset_on, time(), UTC)
        headers["Sunset"] = format_datetime(end, usegmt=True)
    return headers


class LateCallers:
    """Tells the log who still calls a version that ends: each consumer once a day at most."""

    def __init__(self, version: str, lifetime: ContractLifetime) -> None:
        self._version = version
        self._lifetime = lifetime
        self._told: dict[str, date] = {}

    def tell(self, consumer: str, now: datetime) -> None:
        """Notes a call."""
        ends = self._lifetime.deprecated_on or self._lifetime.sunset_on
        if ends is None or self._told.get(consumer) == now.date():
            return
        self._told[consumer] = now.date()
        log.warning(
            "a consumer calls a contract version that ends",
            consumer=consumer,
            version=self._version,
            deprecated_on=str(self._lifetime.deprecated_on or ""),
            sunset_on=str(self._lifetime.sunset_on or ""),
        )
