"""The end of a contract version, as callers and operators are told of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from lxml import etree
from pydantic import ValidationError
from structlog.testing import capture_logs

from bridge.soap.calls import encode_request
from bridge.soap.lifetime import LateCallers, headers_of, notice_of
from bridge.soap.settings import ContractLifetime, SoapSettings
from tests.conftest import NOW
from tests.soap.conftest import CONSUMER, Endpoint

DEPRECATED, SUNSET = date(2027, 7, 1), date(2028, 1, 1)
ENDING = ContractLifetime(deprecated_on=DEPRECATED, sunset_on=SUNSET)
HEADERS = {
    "Deprecation": f"@{int(datetime(2027, 7, 1, tzinfo=UTC).timestamp())}",
    "Sunset": "Sat, 01 Jan 2028 00:00:00 GMT",
}
PING = encode_request("Ping")


@pytest.fixture
def soap_settings() -> SoapSettings:
    """Contract v1 has an end."""
    return SoapSettings(v1=ENDING)


def test_headers() -> None:
    """The instant of RFC 9745 and the date of RFC 8594, as far as they are known."""
    assert headers_of(ENDING) == HEADERS
    assert headers_of(ContractLifetime(deprecated_on=DEPRECATED)).keys() == {"Deprecation"}
    assert headers_of(ContractLifetime(sunset_on=SUNSET)).keys() == {"Sunset"}
    assert headers_of(ContractLifetime()) == {}


def test_the_notice() -> None:
    """What people read; nothing where no end is in sight."""
    assert notice_of(ENDING) == (
        "It is deprecated from 2027-07-01 on: move to a newer version. It will not be served from"
        " 2028-01-01 on."
    )
    assert notice_of(ContractLifetime()) == ""


def test_an_end_before_its_beginning() -> None:
    """RFC 9745 does not allow it."""
    with pytest.raises(ValidationError, match="must not be before"):
        ContractLifetime(deprecated_on=SUNSET, sunset_on=DEPRECATED)


def late(callers: LateCallers, consumer: str, at: datetime) -> list[Any]:
    """What the log is told of a call."""
    with capture_logs() as logs:
        callers.tell(consumer, at)
    return [(one["consumer"], one["version"], one["sunset_on"]) for one in logs]


def test_late_callers_are_told_of_once_a_day() -> None:
    """Each consumer by itself."""
    callers = LateCallers("v1", ENDING)
    assert late(callers, "a", NOW) == [("a", "v1", "2028-01-01")]
    assert late(callers, "a", NOW + timedelta(hours=1)) == []
    assert late(callers, "b", NOW) == [("b", "v1", "2028-01-01")]
    assert late(callers, "a", NOW + timedelta(days=1)) == [("a", "v1", "2028-01-01")]
    assert late(LateCallers("v1", ContractLifetime()), "a", NOW) == []


@pytest.mark.parametrize("secret", [None, "wrong"])
def test_each_answer_tells_it(endpoint: Endpoint, secret: str | None) -> None:
    """Good ones and faults."""
    response = endpoint.post(PING, secret=secret)
    assert HEADERS.items() <= dict(response.headers).items()


@pytest.mark.parametrize("query", ["", "?wsdl", "?wsdl12"])
def test_the_description_tells_it(endpoint: Endpoint, query: str) -> None:
    """The page for people, the WSDLs, and their headers."""
    response = requests.get(endpoint.url + query, timeout=30)
    assert HEADERS.items() <= dict(response.headers).items()
    text = response.text
    if query:
        service = etree.fromstring(response.content).find("{*}service")
        assert service is not None
        text = service.findtext("{*}documentation") or ""
    assert notice_of(ENDING) in text


def test_the_log_tells_who_has_to_move(endpoint: Endpoint) -> None:
    """Once for many calls."""
    with capture_logs() as logs:
        for _ in range(3):
            endpoint.post(PING)
    told = [one["consumer"] for one in logs if "version that ends" in one["event"]]
    assert told == [CONSUMER]
