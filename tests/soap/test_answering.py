"""Calls as a consumer makes them: every bad one gets its typed fault, and stores nothing."""

import gzip
import socket
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
import requests
import structlog
from lxml import etree
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker
from structlog.testing import capture_logs

from bridge.domain.records import Record
from bridge.operations.submissions import Outcome
from bridge.soap.calls import SOAP_12, action_of, decode_fault, decode_receipt, encode_request
from bridge.soap.envelope import write_envelope
from bridge.soap.faults import BridgeFault
from bridge.store.models import Submission, Version
from tests.soap.conftest import CONSUMER, Endpoint
from tests.soap.samples import CUSTOMER, INVOICE

Sessions = sessionmaker[Session]

ACTION = action_of("SubmitInvoices")
GOOD = encode_request("SubmitInvoices", "m-1", [INVOICE])


def submit(endpoint: Endpoint, message_id: str, *records: Record) -> requests.Response:
    """Submits customers or invoices."""
    kind = type(records[0]).__name__
    return endpoint.post(encode_request(f"Submit{kind}s", message_id, list(records)))


def fault_in(response: requests.Response) -> BridgeFault:
    """The fault of an answer, whose correlation id is that of the header."""
    fault = decode_fault(response.content)
    assert fault is not None
    assert fault.correlation_id == response.headers["X-Correlation-Id"]
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    return fault


def stored(sessions: Sessions) -> int:
    """How many submissions and versions there are."""
    with sessions() as session:
        return sum(
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Submission, Version)
        )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "RequestIncomplete"),
        (b"hello", "MalformedXml"),
        (GOOD[:-20], "MalformedXml"),
        (GOOD + GOOD, "MalformedXml"),
        (GOOD.replace(b"PARTIALLY", b"PART\x00IALLY"), "MalformedXml"),
        (GOOD.replace(b"<soap:Env", b"<!DOCTYPE a><soap:Env", 1), "ForbiddenMarkup"),
        (GOOD.replace(b"<Invoice>", b"<?php ?><Invoice>"), "ForbiddenMarkup"),
        (b"<a/>", "NotAnEnvelope"),
        (write_envelope(""), "NotAnEnvelope"),
        (GOOD.replace(b"xmlsoap.org/soap", b"example.com/soap"), "VersionMismatch"),
        (write_envelope("<Nonsense/>"), "UnknownOperation"),
        (write_envelope('<Nonsense xmlns="urn:erp-bridge:v1"/>'), "UnknownOperation"),
        (write_envelope('<GetReceiptResponse xmlns="urn:erp-bridge:v1"/>'), "UnknownOperation"),
        (GOOD.replace(b"urn:erp-bridge:v1", b"urn:erp-bridge:v9"), "UnknownOperation"),
        (GOOD.replace(b"<Number>I-1</Number>", b""), "ContractViolated"),
        (GOOD.replace(b"11888.625<", b"11.888,63<", 1), "ContractViolated"),
        (GOOD.replace(b">2026-03-01<", b">01.03.2026<"), "ContractViolated"),
        (GOOD.replace(b">2026-03-01<", b">20260-03-01<"), "ContractViolated"),
        (encode_request("SubmitInvoices", "", [INVOICE]), "ContractViolated"),
        (encode_request("SubmitInvoices", "m" * 81, [INVOICE]), "ContractViolated"),
        (encode_request("SubmitInvoices", "m", []), "ContractViolated"),
        (encode_request("GetReceipt", "never sent"), "UnknownMessageId"),
        (encode_request("GetCustomer", "nobody"), "UnknownRecord"),
        (encode_request("GetInvoice", "1000", "none"), "UnknownRecord"),
        (GOOD.replace(b"<Invoice>", b"<Invoice>" + b" " * 2_000_000), "RequestTooLarge"),
    ],
)  # fmt: skip
def test_bad_input(endpoint: Endpoint, sessions: Sessions, content: bytes, code: str) -> None:
    """Each kind of bad input gets its own fault under HTTP 500, and nothing is stored."""
    response = endpoint.post(content)
    fault = fault_in(response)
    assert response.status_code == 500
    assert (fault.code, fault.retryable, fault.retry_after_seconds) == (code, False, None)
    assert bool(fault.violations) == (code == "ContractViolated")
    assert "\n" not in fault.message
    assert stored(sessions) == 0


