"""Calling the service as an ERP does."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge import __version__
from bridge.consumer import BadServiceUrl, ServiceConsumer, ServiceFault, ServiceUnreachable
from bridge.domain.decisions import Correction, FieldCorrection, Reason
from bridge.domain.records import Record, RecordKey, RecordType, System
from bridge.operations.changes import FieldChange
from bridge.operations.snapshots import CurrencyTotal
from bridge.operations.submissions import Outcome
from bridge.store.records import ensure_records
from bridge.store.runs import start_run
from bridge.store.staging import stage_corrections
from tests.builders import credit_memo, customer, invoice, payment
from tests.service import NAME, Service, http_status, internal_error, lost_answer, serve


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what differs between databases is tested where they are used."""
    return f"sqlite:///{tmp_path}/bridge.db"


@pytest.fixture
def service(sessions: sessionmaker[Session]) -> Iterator[Service]:
    """A served bridge."""
    with serve(sessions) as service:
        yield service


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without making them."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


@pytest.fixture
def erp(service: Service) -> Iterator[ServiceConsumer]:
    """A consumer of the served bridge."""
    consumer = ServiceConsumer(service.url, NAME, service.secret)
    yield consumer
    consumer.close()


def test_it_submits_every_type_of_record(erp: ServiceConsumer) -> None:
    """Each goes in by its own operation and is answered by its key."""
    records: list[Record] = [customer(), invoice(), payment(), credit_memo()]
    for number, record in enumerate(records):
        receipt = erp.submit(f"m-{number}", [record])
        (result,) = receipt.results
        assert (result.number, result.outcome) == (record.number, Outcome.ACCEPTED)
        assert (receipt.message_id, receipt.replayed) == (f"m-{number}", False)


def test_a_repeated_message_gets_the_stored_receipt(erp: ServiceConsumer) -> None:
    """By sending it again, or by asking for it."""
    first = erp.submit("m-1", [customer()])
    again = erp.submit("m-1", [customer()])
    assert again.replayed
    assert again.results == first.results == erp.get_receipt("m-1").results


def test_it_tells_the_whole_of_something(erp: ServiceConsumer) -> None:
    """In a snapshot, which shows what is gone; it reads what came of it."""
    erp.submit("m-1", [invoice(number="I1"), invoice(number="I2")])
    as_of = datetime.now(UTC)
    begun = erp.begin_snapshot(RecordType.INVOICE, "1000", as_of=as_of)
    assert begun.superseded is None
    erp.submit("m-2", [invoice(number="I1")], begun.snapshot_id)
    total = CurrencyTotal("EUR", invoice().gross_amount)
    closed = erp.close_snapshot(begun.snapshot_id, count=1, totals=[total])
    assert (closed.members, closed.gone, closed.replayed) == (1, 1, False)
    assert erp.close_snapshot(begun.snapshot_id, count=1, totals=[total]).replayed


def test_it_reads_the_state_of_the_bridge(erp: ServiceConsumer) -> None:
    """Ping tells version, time, and how database and Salesforce are."""
    health = erp.ping()
    assert (health.version, health.database) == (__version__, "OK")
    assert abs((health.time - datetime.now(UTC)).total_seconds()) < 60


def test_a_fault_is_typed(erp: ServiceConsumer) -> None:
    """Its code, message and violations are the contract's."""
    erp.submit("m-1", [customer()])
    with pytest.raises(ServiceFault, match="MessageIdReused: message id 'm-1' was used") as caught:
        erp.submit("m-1", [customer(name="Another")])
    assert (caught.value.code, caught.value.retryable) == ("MessageIdReused", False)
    with pytest.raises(ServiceFault) as caught:
        erp.submit("x" * 81, [customer()])
    assert caught.value.code == "ContractViolated"
    assert caught.value.violations[0].path == "SubmitCustomers/MessageId"
    with pytest.raises(ServiceFault, match="UnknownMessageId"):
        erp.get_receipt("never")


def test_wrong_credentials_are_a_fault_that_tells_no_secret(service: Service) -> None:
    """Trying again would not help, and is not done."""
    stranger = ServiceConsumer(service.url, NAME, "hunter2")
    with pytest.raises(ServiceFault, match="WrongCredentials") as caught:
        stranger.ping()
    assert "hunter2" not in str(caught.value)
    assert service.calls == ["Ping"]
    stranger.close()


def test_names_and_secrets_may_hold_any_character(service: Service) -> None:
    """Credentials travel in UTF-8 (RFC 7617), so a strange name is refused, not an error."""
    stranger = ServiceConsumer(service.url, "größe", "пароль")
    with pytest.raises(ServiceFault, match="WrongCredentials"):
        stranger.ping()
    stranger.close()


def test_a_lost_answer_is_asked_for_by_the_same_message(
    service: Service, erp: ServiceConsumer, pauses: list[float]
) -> None:
    """What was lost was stored; the repeat gets its receipt, and nothing is stored twice."""
    service.troubles = [lost_answer]
    receipt = erp.submit("m-1", [customer()])
    assert receipt.replayed
    assert receipt.results[0].outcome is Outcome.ACCEPTED
    assert service.calls == ["SubmitCustomers"] * 2
    assert pauses == [0.5]


