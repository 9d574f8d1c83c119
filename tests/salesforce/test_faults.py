"""Faults, statuses and broken connections become one error that says what to do."""

import socket
from pathlib import Path

import pytest
from lxml import etree

from bridge.salesforce import LoginRefused, Remedy, SalesforceClient, SalesforceError, Surroundings
from bridge.salesforce.faults import error_from_fault, remedy_for, worst_remedy
from tests.salesforce.scripted import Reply, Server, fault, settings_for, timestamp_reply

ENVELOPES = Path(__file__).parents[3] / "shared/salesforce/envelopes"
recorded = pytest.mark.skipif(not ENVELOPES.exists(), reason="recorded envelopes are not here")


def fault_in(content: bytes) -> SalesforceError:
    element = etree.fromstring(content).find("{*}Body/{*}Fault")
    assert element is not None
    return error_from_fault(element)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("UNABLE_TO_LOCK_ROW", Remedy.RETRY),
        ("REQUEST_LIMIT_EXCEEDED", Remedy.RETRY),
        ("SERVER_UNAVAILABLE", Remedy.RETRY),
        ("TIMED_OUT", Remedy.RETRY),
        ("INVALID_SESSION_ID", Remedy.LOGIN),
        ("EXCEEDED_MAX_SIZE_REQUEST", Remedy.SHRINK),
        ("INVALID_QUERY_LOCATOR", Remedy.RESTART_QUERY),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", Remedy.GIVE_UP),
        ("A_CODE_OF_NEXT_YEAR", Remedy.GIVE_UP),
    ],
)
def test_every_code_has_its_remedy(code: str, remedy: Remedy) -> None:
    """Known codes have the remedy that fits them; unknown ones need a person."""
    assert remedy_for(code) is remedy


def test_the_gravest_of_several_errors_counts() -> None:
    """A row that hit a lock and a validation rule will not pass by trying again."""
    assert worst_remedy(["UNABLE_TO_LOCK_ROW", "REQUIRED_FIELD_MISSING"]) is Remedy.GIVE_UP
    assert worst_remedy(["UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"]) is Remedy.RETRY


@recorded
def test_reads_a_recorded_session_fault() -> None:
    """An expired session, as Salesforce reported one, asks for a login."""
    error = fault_in((ENVELOPES / "metaforce-fault-INVALID_SESSION_ID.xml").read_bytes())
    assert (error.code, error.remedy) == ("INVALID_SESSION_ID", Remedy.LOGIN)
    assert str(error) == (
        "Salesforce: INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session"
    )


@recorded
def test_reads_a_recorded_login_fault() -> None:
    """Wrong credentials, as Salesforce reported them, are a refusal to log in."""
    error = fault_in((ENVELOPES / "metaforce-fault-login-INVALID_LOGIN.xml").read_bytes())
    assert isinstance(error, LoginRefused)
    assert error.remedy is Remedy.GIVE_UP


def test_reads_a_fault_without_prefix_or_detail() -> None:
    """The code is found where a fault has no prefix and no detail."""
    error = fault_in(
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
        b"<faultcode>UNABLE_TO_LOCK_ROW</faultcode>"
        b"<faultstring>UNABLE_TO_LOCK_ROW: row is\n locked</faultstring>"
        b"</e:Fault></e:Body></e:Envelope>"
    )
    assert (error.code, error.message) == ("UNABLE_TO_LOCK_ROW", "row is locked")


def test_tells_where_in_a_query_the_fault_lies() -> None:
    """A query fault's row and column stand in the message."""
    error = fault_in(
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
        b"<faultcode>sf:INVALID_FIELD</faultcode><faultstring>x</faultstring><detail>"
        b'<f:InvalidFieldFault xmlns:f="urn:fault.partner.soap.sforce.com">'
        b"<f:exceptionCode>INVALID_FIELD</f:exceptionCode><f:exceptionMessage>No such column"
        b"</f:exceptionMessage><f:row>1</f:row><f:column>8</f:column></f:InvalidFieldFault>"
        b"</detail></e:Fault></e:Body></e:Envelope>"
    )
    assert str(error) == "Salesforce: INVALID_FIELD: No such column (row 1, column 8)"


@pytest.mark.parametrize(
    ("reply", "code", "remedy"),
    [
        (Reply(503, b"<html><body>Down for maintenance<br></body></html>"), "HTTP_ERROR", "RETRY"),
        (Reply(502, b""), "HTTP_ERROR", "RETRY"),
        (Reply(200, b"<a><b></a>"), "MALFORMED_RESPONSE", "RETRY"),
        (Reply(200, b"<a/>"), "MALFORMED_RESPONSE", "RETRY"),
        (Reply(None), "CONNECTION_LOST", "RETRY"),
        (Reply(404, b"no such page"), "UNEXPECTED_RESPONSE", "GIVE_UP"),
        (Reply(302, b"", {"Location": "http://elsewhere"}), "UNEXPECTED_RESPONSE", "GIVE_UP"),
        (Reply(200, b"x", {"Content-Encoding": "gzip"}), "MALFORMED_RESPONSE", "RETRY"),
        (fault("EXCEEDED_ID_LIMIT"), "EXCEEDED_ID_LIMIT", "SHRINK"),
    ],
)
def test_whatever_comes_back_is_classified(
    server: Server, client: SalesforceClient, reply: Reply, code: str, remedy: str
) -> None:
    """Faults, pages of proxies, damage and silence: each becomes an error with a remedy."""
    server.answer = lambda _: reply
    with pytest.raises(SalesforceError) as caught:
        client.server_timestamp()
    assert (caught.value.code, caught.value.remedy) == (code, remedy)


def test_a_doctype_is_never_accepted(server: Server, client: SalesforceClient) -> None:
    """An answer with a DOCTYPE is no envelope, however well the rest of it reads."""
    declaration, _, envelope = timestamp_reply().body.partition(b"?>")
    server.answer = lambda _: Reply(200, declaration + b"?><!DOCTYPE e>" + envelope)
    with pytest.raises(SalesforceError, match="MALFORMED_RESPONSE"):
        client.server_timestamp()


def test_an_unreachable_host_is_a_typed_error(server: Server, pauses: list[float]) -> None:
    """Nobody listening: tried as often as the settings say, then one clear line."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        settings = settings_for(server, login_url=url, attempts=3)
        with (
            SalesforceClient(
                settings, Surroundings(sleep=pauses.append, random=lambda: 0.0)
            ) as client,
            pytest.raises(SalesforceError, match=f"UNREACHABLE: {url} cannot be reached"),
        ):
            client.server_timestamp()
    assert pauses == [1, 2]


def test_a_silent_host_is_a_typed_error(server: Server, pauses: list[float]) -> None:
    """A connection that nobody answers ends at the read time-out."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = settings_for(server, login_url=url, attempts=1, read_timeout_seconds=0.05)
        with (
            SalesforceClient(settings, Surroundings(sleep=pauses.append)) as client,
            pytest.raises(SalesforceError, match="TIMED_OUT"),
        ):
            client.server_timestamp()