def test_headers_that_must_be_understood(endpoint: Endpoint, sessions: Sessions) -> None:
    """Such a header gets the fault code MustUnderstand."""
    header = b'<soap:Header><h xmlns="urn:x" soap:mustUnderstand="1"/></soap:Header><soap:Body>'
    response = endpoint.post(GOOD.replace(b"<soap:Body>", header))
    assert fault_in(response).code == "HeaderNotUnderstood"
    assert b"<faultcode>soap:MustUnderstand</faultcode>" in response.content
    assert stored(sessions) == 0


def test_an_exploding_body(endpoint: Endpoint, sessions: Sessions) -> None:
    """A small body that expands to a large one is refused at the limit."""
    content = gzip.compress(GOOD.replace(b"<Invoice>", b"<Invoice>" + b" " * 50_000_000))
    response = endpoint.post(content, headers={"Content-Encoding": "gzip"})
    assert fault_in(response).code == "RequestTooLarge"
    assert stored(sessions) == 0


def test_a_compressed_body(endpoint: Endpoint) -> None:
    """gzip is read."""
    response = endpoint.post(gzip.compress(GOOD), headers={"Content-Encoding": "gzip"})
    assert decode_receipt(response.content).results[0].outcome is Outcome.ACCEPTED


def test_a_chunked_body(endpoint: Endpoint) -> None:
    """A body without an announced length is read to its end."""

    def chunks() -> Iterator[bytes]:
        yield GOOD[:100]
        yield GOOD[100:]

    response = requests.post(
        endpoint.url,
        data=chunks(),
        headers={"Content-Type": "text/xml"},
        auth=(CONSUMER, endpoint.secret),
        timeout=30,
    )
    assert decode_receipt(response.content).message_id == "m-1"


@pytest.mark.parametrize("content_type", ["application/xml", "application/json", ""])
def test_wrong_content_type(endpoint: Endpoint, sessions: Sessions, content_type: str) -> None:
    """What no version of SOAP is sent as: HTTP 415, with a fault for whoever reads it."""
    response = endpoint.post(GOOD, headers={"Content-Type": content_type})
    assert response.status_code == 415
    assert fault_in(response).code == "WrongContentType"
    assert stored(sessions) == 0


def test_a_fault_tells_the_type_of_retryable(endpoint: Endpoint) -> None:
    """PHP knows no other types than those in the detail; without them "false" is true to it."""
    response = endpoint.post(encode_request("GetCustomer", "nobody"))
    retryable = etree.fromstring(response.content).find("{*}Body//{*}Retryable")
    assert retryable is not None
    assert retryable.text == "false"
    kind = retryable.get("{http://www.w3.org/2001/XMLSchema-instance}type", "")
    assert retryable.nsmap[kind.partition(":")[0]] == "http://www.w3.org/2001/XMLSchema"
    assert kind.endswith(":boolean")


def test_wrong_credentials(endpoint: Endpoint, sessions: Sessions) -> None:
    """A wrong secret is challenged with HTTP 401, and the fault says no more than that."""
    response = endpoint.post(GOOD, secret="wrong")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert fault_in(response).code == "WrongCredentials"
    assert stored(sessions) == 0


@pytest.mark.parametrize("header", [None, "Basic", "Basic !!!", "Bearer abc", "Basic bm9jb2xvbg=="])
def test_missing_credentials(endpoint: Endpoint, sessions: Sessions, header: str | None) -> None:
    """No credentials, and what is none, are challenged alike, before the body is looked at."""
    headers = {"Content-Type": "text/xml"} | ({"Authorization": header} if header else {})
    response = requests.post(endpoint.url, data=b"<bad", headers=headers, timeout=30)
    assert response.status_code == 401
    assert fault_in(response).code == "WrongCredentials"
    assert stored(sessions) == 0


@pytest.mark.parametrize(
    "action",
    [
        None,
        "",
        '""',
        "SubmitInvoices",
        ACTION,
        f'"{ACTION}"',
    ],
)
def test_actions_that_agree(endpoint: Endpoint, action: str | None) -> None:
    """The action of the WSDL, a bare name, or none at all."""
    response = endpoint.post(GOOD, headers={} if action is None else {"SOAPAction": action})
    assert decode_receipt(response.content).message_id == "m-1"


@pytest.mark.parametrize("action", ["Ping", f'"{action_of("GetReceipt")}"', "http://tempuri.org/x"])
def test_an_action_that_disagrees(endpoint: Endpoint, sessions: Sessions, action: str) -> None:
    """An action for another operation may have fooled a firewall."""
    response = endpoint.post(GOOD, headers={"SOAPAction": action})
    assert fault_in(response).code == "ActionMismatch"
    assert stored(sessions) == 0