def test_an_answer_that_does_not_come_is_not_waited_for_forever(pauses: list[float]) -> None:
    """A server that accepts and says nothing is tried as often as any other."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        erp = ServiceConsumer(url, NAME, "secret", timeout_seconds=0.1, attempts=3)
        with pytest.raises(ServiceUnreachable, match="the answer took too long"):
            erp.ping()
        erp.close()
    assert pauses == [0.5, 1.0]


def test_passing_trouble_is_waited_out_longer_each_time(
    service: Service, erp: ServiceConsumer, pauses: list[float]
) -> None:
    """A proxy whose server restarts answers 502 or 503 for a while."""
    service.troubles = [http_status("502 Bad Gateway"), http_status("503 Service Unavailable")]
    assert erp.submit("m-1", [customer()]).results[0].outcome is Outcome.ACCEPTED
    assert pauses == [0.5, 1.0]


def test_it_waits_as_long_as_the_service_asks(
    service: Service, erp: ServiceConsumer, pauses: list[float]
) -> None:
    """A fault that may pass says when to come again."""
    service.troubles = [internal_error]
    assert erp.submit("m-1", [customer()]).results[0].outcome is Outcome.ACCEPTED
    assert pauses == [30]


def test_lasting_trouble_ends_after_some_attempts(
    service: Service, erp: ServiceConsumer, pauses: list[float]
) -> None:
    """Then it says so in one line."""
    service.troubles = [http_status("503 Service Unavailable")] * 10
    with pytest.raises(ServiceUnreachable, match=r"answers HTTP 503: is this the URL"):
        erp.ping()
    assert (len(service.calls), pauses) == (4, [0.5, 1.0, 2.0])


@pytest.mark.parametrize(
    "trouble",
    [
        http_status("404 Not Found"),
        http_status("302 Found", Location="http://127.0.0.1:1/"),
        http_status("200 OK", "text/html"),
    ],
)
def test_another_server_at_the_url_is_told_at_once(
    service: Service, erp: ServiceConsumer, trouble: object
) -> None:
    """Redirects are not followed: the secret is for one server."""
    service.troubles = [trouble]  # type: ignore[list-item]
    with pytest.raises(ServiceUnreachable, match="is this the URL of the bridge"):
        erp.ping()
    assert len(service.calls) == 1


def test_it_says_that_nobody_listens(pauses: list[float]) -> None:
    """One line with the reason that the system gives."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    erp = ServiceConsumer(f"http://127.0.0.1:{port}", NAME, "secret")
    message = rf"no answer from http://127\.0\.0\.1:{port}/soap/v1: Connection refused"
    with pytest.raises(ServiceUnreachable, match=message) as caught:
        erp.ping()
    assert "secret" not in str(caught.value)
    assert len(pauses) == 3
    erp.close()


def test_it_says_that_a_name_is_unknown(pauses: list[float]) -> None:
    """The host's name is in the line."""
    erp = ServiceConsumer("http://bridge.invalid", NAME, "secret")
    with pytest.raises(ServiceUnreachable, match=r"no answer from http://bridge\.invalid"):
        erp.ping()
    erp.close()


@pytest.mark.parametrize("path", ["", "/", "/soap/v1", "/soap/v1/", "/soap/v1?wsdl"])
def test_the_url_may_be_the_servers_or_the_services(service: Service, path: str) -> None:
    """What people copy from a browser works."""
    erp = ServiceConsumer(service.url + path, NAME, service.secret)
    assert erp.ping().database == "OK"
    erp.close()


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x", "http://", "http://u:pw@host"])
def test_it_refuses_what_is_no_url(url: str) -> None:
    """Credentials do not belong into a URL, which is shown in messages."""
    with pytest.raises(BadServiceUrl) as caught:
        ServiceConsumer(url, NAME, "secret")
    assert "pw" not in str(caught.value)


def test_it_reads_the_change_feed_as_values(
    erp: ServiceConsumer, sessions: sessionmaker[Session], now: datetime
) -> None:
    """Changes carry canonical field names and typed values, page by page, until acknowledged."""
    keys = [RecordKey(RecordType.INVOICE, "1000", f"I{number}") for number in (1, 2)]
    corrections = [
        FieldCorrection("due_on", None, date(2026, 5, 1), Reason.CRM_CHANGED),
        FieldCorrection("open_amount", Decimal("10.5"), Decimal(7), Reason.CRM_CHANGED),
        FieldCorrection("purchase_order", "P", None, Reason.CRM_CHANGED),
    ]
    with sessions.begin() as session:
        ids = ensure_records(session, keys)
        stage_corrections(
            session,
            record_type=RecordType.INVOICE,
            corrections=[(ids[key], Correction(System.ERP, tuple(corrections))) for key in keys],
            run_id=start_run(session, job="reconcile-financials", now=now),
            now=now,
        )
    page = erp.fetch_changes(RecordType.INVOICE, limit=1)
    (change,) = page.changes
    assert (change.key, change.staged_at, page.more) == (keys[0], now, True)
    assert change.fields == (
        FieldChange("due_on", None, date(2026, 5, 1)),
        FieldChange("open_amount", Decimal("10.5"), Decimal(7)),
        FieldChange("purchase_order", "P", None),
    )
    rest = erp.fetch_changes(RecordType.INVOICE, after=page.next)
    assert ([one.key for one in rest.changes], rest.more) == ([keys[1]], False)
    assert erp.acknowledge_changes(RecordType.INVOICE, up_to=rest.next) == 2
    assert erp.fetch_changes(RecordType.INVOICE).changes == ()
