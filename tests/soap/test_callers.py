"""Who calls, as the served endpoint finds out; what each caller may, and what is written down."""

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType
from bridge.operations.admission import Admission
from bridge.operations.calls import CallRow, get_call, list_calls
from bridge.operations.consumers import create_consumer, get_consumer, permit_consumer
from bridge.operations.credentials import Consumer
from bridge.operations.rights import Rights, network_of
from bridge.soap.calls import SOAP_11, SOAP_12, decode_fault, decode_receipt, encode_request
from bridge.soap.faults import BridgeFault
from bridge.soap.soap_versions import SoapVersion
from bridge.soap.wssecurity import WSSE
from bridge.store.models import Submission
from tests.conftest import NOW
from tests.soap.conftest import CONSUMER, Endpoint
from tests.soap.samples import INVOICE
from tests.soap.tokens import digest_token, security, text_token, timestamp, with_header

Sessions = sessionmaker[Session]

PING = encode_request("Ping")
SUBMISSION = encode_request("SubmitInvoices", "m-1", [INVOICE])
PAGE = encode_request("FetchChanges", RecordType.INVOICE, 0, 10)


def send(
    endpoint: Endpoint, content: bytes, soap: SoapVersion = SOAP_11, **headers: str
) -> requests.Response:
    """A call without HTTP's credentials; `_` in the name of a header is its hyphen."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    said = {"Content-Type": soap.content_type} | given
    return requests.post(endpoint.url, data=content, headers=said, timeout=30)


def fault_in(response: requests.Response, soap: SoapVersion = SOAP_11) -> BridgeFault:
    """The fault of an answer."""
    fault = decode_fault(response.content, soap)
    assert fault is not None
    return fault


def permit(sessions: Sessions, **rights: Any) -> None:
    """Restricts the consumer."""
    permit_consumer(
        sessions, name=CONSUMER, change=lambda _: Rights(**rights), now=datetime.now(UTC)
    )


# Ways to show who calls


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12], ids=["1.1", "1.2"])
@pytest.mark.parametrize("bound", ["", 's:mustUnderstand="1"'])
def test_a_username_token(endpoint: Endpoint, soap: SoapVersion, bound: str) -> None:
    """A password in the clear or a digest, beside a Timestamp, in either version of SOAP."""
    ping = encode_request("Ping", soap=soap)
    lasting = timestamp("2026-03-04T05:11:07Z")
    for token in (
        text_token(CONSUMER, endpoint.secret),
        digest_token(CONSUMER, endpoint.secret, NOW),
    ):
        header = security(lasting, token, attributes=bound)
        assert send(endpoint, with_header(ping, header, soap=soap), soap).status_code == 200
    assert {call.consumer for call in endpoint.calls()} == {CONSUMER}


def test_a_digest_counts_once(endpoint: Endpoint) -> None:
    """Who overheard a call cannot send it again."""
    content = with_header(PING, security(digest_token(CONSUMER, endpoint.secret, NOW)))
    assert send(endpoint, content).status_code == 200
    assert fault_in(send(endpoint, content)).code == "FailedAuthentication"


def test_an_old_digest(endpoint: Endpoint) -> None:
    """It counts for minutes, so that used ones need not be remembered for long."""
    token = digest_token(CONSUMER, endpoint.secret, NOW - timedelta(hours=1))
    response = send(endpoint, with_header(PING, security(token)))
    assert fault_in(response).code == "FailedAuthentication"


@pytest.mark.parametrize(
    ("header", "code", "standard"),
    [
        (security(text_token(CONSUMER, "wrong")), "FailedAuthentication", "wsse:Failed"),
        (security(digest_token(CONSUMER, "wrong", NOW)), "FailedAuthentication", "wsse:Failed"),
        (security(text_token("erp", "x") * 2), "InvalidSecurity", "wsse:InvalidSecurity"),
        (security("<Signature/>"), "UnsupportedSecurityToken", "wsse:UnsupportedSecurityToken"),
        (security(timestamp("2026-03-04T05:06:06Z")), "MessageExpired", "wsu:MessageExpired"),
    ],
)
def test_wrong_tokens(
    endpoint: Endpoint, sessions: Sessions, header: str, code: str, standard: str
) -> None:
    """They get the fault codes of WS-Security, under a status that toolkits read faults of."""
    response = send(endpoint, with_header(SUBMISSION, header))
    assert (response.status_code, fault_in(response).code) == (500, code)
    assert "WWW-Authenticate" not in response.headers
    prefix = standard.partition(":")[0]
    assert f'<faultcode xmlns:{prefix}="http://docs.oasis-open.org/wss/2004/01/' in response.text
    assert f">{standard}" in response.text
    content = with_header(encode_request("Ping", soap=SOAP_12), header, soap=SOAP_12)
    response = send(endpoint, content, SOAP_12)
    assert (response.status_code, fault_in(response, SOAP_12).code) == (400, code)
    assert "<soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value xmlns:" in response.text
    assert f">{standard}" in response.text


def test_an_api_key(endpoint: Endpoint, sessions: Sessions) -> None:
    """The consumer's number and its secret, for callers that can set a header and no more."""
    number = get_consumer(sessions, name=CONSUMER).id
    assert send(endpoint, PING, X_API_Key=f"{number}.{endpoint.secret}").status_code == 200
    response = send(endpoint, PING, X_API_Key=f"{number}.wrong")
    assert (response.status_code, fault_in(response).code) == (401, "WrongCredentials")