def test_a_used_message_id(endpoint: Endpoint, sessions: Sessions) -> None:
    """The same payload again gives the same receipt, another payload a fault."""
    first = decode_receipt(submit(endpoint, "m-1", INVOICE).content)
    before = stored(sessions)
    again = decode_receipt(submit(endpoint, "m-1", INVOICE).content)
    assert again == replace(first, replayed=True)
    assert decode_receipt(endpoint.post(encode_request("GetReceipt", "m-1")).content) == again
    response = submit(endpoint, "m-1", replace(INVOICE, open_amount=Decimal(7)))
    assert fault_in(response).code == "MessageIdReused"
    assert fault_in(submit(endpoint, "m-1", CUSTOMER)).code == "MessageIdReused"
    assert stored(sessions) == before


def test_one_bad_record_sinks_no_neighbour(endpoint: Endpoint) -> None:
    """A record that breaks a rule of the domain is rejected alone, with its reason."""
    fine = replace(INVOICE, gross_amount=Decimal("1.001"))
    receipt = decode_receipt(submit(endpoint, "m-1", fine, replace(INVOICE, number="2")).content)
    assert [(one.number, one.outcome, one.code) for one in receipt.results] == [
        ("I-1", Outcome.REJECTED, "AMOUNT_TOO_FINE"),
        ("2", Outcome.ACCEPTED, "CUSTOMER_UNKNOWN"),
    ]


def test_unexpected_errors(endpoint: Endpoint, sessions: Sessions) -> None:
    """A broken database is told as InternalError and retryable; the log has the traceback."""
    with sessions.begin() as session:
        session.execute(text(f"ALTER TABLE {Submission.__tablename__} RENAME TO gone"))
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        response = endpoint.post(GOOD)
    fault = fault_in(response)
    assert (response.status_code, fault.code, fault.retryable) == (500, "InternalError", True)
    assert fault.retry_after_seconds == 30
    assert "no such table" not in response.text
    failure = next(entry for entry in logs if entry.get("exc_info"))
    assert failure["correlation_id"] == fault.correlation_id


def test_the_log_tells_who_called_what(endpoint: Endpoint) -> None:
    """One line for each call: consumer, operation, outcome, correlation id; no secret."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        endpoint.post(encode_request("Ping"), headers={"X-Correlation-Id": "order-4711"})
        endpoint.post(encode_request("GetReceipt", "none"))
        endpoint.post(encode_request("Ping"), secret="wrong")
    calls = [entry for entry in logs if entry["event"] == "soap call"]
    told = [(entry.get("consumer"), entry.get("operation"), entry["outcome"]) for entry in calls]
    assert told == [
        (CONSUMER, "Ping", "ok"),
        (CONSUMER, "GetReceipt", "UnknownMessageId"),
        (None, None, "WrongCredentials"),
    ]
    assert logs[0]["correlation_id"] == "order-4711"
    assert [one["consumer"] for one in logs if one["event"] == "login refused"] == [CONSUMER]
    assert endpoint.secret not in str(logs)
    assert "wrong" not in str(logs)


@pytest.mark.parametrize(
    ("given", "kept"), [("order-4711", True), ("a b", False), ("x" * 101, False)]
)
def test_correlation_ids(endpoint: Endpoint, given: str, kept: bool) -> None:
    """The caller's id comes back if it can stand in a log line; else it gets a new one."""
    response = endpoint.post(encode_request("Ping"), headers={"X-Correlation-Id": given})
    assert (response.headers["X-Correlation-Id"] == given) is kept
    assert response.headers["X-Correlation-Id"]


