"""The decision table's laws, on whatever versions and rules there may be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.comparison import Sense, Tolerance, agree
from bridge.domain.decisions import Decision, Version, Versions
from bridge.domain.periods import ClosedPeriods
from bridge.domain.reconcile import decide
from bridge.domain.records import (
    CustomerStatus,
    DocumentStatus,
    RecordType,
    System,
    Value,
    key_of,
)
from bridge.domain.survivorship import Rules, Survivor
from tests.builders import EARLY, EXAMPLES, compared, rules

D = Decimal
POOLS: Mapping[RecordType, Mapping[str, list[Any]]] = {
    RecordType.CUSTOMER: {
        "name": ["Muster", "Muster AG", " Muster ", "", None],
        "phone": ["1", "030 1234", "+49 30 1234", "+43 30 1234", "x" * 41, None],
        "billing_country": ["DE", "Germany", "AT", "Atlantis", None],
        "email": ["a@b.example", "A@b.example", "c@d.example", None],
        "currency": ["EUR", "JPY", "eur", None],
        "credit_limit": [D(100), D("100.50"), D("100.5"), D(101), None],
        "status": [CustomerStatus.ACTIVE, CustomerStatus.CLOSED, "DORMANT", None],
    },
    RecordType.INVOICE: {
        "customer_number": ["C1", "C2", None],
        "due_on": [EARLY.date(), (EARLY + timedelta(days=30)).date(), None],
        "currency": ["EUR", "JPY"],
        "gross_amount": [D(100), D("100.5"), D(101), D("100.75")],
        "status": [DocumentStatus.OPEN, DocumentStatus.PAID],
    },
}
TYPES = st.sampled_from(list(POOLS))
TRANSITIONS = [{}, {"PAID": frozenset[str]()}, {"ACTIVE": frozenset({"CLOSED"})}]


@dataclass(frozen=True)
class Case:
    """What is to be decided, and by which rules."""

    versions: Versions
    rules: Rules

    def decide(self) -> Decision:
        return decide(self.versions, self.rules)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    record_type = draw(TYPES)
    return Case(draw(all_versions(record_type)), draw(any_rules(record_type)))


def any_rules(record_type: RecordType) -> st.SearchStrategy[Rules]:
    names = list(POOLS[record_type])
    survivor = st.sampled_from(list(Survivor))
    tolerances = st.sampled_from([D(0), D("0.5"), D(1)])
    return st.builds(
        rules,
        st.just(record_type),
        *map(st.just, names),
        survivors=st.dictionaries(st.sampled_from(names), survivor),
        default_survivor=survivor,
        mirrored=st.frozensets(st.sampled_from(names)),
        expected_in_erp=st.booleans(),
        review_created=st.booleans(),
        transitions=st.sampled_from(TRANSITIONS),
        tolerance=st.builds(
            Tolerance, tolerances, st.dictionaries(st.sampled_from(["EUR", "JPY"]), tolerances)
        ),
    )


@st.composite
def all_versions(draw: st.DrawFn, record_type: RecordType) -> Versions:
    pool = POOLS[record_type]
    whole = st.fixed_dictionaries({name: st.sampled_from(some) for name, some in pool.items()})
    partial = st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(some) for name, some in pool.items()}
    )
    key = key_of(EXAMPLES[record_type])
    # Mostly alive, linked and read in full: else there is little to decide.
    usually = st.integers(0, 9).map(bool)
    erp = draw(version_of(whole, usually)) if draw(usually) else None
    crm = draw(version_of(whole if draw(usually) else partial, usually)) if draw(usually) else None
    return Versions(
        key=key,
        erp=erp,
        crm=crm,
        agreed=draw(st.none() | whole | partial),
        crm_key=str(key) if draw(usually) else draw(st.sampled_from([None, "other"])),
        customer_known=draw(usually),
    )


def version_of(
    values: st.SearchStrategy[dict[str, Any]], usually: st.SearchStrategy[bool]
) -> st.SearchStrategy[Version]:
    instants = st.integers(0, 2).map(lambda hours: EARLY + timedelta(hours=hours))
    return st.builds(Version, values, instants, usually.map(lambda alive: not alive))


def delivered(case: Case, decision: Decision) -> Case:
    """The same case after both systems have accepted every correction."""
    before = case.versions
    sides = {System.ERP: before.erp, System.CRM: before.crm}
    agreed = dict((decision.agreed if decision.agreed is not None else before.agreed) or {})
    crm_key = before.crm_key
    for correction in decision.corrections:
        changes = {field.name: field.new for field in correction.fields}
        old = sides[correction.target]
        if old is None:  # created, with all that was not told empty
            start: Mapping[str, Value | None] = {field.name: None for field in case.rules.compared}
            agreed, crm_key = dict(start), str(before.key)
            old = Version(start, EARLY)
        sides[correction.target] = replace(old, values={**old.values, **changes})
        agreed |= changes
    moved = agreed if agreed or before.agreed is not None else None
    return replace(
        case,
        versions=replace(
            before, erp=sides[System.ERP], crm=sides[System.CRM], agreed=moved, crm_key=crm_key
        ),
    )


@settings(max_examples=200)
@given(cases())
def test_a_second_run_has_nothing_to_correct(case: Case) -> None:
    """Convergence: once all corrections have landed, there are none left, and no new break."""
    first = case.decide()
    second = delivered(case, first).decide()
    assert second.corrections == ()
    assert {(one.kind, one.field) for one in second.breaks} <= {
        (one.kind, one.field) for one in first.breaks
    }


@settings(max_examples=60)
@given(cases())
def test_the_agreement_settles(case: Case) -> None:
    """After the second run AGREED stands still as well."""
    settled = delivered(case, case.decide())
    again = settled.decide()
    assert delivered(settled, again).decide().agreed is None


@settings(max_examples=60)
@given(st.data(), TYPES)
def test_equal_versions_decide_nothing(data: st.DataObject, record_type: RecordType) -> None:
    """No echo: three equal versions give no correction, no break and no new agreement."""
    three = data.draw(all_versions(record_type))
    if three.erp is None:
        return
    values = three.erp.values
    equal = replace(
        three,
        erp=Version(values, EARLY),
        crm=Version(values, EARLY + timedelta(hours=1)),
        agreed=values,
        crm_key=str(three.key),
    )
    assert decide(equal, data.draw(any_rules(record_type))) == Decision()


@settings(max_examples=60)
@given(cases())
def test_no_field_is_both_corrected_and_broken(case: Case) -> None:
    """A field has one fate: corrected on one side, broken, or agreed."""
    decision = case.decide()
    corrected = [field.name for one in decision.corrections for field in one.fields]
    broken = [one.field for one in decision.breaks]
    assert len(corrected) == len(set(corrected))
    assert len(broken) == len(set(broken))
    assert not set(corrected) & set(broken)


@settings(max_examples=60)
@given(cases())
def test_every_difference_is_corrected_or_broken(case: Case) -> None:
    """Nothing is swept under the carpet: what both sides hold and differs gets a fate."""
    decision, three = case.decide(), case.versions
    if three.erp is None or three.crm is None or three.erp.deleted or three.crm.deleted:
        return
    if any(one.field == "" for one in decision.breaks):
        return  # the whole record is broken
    fates = {field.name for one in decision.corrections for field in one.fields}
    fates |= {one.field for one in decision.breaks}
    widest = Tolerance(default=D(1))  # that the rules of these cases have
    senses = [Sense(widest, country=country) for country in ("DE", "AT", None)]
    for field in case.rules.compared:
        erp, crm = three.erp.values.get(field.name), three.crm.values.get(field.name)
        if not any(agree(field, erp, crm, sense) for sense in senses):
            assert field.name in fates


@settings(max_examples=60)
@given(cases())
def test_mirrored_fields_never_go_to_the_erp(case: Case) -> None:
    """What Salesforce only shows is never carried back, whatever survivorship says."""
    for correction in case.decide().corrections:
        if correction.target is System.ERP:
            assert not {field.name for field in correction.fields} & case.rules.mirrored


@settings(max_examples=60)
@given(cases())
def test_nothing_of_a_closed_period_is_corrected(case: Case) -> None:
    """What an open period would correct is told instead, and nothing else is decided otherwise."""
    days = {"issued_on": EARLY.date()}
    sides = {
        name: side and replace(side, values={**side.values, **days})
        for name, side in (("erp", case.versions.erp), ("crm", case.versions.crm))
    }
    dated = replace(case.versions, **sides)
    opened = decide(dated, case.rules)
    closed = replace(case.rules, closed=ClosedPeriods({"default": EARLY.date()}))
    decision = decide(dated, closed)
    if not any(sides.values()):
        return
    assert decision.corrections == ()
    assert (decision.agreed, decision.obeyed) == (opened.agreed, opened.obeyed)
    creates = dated.crm is None
    corrected = {field.name for one in opened.corrections for field in one.fields}
    expected = {""} if creates and corrected else corrected
    assert {one.field for one in decision.breaks} == expected | {one.field for one in opened.breaks}


@settings(max_examples=60)
@given(cases())
def test_only_records_that_both_have_are_changed(case: Case) -> None:
    """The bridge creates in Salesforce alone, and never where the record was before."""
    three = case.versions
    for correction in case.decide().corrections:
        assert three.erp is not None
        assert not three.erp.deleted
        if three.crm is None:
            assert correction.target is System.CRM
        else:
            assert not three.crm.deleted


@settings(max_examples=60)
@given(st.data(), cases())
def test_order_changes_no_decision(data: st.DataObject, case: Case) -> None:
    """Equal arguments in any order give equal decisions, the second time as the first."""

    def shuffled(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if values is None:
            return None
        return {name: values[name] for name in data.draw(st.permutations(list(values)))}

    def form(decision: Decision) -> tuple[object, ...]:
        fields = {(one.target, field) for one in decision.corrections for field in one.fields}
        return fields, set(decision.breaks), decision.agreed

    three = case.versions
    other = replace(
        three,
        erp=three.erp and replace(three.erp, values=shuffled(three.erp.values) or {}),
        crm=three.crm and replace(three.crm, values=shuffled(three.crm.values) or {}),
        agreed=shuffled(three.agreed),
    )
    fields = tuple(data.draw(st.permutations(case.rules.compared)))
    assert form(decide(other, replace(case.rules, compared=fields))) == form(case.decide())
    assert case.decide() == case.decide()


def test_every_field_of_the_pools_exists() -> None:
    """The laws are tried on real fields."""
    for record_type, pool in POOLS.items():
        assert len(compared(record_type, *pool)) == len(pool)
