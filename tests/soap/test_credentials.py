"""What HTTP shows of a caller."""

import base64

import pytest

from bridge.operations.authentication import ApiKey, Certificate, Secret, WrongCredentials
from bridge.soap.credentials import CLIENT_CERTIFICATE, shown_certificate, shown_credentials


def basic(text: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({}, None),
        ({"HTTP_AUTHORIZATION": ""}, None),
        ({"HTTP_AUTHORIZATION": basic("erp:a:b ")}, Secret("erp", "a:b ")),
        (
            {"HTTP_AUTHORIZATION": basic("Köln:schöß").replace("Basic", "bASIC")},
            Secret("Köln", "schöß"),
        ),
        ({"HTTP_AUTHORIZATION": basic("nocolon")}, Secret("nocolon", "")),
        ({"HTTP_AUTHORIZATION": "Basic"}, Secret("", "")),
        ({"HTTP_AUTHORIZATION": "Bearer abc"}, None),
        ({"HTTP_AUTHORIZATION": "Negotiate"}, None),
        ({"HTTP_X_API_KEY": " 7.secret "}, ApiKey("7.secret")),
        ({"HTTP_X_API_KEY": " "}, None),
        ({"HTTP_AUTHORIZATION": "Bearer abc", "HTTP_X_API_KEY": "7.x"}, ApiKey("7.x")),
        ({CLIENT_CERTIFICATE: "ab"}, None),
    ],
)
def test_what_headers_show(headers: dict[str, str], shown: Secret | ApiKey | None) -> None:
    """HTTP Basic or an API key; other ways to authenticate are none of the bridge's business."""
    assert shown_credentials(headers) == shown


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"HTTP_AUTHORIZATION": "Basic !!!"}, "cannot be read"),
        ({"HTTP_AUTHORIZATION": "Basic é"}, "cannot be read"),
        ({"HTTP_AUTHORIZATION": basic("a:b") + ", " + basic("a:b")}, "cannot be read"),
        ({"HTTP_AUTHORIZATION": basic("a:b"), "HTTP_X_API_KEY": "7.x"}, "send one of them"),
    ],
)
def test_what_cannot_be_told(headers: dict[str, str], told: str) -> None:
    """Two ways at once are refused, as is what cannot be read."""
    with pytest.raises(WrongCredentials, match=told):
        shown_credentials(headers)


def test_the_certificate_comes_from_the_connection() -> None:
    """The environment tells it; a header of a similar name is another variable."""
    assert shown_certificate({CLIENT_CERTIFICATE: "ab"}) == Certificate("ab")
    assert shown_certificate({}) is None
    assert shown_certificate({"HTTP_ERP_BRIDGE.CLIENT_CERTIFICATE": "ab"}) is None