def test_a_body_that_breaks_off(endpoint: Endpoint, sessions: Sessions) -> None:
    """A caller that hangs up in the middle of its body stores nothing."""
    parts = urlsplit(endpoint.url)
    request = requests.Request(
        "POST",
        endpoint.url,
        data=GOOD,
        headers={"Content-Type": "text/xml"},
        auth=(CONSUMER, endpoint.secret),
    ).prepare()
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as caller:
        caller.sendall(f"POST {parts.path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + GOOD[:200])
        caller.shutdown(socket.SHUT_WR)
        answer = caller.makefile("rb").read()
    assert b"RequestIncomplete" in answer
    assert stored(sessions) == 0


# SOAP 1.2


PING_12 = encode_request("Ping", soap=SOAP_12)


def post_12(
    endpoint: Endpoint, content: bytes, *, action: str = "", **others: str
) -> requests.Response:
    """A call by SOAP 1.2."""
    said = f'{SOAP_12.content_type}; action="{action}"' if action else SOAP_12.content_type
    response = endpoint.post(content, headers={"Content-Type": said} | others)
    assert response.headers["Content-Type"] == SOAP_12.content_type
    return response


def test_a_call_by_soap_1_2(endpoint: Endpoint) -> None:
    """It is answered in SOAP 1.2, and both versions are one service."""
    content = encode_request("SubmitInvoices", "m-1", [INVOICE], soap=SOAP_12)
    response = post_12(endpoint, content, action=ACTION)
    assert response.status_code == 200
    receipt = decode_receipt(response.content, SOAP_12)
    assert (receipt.message_id, receipt.replayed) == ("m-1", False)
    assert decode_receipt(endpoint.post(GOOD).content).replayed is True


@pytest.mark.parametrize(
    ("content", "code", "status", "name"),
    [
        (encode_request("GetReceipt", "none", soap=SOAP_12), "UnknownMessageId", 400, "Sender"),
        (PING_12[:-5], "MalformedXml", 400, "Sender"),
        (PING_12.replace(b"Ping", b"Pong"), "UnknownOperation", 400, "Sender"),
        (encode_request("GetReceipt", "", soap=SOAP_12), "ContractViolated", 400, "Sender"),
        (encode_request("Ping"), "VersionMismatch", 500, "VersionMismatch"),
    ],
)
def test_faults_of_soap_1_2(
    endpoint: Endpoint, content: bytes, code: str, status: int, name: str
) -> None:
    """What the sender has to repair travels with HTTP 400 (part 2, section 7.5.2.2)."""
    response = post_12(endpoint, content)
    fault = decode_fault(response.content, SOAP_12)
    assert fault is not None
    assert (fault.code, response.status_code) == (code, status)
    assert f"<soap:Value>soap:{name}</soap:Value>" in response.text


def test_a_broken_bridge_in_soap_1_2(endpoint: Endpoint, sessions: Sessions) -> None:
    """What the sender cannot repair travels with HTTP 500."""
    with sessions.begin() as session:
        session.execute(text(f"ALTER TABLE {Submission.__tablename__} RENAME TO gone"))
    response = post_12(endpoint, encode_request("GetReceipt", "m", soap=SOAP_12))
    assert response.status_code == 500
    assert "<soap:Value>soap:Receiver</soap:Value>" in response.text


def test_the_content_type_and_the_envelope_must_agree(endpoint: Endpoint) -> None:
    """An envelope of SOAP 1.2 as text/xml is refused in SOAP 1.1, and told what is read."""
    response = endpoint.post(PING_12)
    assert fault_in(response).code == "VersionMismatch"
    assert "<faultcode>soap:VersionMismatch</faultcode>" in response.text
    assert f'xmlns:n="{SOAP_12.namespace}"' in response.text


def test_the_action_of_soap_1_2(endpoint: Endpoint, sessions: Sessions) -> None:
    """The media type's parameter has to agree with the body; SOAPAction is of SOAP 1.1."""
    assert post_12(endpoint, PING_12, action=action_of("Ping")).status_code == 200
    assert post_12(endpoint, PING_12, SOAPAction="GetReceipt").status_code == 200
    response = post_12(endpoint, PING_12, action=action_of("GetReceipt"))
    assert (response.status_code, b"ActionMismatch" in response.content) == (400, True)


def test_headers_that_bind_in_soap_1_2(endpoint: Endpoint) -> None:
    """Roles and mustUnderstand are those of SOAP 1.2, and the answer names the blocks."""

    def with_header(attributes: str) -> requests.Response:
        block = f'<soap:Header><x:h xmlns:x="urn:x" {attributes}/></soap:Header><soap:Body>'
        return post_12(endpoint, PING_12.replace(b"<soap:Body>", block.encode()))

    response = with_header('soap:mustUnderstand="true"')
    assert response.status_code == 500
    assert '<soap:NotUnderstood qname="n:h" xmlns:n="urn:x"/>' in response.text
    elsewhere = f'soap:mustUnderstand="true" soap:role="{SOAP_12.namespace}/role/none"'
    assert with_header(elsewhere).status_code == 200


def test_wrong_credentials_in_soap_1_2(endpoint: Endpoint) -> None:
    """The challenge is HTTP's, whatever the version of SOAP."""
    response = endpoint.post(
        PING_12, secret="wrong", headers={"Content-Type": SOAP_12.content_type}
    )
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    fault = decode_fault(response.content, SOAP_12)
    assert fault is not None
    assert fault.code == "WrongCredentials"
