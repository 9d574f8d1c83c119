"""Who said what of customers, and which values that explains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.domain.comparison import normalised
from bridge.domain.records import (
    Customer,
    Field,
    RecordKey,
    Value,
    Values,
    fields_of,
)
from bridge.domain.survivorship import Rules, Survivor

CATALOGUE = fields_of(Customer)


@dataclass(frozen=True)
class Word:
    """A value that a person gave a field, and the one that stood there before."""

    value: Value | None
    before: Value | None


@dataclass
class Words:
    """What both sides last agreed on of each customer, and the last word of each side since."""

    rules: Rules
    agreed: dict[RecordKey, dict[str, Value | None]] = field(default_factory=dict)
    agreed_with: dict[RecordKey, str] = field(default_factory=dict)
    of_erp: dict[RecordKey, dict[str, Word]] = field(default_factory=dict)
    of_crm: dict[str, dict[str, Word]] = field(default_factory=dict)

    def said_in_erp(self, key: RecordKey, before: Values, after: Values) -> None:
        """Somebody gave the ERP's customer these values."""
        _note(self.of_erp.setdefault(key, {}), self._compared(), before, after)

    def said_in_crm(self, salesforce_id: str, before: Values, after: Values) -> None:
        """Somebody gave an Account these values."""
        _note(self.of_crm.setdefault(salesforce_id, {}), self._compared(), before, after)

    def kept_in_erp(self, key: RecordKey, name: str, offered: Value | None) -> None:
        """The ERP was shown a value, and kept its own: it knows the other."""
        words = self.of_erp.setdefault(key, {})
        if name in words:
            words[name] = Word(words[name].value, offered)

    def inherit(self, loser: str, winner: str) -> None:
        """An Account goes on where one that was merged into it ended."""
        self.of_crm.setdefault(winner, {}).update(self.of_crm.get(loser, {}))

    def settled(self, key: RecordKey, salesforce_id: str, values: Values, broken: set[str]) -> None:
        """Both sides agree on all fields but the broken ones: what was said of those stands."""
        names = {one.name for one in self._compared()} - broken
        known = self.agreed.get(key, {}) if self.agreed_with.get(key) == salesforce_id else {}
        self.agreed[key] = known | {name: values.get(name) for name in names}
        self.agreed_with[key] = salesforce_id
        for words in (self.of_erp.get(key, {}), self.of_crm.get(salesforce_id, {})):
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
            expected = self._expected(key, salesforce_id, one, goes_on=goes_on)
            if one.name in broken:
                if expected is not None and None not in expected and len(expected) == 1:
                    found.append(f"{key} {one.name}: broken, and had to be {expected}")
            elif expected is not None and normalised(one, values.get(one.name)) not in expected:
                found.append(
                    f"{key} {one.name}: is {values.get(one.name)!r},"
                    f" had to be {expected or 'broken'}"
                    f" (agreed {self.agreed.get(key, {}).get(one.name)!r},"
                    f" ERP {self.of_erp.get(key, {}).get(one.name)},"
                    f" CRM {self.of_crm.get(salesforce_id, {}).get(one.name)})"
                )
        return found

    def _expected(
        self, key: RecordKey, salesforce_id: str, one: Field, *, goes_on: bool
    ) -> set[str | None] | None:
        """The values that a field may have by now; none: it has to be broken; None: any."""
        agreed = self.agreed.get(key, {})
        erp = self.of_erp.get(key, {}).get(one.name)
        crm = self.of_crm.get(salesforce_id, {}).get(one.name)
        if one.name in self.rules.mirrored:
            value = erp.value if erp else agreed.get(one.name)
            return {normalised(one, value)}
        if erp is None and not goes_on:  # linked anew: all that the ERP holds counts as said
            erp = Word(agreed.get(one.name), None)
        if erp is None or crm is None:
            word = erp or crm
            return {normalised(one, word.value if word else agreed.get(one.name))}
        said = (normalised(one, erp.value), normalised(one, crm.value))
        if self._knew(one, erp, crm) or (goes_on and normalised(one, agreed.get(one.name)) in said):
            return set(said)
        if not goes_on and None in said:
            return None  # the only value, or a conflict where the bridge had agreed since
        survivors: dict[Survivor, set[str | None]] = {
            Survivor.ERP: {said[0]},
            Survivor.CRM: {said[1]},
            Survivor.LATEST: set(said),
            Survivor.REVIEW: set(),
        }
        return survivors[self.rules.survivor_of(one.name)]

    def _knew(self, one: Field, erp: Word, crm: Word) -> bool:
        """Whether one of both spoke in the knowledge of the other's word, or said the same."""
        return (
            normalised(one, erp.before) == normalised(one, crm.value)
            or normalised(one, crm.before) == normalised(one, erp.value)
            or normalised(one, erp.value) == normalised(one, crm.value)
        )

    def _compared(self) -> tuple[Field, ...]:
        return self.rules.compared


def _note(
    words: dict[str, Word], compared: Iterable[Field], before: Values, after: Mapping[str, object]
) -> None:
    for one in compared:
        if one.name in after and (
            one.name not in before
            or normalised(one, before[one.name]) != normalised(one, after[one.name])  # type: ignore[arg-type]
        ):
            words[one.name] = Word(after[one.name], before.get(one.name))  # type: ignore[arg-type]
