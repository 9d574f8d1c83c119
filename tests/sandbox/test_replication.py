import pytest

from tests.sandbox.conftest import Clock
from tests.sandbox.partner import NS, Fault, Partner


def window(kind: str, start: str, end: str) -> str:
    return (
        f"<p:sObjectType>{kind}</p:sObjectType><p:startDate>{start}</p:startDate>"
        f"<p:endDate>{end}</p:endDate>"
    )


def test_updated_and_deleted_ids_are_told_apart(partner: Partner, clock: Clock) -> None:
    """getUpdated lists the living, getDeleted the dead, both within the half-open window."""
    early, gone = partner.create("Account", {"Name": "A"}, {"Name": "B"})
    clock.advance(minutes=5)
    (late,) = partner.create("Account", {"Name": "C"})
    partner.delete(gone.id)
    clock.advance(minutes=5)
    whole = window("Account", "2026-03-01T11:59:30Z", "2026-03-01T12:06:00Z")
    (updated,) = partner.call("getUpdated", whole)
    assert [e.text for e in updated.findall("p:ids", NS)] == [early.id, late.id]
    assert updated.findtext("p:latestDateCovered", None, NS) == "2026-03-01T12:06:00.000Z"
    (deleted,) = partner.call("getDeleted", whole)
    (record,) = deleted.findall("p:deletedRecords", NS)
    assert [child.text for child in record] == ["2026-03-01T12:05:00.000Z", gone.id]
    assert deleted.findtext("p:earliestDateAvailable", None, NS) == "2026-02-14T12:10:00.000Z"
    (before,) = partner.call(
        "getUpdated", window("Account", "2026-03-01T12:00:00Z", "2026-03-01T12:05:59Z")
    )
    assert [e.text for e in before.findall("p:ids", NS)] == [early.id]


def test_the_covered_date_never_lies_in_the_future(partner: Partner) -> None:
    """An end beyond now is covered up to the last whole minute only."""
    (found,) = partner.call(
        "getUpdated", window("Account", "2026-03-01T11:00:00Z", "2026-03-01T15:00:00Z")
    )
    assert found.findtext("p:latestDateCovered", None, NS) == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("operation", "start", "end"),
    [
        ("getUpdated", "2026-01-29T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("getDeleted", "2026-02-13T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("getUpdated", "2026-03-01T12:00:00Z", "2026-03-01T12:00:59Z"),
        ("getUpdated", "2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"),
        ("getUpdated", "yesterday", "2026-03-01T11:00:00Z"),
    ],
)
def test_windows_have_their_limits(partner: Partner, operation: str, start: str, end: str) -> None:
    """Too far back, too short, upside down or no date: INVALID_REPLICATION_DATE."""
    with pytest.raises(Fault, match="INVALID_REPLICATION_DATE"):
        partner.call(operation, window("Account", start, end))


def test_the_server_tells_its_time(partner: Partner) -> None:
    """getServerTimestamp is the clock, to the millisecond."""
    (found,) = partner.call("getServerTimestamp")
    assert found.findtext("p:timestamp", None, NS) == "2026-03-01T12:00:00.250Z"
