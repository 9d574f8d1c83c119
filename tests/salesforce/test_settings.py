"""The settings of the connector."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.salesforce import SalesforceSettings

BY_SECRET = {"auth": "client_credentials", "client_id": "app", "client_secret": "hidden-secret"}
BY_PASSWORD = {"auth": "login", "username": "a@example.com", "password": "hidden-secret"}


def made(**values: object) -> SalesforceSettings:
    return SalesforceSettings.model_validate(
        {"login_url": "https://acme.my.salesforce.com", **values}
    )


def test_names_what_the_chosen_way_to_log_in_lacks() -> None:
    """Each way to log in says which of its settings are missing."""
    with pytest.raises(ValidationError, match="needs client_id, username, private_key_file"):
        made()
    with pytest.raises(ValidationError, match="needs client_secret"):
        made(auth="client_credentials", client_id="app")
    with pytest.raises(ValidationError, match="needs client_id, refresh_token"):
        made(auth="refresh_token")
    assert made(client_id="app", username="a", private_key="PEM").private_key_file is None


def test_takes_a_complete_section() -> None:
    """A complete section is taken; API version, page and batch size have their defaults."""
    settings = made(client_id="app", username="a@example.com", private_key_file="key.pem")
    assert (settings.api_version, settings.page_size, settings.batch_size) == ("66.0", 2000, 200)
    assert settings.private_key_file == Path("key.pem")


def test_refuses_an_unknown_setting() -> None:
    """A misspelt setting is an error, not a silent default."""
    with pytest.raises(ValidationError, match="timeout"):
        made(**BY_SECRET, timeout=3)


@pytest.mark.parametrize("version", ["39.0", "21.0", "66", "66.1", "v66.0"])
def test_refuses_versions_that_are_none(version: str) -> None:
    """Older ones retire, and the number has its decimal."""
    with pytest.raises(ValidationError, match="api_version"):
        made(**BY_SECRET, api_version=version)


def test_refuses_login_with_a_version_that_has_none() -> None:
    """SOAP login() is offered up to API 64.0 only."""
    with pytest.raises(ValidationError, match=r"needs api_version 64\.0 or older"):
        made(**BY_PASSWORD, api_version="65.0")
    assert made(**BY_PASSWORD, api_version="64.0").auth == "login"


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1:1", "http://[::1]:1"])
def test_allows_plain_http_on_loopback(url: str) -> None:
    """A sandbox on this machine needs no TLS."""
    assert made(**BY_SECRET, login_url=url).is_url_allowed(url)


@pytest.mark.parametrize("url", ["http://acme.my.salesforce.com", "http://10.0.0.1", "ftp://x", ""])
def test_refuses_plain_http_elsewhere(url: str) -> None:
    """Credentials never travel in the clear, unless the host is named."""
    with pytest.raises(ValidationError, match="must begin with https"):
        made(**BY_SECRET, login_url=url)


def test_allows_plain_http_to_a_named_host() -> None:
    """A host that the settings name may be spoken to without TLS."""
    named = made(**BY_SECRET, login_url="http://sandbox:8000/", allow_plain_http_hosts=["sandbox"])
    assert named.login_url == "http://sandbox:8000"


def test_never_shows_a_secret() -> None:
    """Neither the settings' text nor an error about them holds a secret."""
    assert "hidden-secret" not in repr(made(**BY_SECRET))
    with pytest.raises(ValidationError) as caught:
        made(**BY_PASSWORD, api_version="66.0")
    assert "hidden-secret" not in str(caught.value)