def test_two_ways_at_once(endpoint: Endpoint) -> None:
    """Which was meant cannot be known."""
    response = endpoint.post(PING, headers={"X-API-Key": "1.x"})
    assert (response.status_code, fault_in(response).code) == (401, "WrongCredentials")


def test_http_goes_before_the_envelope(endpoint: Endpoint) -> None:
    """A Security header that may be ignored is."""
    header = security(text_token("nobody", "x"))
    assert endpoint.post(with_header(PING, header)).status_code == 200


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ("", None),
        (timestamp("2026-03-04T05:11:07Z"), None),
        (text_token(CONSUMER, "<secret>"), None),
        (text_token(CONSUMER, "x"), "FailedAuthentication"),
        (text_token("other", "<other>"), "FailedAuthentication"),
        (timestamp("2026-03-04T05:06:06Z"), "MessageExpired"),
        ("<Signature/>", "UnsupportedSecurityToken"),
        (text_token("erp", "x") * 2, "InvalidSecurity"),
    ],
)
def test_a_header_that_must_be_understood_is(
    endpoint: Endpoint, sessions: Sessions, parts: str, code: str | None
) -> None:
    """Beside HTTP Basic, too: it has to be in order, and to prove the same consumer."""
    other = create_consumer(sessions, name="other", now=NOW)
    parts = parts.replace("<secret>", endpoint.secret).replace("<other>", other)
    header = security(parts, attributes='s:mustUnderstand="1"')
    response = endpoint.post(with_header(PING, header))
    if code is None:
        assert response.status_code == 200
    else:
        assert (response.status_code, fault_in(response).code) == (500, code)


@pytest.mark.parametrize("content", [b"", PING, b"<bad", f'<a xmlns="{WSSE}"/>'.encode() + PING])
def test_nothing_shown(endpoint: Endpoint, content: bytes) -> None:
    """It is challenged, so that clients which wait for that send what they have."""
    response = send(endpoint, content)
    if content.startswith(b"<a"):  # who speaks of WS-Security is told what is wrong with it
        assert fault_in(response).code == "MalformedXml"
        return
    assert (response.status_code, fault_in(response).code) == (401, "WrongCredentials")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


# Rights


