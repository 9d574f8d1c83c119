"""The users of a Salesforce: what they enter, change, delete and merge there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bridge.domain.crm import CrmRecord
from bridge.domain.records import RecordKey, RecordType
from bridge.salesforce.pages import Page
from bridge.sandbox import SandboxServer
from tests.jobs.both_sides.words import Words
from tests.jobs.world import MAPPINGS, Clock
from tests.sandbox.partner import NS, Partner, sobject

KEY = "ERP_Key__c"


@dataclass
class Users:
    """The users of a Salesforce.

    `entered` are the ids of the records that they entered, `merged` who won over whom, `keyless`
    the keys that they took off Accounts.
    """

    sandbox: SandboxServer
    clock: Clock
    words: Words
    entered: set[str] = field(default_factory=set)
    merged: dict[str, str] = field(default_factory=dict)
    keyless: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.partner = Partner(self.sandbox)

    def close(self) -> None:
        self.partner.http.close()

    def log_in(self) -> None:
        """They do so again after a while."""
        self.partner.renew()

    def records(self, record_type: RecordType) -> dict[str, CrmRecord]:
        """All that they see of a kind, deleted ones too, by id."""
        mapping = MAPPINGS[record_type]
        soql = f"SELECT {', '.join(mapping.select())} FROM {mapping.sobject} ORDER BY Id"
        page = Page.decode(self.partner.query(soql, operation="queryAll"))
        return {one.salesforce_id: one for one in map(mapping.read, page.rows)}

    def enter(self, record_type: RecordType, **fields: str) -> str | None:
        """One enters a record; its id, or None where Salesforce refuses it."""
        (result,) = self.partner.create(MAPPINGS[record_type].sobject, fields)
        if not result.success:
            assert result.codes == ("DUPLICATE_VALUE",), result
            return None
        assert result.id is not None
        self.entered.add(result.id)
        self._listen(record_type, result.id, {})
        return result.id

    def edit(
        self, record_type: RecordType, salesforce_id: str, late_seconds: int, **fields: str | None
    ) -> None:
        """One changes a record; the commit may come late, unless others wrote it since."""
        before = self.records(record_type)[salesforce_id]
        with self._late(before, late_seconds):
            (result,) = self.partner.update(
                MAPPINGS[record_type].sobject, {"Id": salesforce_id, **fields}
            )
        assert result.success, result
        self._listen(record_type, salesforce_id, before.values)

    def take_key_off(self, account: CrmRecord) -> None:
        """One empties an Account's ERP key."""
        (result,) = self.partner.update("Account", {"Id": account.salesforce_id, KEY: None})
        assert result.success, result
        self.keyless[account.salesforce_id] = str(account.erp_key)

    def give_key_back(self, account: CrmRecord) -> None:
        """One enters the key that was taken off, unless another Account has it by now."""
        key = self.keyless[account.salesforce_id]
        (result,) = self.partner.update("Account", {"Id": account.salesforce_id, KEY: key})
        assert result.success or result.codes == ("DUPLICATE_VALUE",), result
        if result.success:
            del self.keyless[account.salesforce_id]

    def correct_key(self, account: CrmRecord, key: str) -> None:
        """One enters another ERP key, unless another Account has it."""
        (result,) = self.partner.update("Account", {"Id": account.salesforce_id, KEY: key})
        assert result.success or result.codes == ("DUPLICATE_VALUE",), result

    def delete(self, record: CrmRecord, late_seconds: int) -> None:
        """One deletes a record; the commit may come late, unless others wrote it since."""
        with self._late(record, late_seconds):
            (result,) = self.partner.delete(record.salesforce_id)
        assert result.success, result

    def undelete(self, salesforce_id: str) -> None:
        """One takes a record out of the recycle bin, unless its place is taken."""
        (result,) = self.partner.undelete(salesforce_id)
        assert result.success or result.codes in (("DUPLICATE_VALUE",), ("UNDELETE_FAILED",))
        if result.success:
            self.merged.pop(salesforce_id, None)

    def merge(self, winner: CrmRecord, loser: CrmRecord) -> None:
        """One merges two Accounts into the first, which stays what it was."""
        request = (
            f"<p:request><p:masterRecord>{sobject('Account', {'Id': winner.salesforce_id})}"
            f"</p:masterRecord><p:recordToMergeIds>{loser.salesforce_id}</p:recordToMergeIds>"
            "</p:request>"
        )
        (result,) = self.partner.call("merge", request)
        assert result.findtext("p:success", "", NS) == "true"
        self.merged[loser.salesforce_id] = winner.salesforce_id
        named = loser.erp_key or self.keyless.get(loser.salesforce_id)
        key = RecordKey.parse(RecordType.CUSTOMER, named) if named else None
        self.words.merged(loser.salesforce_id, key, loser.values, winner)

    def heirs(self, salesforce_id: str | None) -> list[str]:
        """Those that won over a record, over its winner, and so on."""
        heirs: list[str] = []
        while salesforce_id in self.merged:
            salesforce_id = self.merged[salesforce_id]
            heirs.append(salesforce_id)
        return heirs

    def _listen(self, record_type: RecordType, salesforce_id: str, before: Any) -> None:
        if record_type is RecordType.CUSTOMER:
            after = self.records(record_type)[salesforce_id].values
            self.words.said_in_crm(salesforce_id, before, after)

    @contextmanager
    def _late(self, record: CrmRecord, seconds: int) -> Iterator[None]:
        """What is written commits so long after the moment that its row bears."""
        late = timedelta(seconds=seconds)
        if record.modified_at > self.clock() - late:
            late = timedelta()
        now = self.clock.moment
        self.clock.moment -= late
        yield
        self.clock.moment = now
