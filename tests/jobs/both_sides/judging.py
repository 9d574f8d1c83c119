"""Both sides side by side, when all has come to rest: what nobody's words or breaks explain."""

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import text

from bridge.domain.comparison import Sense, agree
from bridge.domain.crm import CrmRecord
from bridge.domain.decisions import BreakKind
from bridge.domain.records import RecordKey, RecordType, values_of
from bridge.operations.breaks import BreakView, list_breaks
from bridge.operations.lookup import UnknownRecord, get_record
from bridge.operations.overview import list_dead_letters
from tests.jobs.both_sides.sides import Sides
from tests.jobs.world import RULES

GONE_FROM_ERP = ({BreakKind.MISSING_IN_ERP}, {BreakKind.DELETED_AND_EDITED})
GONE_FROM_CRM = ({BreakKind.MISSING_IN_CRM}, {BreakKind.DELETED_AND_EDITED})


class Judgement:
    """Both sides side by side, when all has come to rest."""

    def __init__(self, sides: Sides) -> None:
        self.sides = sides
        self.crm = {kind: sides.users.records(kind) for kind in RecordType}
        self.breaks: dict[RecordKey | str, list[BreakView]] = {}
        for one in list_breaks(sides.bridge.sessions):
            self.breaks.setdefault(one.key or str(one.salesforce_id), []).append(one)

    def judge(self) -> None:
        complaints = [
            *(found for key in self.sides.erp.told for found in self._of_key(key)),
            *self._of_crm(),
            *self._of_the_store(),
        ]
        assert not complaints, "\n" + "\n".join(complaints)

    def _of_key(self, key: RecordKey) -> Iterator[str]:
        record = self.sides.erp.books.get(key)
        found = [
            one
            for one in self.crm[key.record_type].values()
            if one.erp_key == str(key) and not one.deleted
        ]
        kinds = {one.kind for one in self.breaks.get(key, []) if not one.field}
        if record is None:
            if found and kinds not in GONE_FROM_ERP:
                yield f"{key}: gone from the ERP, but in Salesforce, and {kinds} tells"
            return
        view = get_record(self.sides.bridge.sessions, key=key)
        if view.erp != record:
            yield f"{key}: the ERP holds {record}, and the bridge takes it for {view.erp}"
        if kinds:
            yield from self._of_missing(key, kinds)
        elif len(found) != 1:
            yield f"{key}: {len(found)} times in Salesforce, and no break tells"
        else:
            yield from self._of_pair(key, found[0])

    def _of_missing(self, key: RecordKey, kinds: set[BreakKind]) -> Iterator[str]:
        """A break of the whole record has to have its reason."""
        everything_by_id = self.crm[key.record_type]
        everything = everything_by_id.values()
        if kinds in GONE_FROM_CRM:
            if any(not one.deleted and one.erp_key == str(key) for one in everything):
                yield f"{key}: called missing, but there"
        elif kinds == {BreakKind.MERGED_IN_CRM}:
            if not self.sides.users.heirs(self._linked_with(key)):
                yield f"{key}: called merged, but was not"
        elif kinds == {BreakKind.KEY_MISMATCH}:
            linked = everything_by_id.get(self._linked_with(key) or "")
            if linked is None or linked.deleted or linked.erp_key == str(key):
                yield f"{key}: called without its key, but carries it"
        elif kinds == {BreakKind.CUSTOMER_UNKNOWN}:
            if self._is_reachable(self.sides.erp.books[key].customer_number):
                yield f"{key}: waits for a customer who is there"
        else:
            yield f"{key}: broken as {kinds}"

    def _of_pair(self, key: RecordKey, crm: CrmRecord) -> Iterator[str]:
        record = self.sides.erp.books[key]
        broken = {one.field for one in self.breaks.get(key, [])}
        rules = RULES[key.record_type]
        values = values_of(record)
        for one in rules.compared:
            theirs = crm.values.get(one.name)
            ours = values[one.name]
            if one.name == "customer_number":
                ours = self._customer_in_crm(str(ours))
                if self._has_lost_its_key(ours):
                    continue  # the document is as it was, but its customer has no name there
            if one.name not in broken and not agree(one, ours, theirs, Sense()):
                yield f"{key} {one.name}: {ours!r} in the ERP, {theirs!r} in Salesforce"
        if key.record_type is RecordType.CUSTOMER:
            heirs = self.sides.users.heirs(self.sides.words.agreed_with.get(key))
            words = self.sides.words
            yield from words.complaints(key, crm.salesforce_id, values, broken=broken, heirs=heirs)
            words.settled(key, crm.salesforce_id, values, broken)
        elif broken - {"customer_number"}:
            yield f"{key}: {broken} broken, in a mirrored document"

    def _of_crm(self) -> Iterator[str]:
        for kind, records in self.crm.items():
            for one in records.values():
                if one.deleted:
                    continue
                known = one.erp_key and RecordKey.parse(kind, one.erp_key) in self.sides.erp.books
                if known:
                    continue
                users = self.sides.users
                theirs = one.salesforce_id in users.entered or one.salesforce_id in users.keyless
                if not theirs and not one.erp_key:
                    yield f"{kind} {one.salesforce_id}: the bridge has doubled it"
                expected = kind is not RecordType.CUSTOMER or one.erp_key
                key = RecordKey.parse(kind, one.erp_key) if one.erp_key else one.salesforce_id
                if expected and not any(
                    {found.kind} in GONE_FROM_ERP for found in self.breaks.get(key, [])
                ):
                    yield f"{kind} {key}: in Salesforce alone, and no break tells"

    def _of_the_store(self) -> Iterator[str]:
        for letter in list_dead_letters(self.sides.bridge.sessions):
            yield f"dead letter {letter}"
        if self.sides.bridge.engine.dialect.name == "sqlite":
            with self.sides.bridge.engine.connect() as connection:
                kinds = connection.execute(text("SELECT DISTINCT typeof(amount) FROM version"))
                if {row[0] for row in kinds} - {"integer", "null"}:
                    yield "an amount is no integer"

    def _is_reachable(self, number: str) -> bool:
        key = RecordKey(RecordType.CUSTOMER, "", number)
        if key not in self.sides.erp.books:
            return False
        kinds = {one.kind for one in self.breaks.get(key, []) if not one.field}
        return not kinds or (
            kinds == {BreakKind.MERGED_IN_CRM} and self._customer_in_crm(number) != number
        )

    def _has_lost_its_key(self, number: str) -> bool:
        """Whether the customer's Account is there, and its key was taken off."""
        linked = self._linked_with(RecordKey(RecordType.CUSTOMER, "", number)) or ""
        account = self.crm[RecordType.CUSTOMER].get(linked)
        return account is not None and not account.deleted and linked in self.sides.users.keyless

    def _customer_in_crm(self, number: str) -> str:
        """The customer as whom Salesforce knows one that was merged into another."""
        key = RecordKey(RecordType.CUSTOMER, "", number)
        accounts = self.crm[RecordType.CUSTOMER]
        for heir in self.sides.users.heirs(self._linked_with(key)):
            if heir in accounts and not accounts[heir].deleted:
                return accounts[heir].erp_key or number
        return number

    def _linked_with(self, key: RecordKey) -> str | None:
        with suppress(UnknownRecord):
            return get_record(self.sides.bridge.sessions, key=key).salesforce_id
        return None