@pytest.mark.parametrize(
    ("rights", "content", "code"),
    [
        ({"operations": frozenset({"Ping"})}, PING, None),
        ({"operations": frozenset({"Ping"})}, SUBMISSION, "NotPermitted"),
        ({"record_types": frozenset({RecordType.CUSTOMER})}, PING, None),
        ({"record_types": frozenset({RecordType.CUSTOMER})}, SUBMISSION, "NotPermitted"),
        ({"record_types": frozenset({RecordType.CUSTOMER})}, PAGE, "NotPermitted"),
        ({"record_types": frozenset({RecordType.INVOICE})}, PAGE, None),
        ({"networks": (network_of("127.0.0.0/8"),)}, PING, None),
        ({"networks": (network_of("192.0.2.0/24"),)}, PING, "NotPermitted"),
    ],
)
def test_rights(
    endpoint: Endpoint, sessions: Sessions, rights: Any, content: bytes, code: str | None
) -> None:
    """A call that the rights do not allow is the caller's fault, and a repeat does not help."""
    permit(sessions, **rights)
    response = endpoint.post(content)
    if code is None:
        assert response.status_code == 200
        return
    fault = fault_in(response)
    assert (response.status_code, fault.code, fault.retryable) == (500, code, False)
    assert "<faultcode>soap:Client</faultcode>" in response.text
    with sessions() as session:
        assert session.query(Submission).count() == 0


def test_rights_go_before_the_schema(endpoint: Endpoint, sessions: Sessions) -> None:
    """Who may not call an operation is not told what is wrong with the request."""
    permit(sessions, operations=frozenset({"Ping"}))
    bad = SUBMISSION.replace(b"<Number>I-1</Number>", b"")
    assert fault_in(endpoint.post(bad)).code == "NotPermitted"


def test_too_many_calls(endpoint: Endpoint, sessions: Sessions) -> None:
    """The fault is the server's and says when to come again, in its detail and in HTTP."""
    permit(sessions, calls_per_minute=2)
    assert [endpoint.post(PING).status_code for _ in range(2)] == [200, 200]
    response = endpoint.post(PING)
    fault = fault_in(response)
    assert (response.status_code, fault.code, fault.retryable) == (500, "TooManyCalls", True)
    assert fault.retry_after_seconds is not None
    assert 55 <= fault.retry_after_seconds <= 60
    assert response.headers["Retry-After"] == str(fault.retry_after_seconds)
    assert "<faultcode>soap:Server</faultcode>" in response.text
    twelve = encode_request("Ping", soap=SOAP_12)
    response = endpoint.post(twelve, headers={"Content-Type": SOAP_12.content_type})
    assert (response.status_code, "soap:Receiver" in response.text) == (500, True)


def test_whatever_is_wrong_with_them_calls_count(endpoint: Endpoint, sessions: Sessions) -> None:
    """Refusing them costs time as well."""
    permit(sessions, calls_per_minute=3, operations=frozenset({"Ping"}))
    bad = PING.replace(b"Ping", b"Pong"), PING[:-5], SUBMISSION, PING
    codes = [fault_in(endpoint.post(content)).code for content in bad]
    assert codes == ["UnknownOperation", "MalformedXml", "NotPermitted", "TooManyCalls"]


def test_what_another_network_sends_does_not_count(endpoint: Endpoint, sessions: Sessions) -> None:
    """Whoever stole a secret cannot use up the limit of its owner."""
    permit(sessions, calls_per_minute=1, networks=(network_of("192.0.2.0/24"),))
    assert [fault_in(endpoint.post(PING)).code for _ in range(3)] == ["NotPermitted"] * 3


def test_calls_at_once(endpoint: Endpoint, sessions: Sessions) -> None:
    """A call that runs takes its place until it ends."""
    permit(sessions, calls_at_once=1)
    admission: Admission = endpoint.context.admission
    rights = Rights(calls_at_once=1)
    with admission.admit(Consumer(CONSUMER, rights), at=0):
        response = endpoint.post(PING)
        assert fault_in(response).code == "TooManyCalls"
        assert response.headers["Retry-After"] == "1"
    assert endpoint.post(PING).status_code == 200
    assert fault_in(endpoint.post(PING[:-5])).code == "MalformedXml"
    assert endpoint.post(PING).status_code == 200


