"""What there is beside the calls: paths, methods, and the WSDL for whoever asks."""

import pytest
import requests
from lxml import etree

from bridge.soap.calls import encode_request
from bridge.soap.settings import SoapSettings
from tests.soap.conftest import Endpoint


@pytest.mark.parametrize(
    ("query", "soap"),
    [
        ("wsdl", "Soap11"),
        ("WSDL", "Soap11"),
        ("singleWsdl", "Soap11"),
        ("wsdl12", "Soap12"),
    ],
)
def test_the_wsdl(endpoint: Endpoint, soap_settings: SoapSettings, query: str, soap: str) -> None:
    """The WSDL needs no credentials, and names the settings' address whatever Host is asked."""
    response = requests.get(
        f"{endpoint.url}?{query}", headers={"Host": "evil.example.com"}, timeout=30
    )
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert b"evil" not in response.content
    root = etree.fromstring(response.content)
    assert [port.get("name") for port in root.iter("{*}port")] == [f"ErpBridge{soap}"]
    (address,) = root.iter("{*}address")
    assert address.get("location") == f"{soap_settings.public_url}/soap/v1"


def test_a_browser_gets_a_hint(endpoint: Endpoint) -> None:
    """A plain GET is told where the WSDL is."""
    response = requests.get(endpoint.url, timeout=30)
    assert response.status_code == 200
    assert "http://127.0.0.1:8080/soap/v1?wsdl," in response.text
    assert "http://127.0.0.1:8080/soap/v1?wsdl12" in response.text
    assert requests.head(endpoint.url, timeout=30).content == b""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods(endpoint: Endpoint, method: str) -> None:
    """Anything but GET, HEAD and POST is HTTP 405."""
    response = requests.request(method, endpoint.url, timeout=30)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_other_paths(endpoint: Endpoint) -> None:
    """Below /soap/ there is only what is published."""
    for path in ("/soap/v2", "/soap/v1/x", "/soap/"):
        url = endpoint.url.replace("/soap/v1", path)
        assert requests.post(url, data=encode_request("Ping"), timeout=30).status_code == 404
