"""Who said what of customers, and which values that explains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.domain.comparison import normalised
from bridge.domain.crm import CrmRecord
from bridge.domain.records import Field, RecordKey, Value, Values
from bridge.domain.survivorship import Rules, Survivor


@dataclass(frozen=True)
class Word:
    """A value that a person gave a field, and those that were seen there until then."""

    value: Value | None
    seen: frozenset[Value | None] = frozenset()

    def knows(self, one: Field, other: "Word") -> bool:
        """Whether it was said in the knowledge of the other."""
        return normalised(one, other.value) in {normalised(one, value) for value in self.seen}


@dataclass(frozen=True)
class Fair:
    """The values that a field may have by now (None: any), and whether it may be broken."""

    values: frozenset[str | None] | None
    broken: bool = False

    def allows(self, one: Field, value: Value | None, *, broken: bool) -> bool:
        if broken:
            return self.broken
        return self.values is None or normalised(one, value) in self.values


@dataclass
class Words:
    """What both sides last agreed on of each customer, and the last word of each side since.

    Of an Account that won merges, also what is to be heard if it goes on as the customer whom a
    loser was.
    """

    rules: Rules
    agreed: dict[RecordKey, dict[str, Value | None]] = field(default_factory=dict)
    agreed_with: dict[RecordKey, str] = field(default_factory=dict)
    of_erp: dict[RecordKey, dict[str, Word]] = field(default_factory=dict)
    of_crm: dict[str, dict[RecordKey | None, dict[str, Word]]] = field(default_factory=dict)

    def said_in_erp(self, key: RecordKey, before: Values, after: Values) -> None:
        """Somebody gave the ERP's customer these values."""
        _note(self.of_erp.setdefault(key, {}), self._compared(), before, after)

    def said_in_crm(self, salesforce_id: str, before: Values, after: Values) -> None:
        """Somebody gave an Account these values."""
        own = self.of_crm.setdefault(salesforce_id, {}).setdefault(None, {})
        for words in (own, *self._inherited(salesforce_id).values()):
            _note(words, self._compared(), before, after)

    def kept_in_erp(self, key: RecordKey, name: str, offered: Value | None) -> None:
        """The ERP was shown a value, and kept its own: it knows the other."""
        words = self.of_erp.setdefault(key, {})
        if name in words:
            words[name] = Word(words[name].value, words[name].seen | {offered})

    def merged(self, loser: str, key: RecordKey | None, values: Values, winner: CrmRecord) -> None:
        """An Account of that key and these values lost to another, which is as somebody wanted it.

        As the loser's customer it goes on where the loser ended.
        """
        heir = self.of_crm.setdefault(winner.salesforce_id, {})
        for one in self._inherited(loser).keys() | ({key} if key else set()):
            heir[one] = dict(self._said(one, loser))
            _note(heir[one], self._compared(), values, winner.values)

    def settled(self, key: RecordKey, salesforce_id: str, values: Values, broken: set[str]) -> None:
        """Both sides agree on all fields but the broken ones: what was said of those stands."""
        names = {one.name for one in self._compared()} - broken
        known = self.agreed.get(key, {}) if self.agreed_with.get(key) == salesforce_id else {}
        self.agreed[key] = known | {name: values.get(name) for name in names}
        self.agreed_with[key] = salesforce_id
        for words in (self.of_erp.get(key, {}), *self.of_crm.get(salesforce_id, {}).values()):
            for name in names & words.keys():
                del words[name]

    def complaints(
        self,
        key: RecordKey,
        salesforce_id: str,
        values: Values,
        *,
        broken: set[str],
        heirs: Iterable[str],
    ) -> list[str]:
        """What of a customer's values nobody's words explain.

        `broken` fields wait for a person; `heirs` are the records that won merges of the one that
        was agreed with, and so go on where it ended.
        """
        goes_on = self.agreed_with.get(key) in (salesforce_id, *heirs)
        found = []
        for one in self._compared():
            fair = self._fair(key, salesforce_id, one, goes_on=goes_on)
            if not fair.allows(one, values.get(one.name), broken=one.name in broken):
                found.append(
                    f"{key} {one.name}: is {values.get(one.name)!r}"
                    f"{', broken' if one.name in broken else ''}, and had to be {fair}"
                    f" (agreed {self.agreed.get(key, {}).get(one.name)!r},"
                    f" ERP {self.of_erp.get(key, {}).get(one.name)},"
                    f" CRM {self._said(key, salesforce_id).get(one.name)})"
                )
        return found

    def _fair(self, key: RecordKey, salesforce_id: str, one: Field, *, goes_on: bool) -> Fair:
        agreed = self.agreed.get(key, {}).get(one.name)
        erp = self.of_erp.get(key, {}).get(one.name)
        crm = self._said(key, salesforce_id).get(one.name)
        if one.name in self.rules.mirrored:
            return _only(one, erp.value if erp else agreed)
        if erp is None and not goes_on:  # linked anew: all that the ERP holds counts as said
            erp = Word(agreed)
        if erp is None or crm is None:
            word = erp or crm
            return _only(one, word.value if word else agreed)
        if normalised(one, erp.value) == normalised(one, crm.value):
            return _only(one, erp.value)
        return self._fair_between(one, erp, crm, agreed, goes_on=goes_on)

    def _fair_between(
        self, one: Field, erp: Word, crm: Word, agreed: Value | None, *, goes_on: bool
    ) -> Fair:
        """Both spoke, and differ.

        Who knew the other's word has the last one, unless the bridge cannot tell that it was known:
        then it is survivorship's, as between two who knew nothing of each other. The same goes for
        who went back to what was agreed. What never was agreed and has one value alone is that
        value, or a conflict, if both had agreed on none meanwhile.
        """
        survived = self._survived(one, erp, crm)
        said = {normalised(one, word.value) for word in (erp, crm)}
        if not goes_on and None in said:
            return Fair(None, broken=True)
        if goes_on and normalised(one, agreed) in said:
            return Fair(frozenset(said), broken=True)
        informed = {
            normalised(one, word.value)
            for word, other in ((erp, crm), (crm, erp))
            if word.knows(one, other)
        }
        return Fair((survived.values or frozenset()) | informed, survived.broken)

    def _survived(self, one: Field, erp: Word, crm: Word) -> Fair:
        said = [normalised(one, word.value) for word in (erp, crm)]
        survivors = {
            Survivor.ERP: Fair(frozenset(said[:1])),
            Survivor.CRM: Fair(frozenset(said[1:])),
            Survivor.LATEST: Fair(frozenset(said), broken=True),  # of two at once, neither is
            Survivor.REVIEW: Fair(frozenset(), broken=True),
        }
        return survivors[self.rules.survivor_of(one.name)]

    def _said(self, key: RecordKey, salesforce_id: str) -> dict[str, Word]:
        """What is to be heard of an Account that is a customer's."""
        said = self.of_crm.get(salesforce_id, {})
        return said.get(key, said.get(None, {}))

    def _inherited(self, salesforce_id: str) -> dict[RecordKey, dict[str, Word]]:
        said = self.of_crm.get(salesforce_id, {})
        return {key: words for key, words in said.items() if key is not None}

    def _compared(self) -> tuple[Field, ...]:
        """All but the number, by which a customer is known: who names another is another."""
        return tuple(one for one in self.rules.compared if one.name != "number")


def _note(
    words: dict[str, Word], compared: Iterable[Field], before: Values, after: Mapping[str, object]
) -> None:
    for one in compared:
        if one.name in after and (
            one.name not in before
            or normalised(one, before[one.name]) != normalised(one, after[one.name])  # type: ignore[arg-type]
        ):
            seen = words[one.name].seen if one.name in words else frozenset()
            words[one.name] = Word(after[one.name], seen | {before.get(one.name)})  # type: ignore[arg-type]


def _only(one: Field, value: Value | None) -> Fair:
    return Fair(frozenset([normalised(one, value)]))