# The trail


def test_each_call_is_written_down(endpoint: Endpoint, sessions: Sessions) -> None:
    """Good ones and refused ones, with as much as became known."""
    answer = endpoint.post(SUBMISSION, headers={"X-Correlation-Id": "order-4711"})
    assert decode_receipt(answer.content).message_id == "m-1"
    endpoint.post(encode_request("GetReceipt", "none"))
    endpoint.post(PING, secret="wrong")
    endpoint.post(PING[:-5])
    endpoint.post(SUBMISSION.replace(b"<Number>I-1</Number>", b""))
    rows = endpoint.calls()[::-1]
    assert [(one.consumer, one.operation, one.message_id, one.outcome) for one in rows] == [
        (CONSUMER, "SubmitInvoices", "m-1", "ok"),
        (CONSUMER, "GetReceipt", "none", "UnknownMessageId"),
        (None, None, None, "WrongCredentials"),
        (CONSUMER, None, None, "MalformedXml"),
        (CONSUMER, "SubmitInvoices", "m-1", "ContractViolated"),
    ]
    first = rows[0]
    assert (first.at, first.address, first.correlation_id) == (NOW, "127.0.0.1", "order-4711")
    assert (first.request_bytes, first.answer_bytes) == (len(SUBMISSION), len(answer.content))
    assert 0 < first.seconds < 30
    assert all(one.request_bytes and one.answer_bytes and one.envelope is None for one in rows)


def test_sizes_are_those_that_travel(endpoint: Endpoint) -> None:
    """A packed body is as large as it comes."""
    packed = gzip.compress(SUBMISSION)
    endpoint.post(packed, headers={"Content-Encoding": "gzip"})
    (row,) = endpoint.calls()
    assert row.request_bytes == len(packed)


def test_envelopes_are_kept_where_the_rights_ask_for_it(
    endpoint: Endpoint, sessions: Sessions
) -> None:
    """Without their secrets; those of refused calls too, as far as somebody was recognised."""
    permit(sessions, keep_envelopes=True)
    content = with_header(PING, security(text_token(CONSUMER, endpoint.secret)))
    assert send(endpoint, content).status_code == 200
    endpoint.post(PING[:-5])
    endpoint.post(b"\xff", headers={"Content-Type": "text/xml"})
    send(endpoint, content.replace(endpoint.secret.encode(), b"wrong"))
    good, malformed, unread, unknown = _kept(endpoint)
    assert good.envelope is not None
    assert endpoint.secret.encode() not in good.envelope
    assert good.envelope == content.replace(endpoint.secret.encode(), b"")
    assert malformed.envelope == PING[:-5]
    assert (unread.envelope, unknown.envelope) == (None, None)


def _kept(endpoint: Endpoint) -> list[CallRow]:
    """The calls in their order, each with its envelope."""
    sessions = endpoint.context.sessions
    endpoint.context.trail.close()
    kept = reversed(list_calls(sessions))
    return [get_call(sessions, call_id=one.id).row for one in kept]


def test_a_broken_database_stops_no_answer(endpoint: Endpoint, sessions: Sessions) -> None:
    """A call that cannot be written down is answered all the same."""
    endpoint.post(PING)  # so that the consumer is known
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE call RENAME TO gone"))
    assert endpoint.post(PING).status_code == 200
    endpoint.context.trail.close()
    with sessions.begin() as session:
        session.execute(text("ALTER TABLE gone RENAME TO call"))


def test_a_long_transaction_holds_no_answer_up(endpoint: Endpoint, sessions: Sessions) -> None:
    """A reconciliation keeps SQLite's writer for itself; what only reads is answered meanwhile."""
    with sessions.begin() as session:
        session.execute(text("SELECT 1"))  # begins, and takes the write lock
        for _ in range(3):
            assert endpoint.post(PING).status_code == 200
    assert [one.outcome for one in endpoint.calls()] == ["ok"] * 3
