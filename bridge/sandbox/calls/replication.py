"""getUpdated, getDeleted and getServerTimestamp.

Source: SOAP API Developer Guide, pages of those names: a start at most 30 (updated) or 15 (deleted)
days back, at least a minute before the end, and seconds cut off both.
"""

from datetime import datetime, timedelta

from bridge.sandbox.calls.context import Call
from bridge.sandbox.errors import ApiFault, unknown_type
from bridge.sandbox.schema import SObject
from bridge.sandbox.soap.wire import element, text_of
from bridge.sandbox.values import parse_datetime, timestamp

UPDATED_LOOKBACK = timedelta(days=30)
DELETED_LOOKBACK = timedelta(days=15)
MOST_IDS = 600_000


def get_updated(call: Call) -> str:
    """Ids of records created or changed in the window and not deleted since."""
    sobject, start, end = _window(call, UPDATED_LOOKBACK)
    found = _changed(call, sobject, (start, end), deleted=False)
    return "".join(
        [
            "<result>",
            *[element("ids", key) for key, _ in found],
            element("latestDateCovered", _covered(call, end)),
            "</result>",
        ]
    )


def get_deleted(call: Call) -> str:
    """Ids and moments of deletions in the window."""
    sobject, start, end = _window(call, DELETED_LOOKBACK)
    found = _changed(call, sobject, (start, end), deleted=True)
    earliest = call.org.now() - DELETED_LOOKBACK
    return "".join(
        [
            "<result>",
            *[
                f"<deletedRecords>{element('deletedDate', stamp)}{element('id', key)}"
                "</deletedRecords>"
                for key, stamp in found
            ],
            element("earliestDateAvailable", timestamp(_whole_minute(earliest))),
            element("latestDateCovered", _covered(call, end)),
            "</result>",
        ]
    )


def get_server_timestamp(call: Call) -> str:
    return f"<result>{element('timestamp', timestamp(call.org.now()))}</result>"


def _window(call: Call, lookback: timedelta) -> tuple[SObject, datetime, datetime]:
    name = text_of(call.body, "sObjectType")
    sobject = call.org.schema.find(name)
    if sobject is None:
        raise unknown_type(name)
    start, end = _moment(call, "startDate"), _moment(call, "endDate")
    if end <= start:
        raise _refused("startDate must be before endDate")
    if end - start < timedelta(minutes=1):
        raise _refused("endDate must be at least one minute greater than startDate")
    if start < call.org.now() - lookback:
        raise _refused(f"startDate must be within the last {lookback.days} days")
    return sobject, start, end


def _moment(call: Call, name: str) -> datetime:
    text = text_of(call.body, name)
    try:
        return _whole_minute(parse_datetime(text))
    except ValueError as error:
        raise _refused(f"{name} is not a dateTime: '{text}'") from error


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _refused(message: str) -> ApiFault:
    return ApiFault("INVALID_REPLICATION_DATE", message)


def _changed(
    call: Call, sobject: SObject, window: tuple[datetime, datetime], *, deleted: bool
) -> list[tuple[str, str]]:
    start, end = map(timestamp, window)
    with call.org.database.reading() as connection:
        found = connection.execute(
            f'SELECT "Id", "SystemModstamp" FROM "{sobject.name}"'  # noqa: S608  (schema's name)
            ' WHERE "SystemModstamp" >= ? AND "SystemModstamp" < ? AND "IsDeleted" = ?'
            ' ORDER BY "SystemModstamp", "Id" LIMIT ?',
            (start, end, deleted, MOST_IDS + 1),
        ).fetchall()
    if len(found) > MOST_IDS:
        raise ApiFault("EXCEEDED_ID_LIMIT", f"more than {MOST_IDS} ids: choose a smaller window")
    return found


def _covered(call: Call, end: datetime) -> str:
    """Up to where nothing can appear any more: not beyond now, nor beyond what is not committed."""
    waiting = call.org.late_commits.oldest() or call.org.now()
    return timestamp(min(end, _whole_minute(call.org.now()), _whole_minute(waiting)))
