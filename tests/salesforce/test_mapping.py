"""Records translated into sObjects and back, through a real Salesforce API."""

from collections.abc import Mapping as Values
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.domain.money import MINOR_UNITS, from_scaled
from bridge.domain.records import (
    CustomerStatus,
    DocumentStatus,
    RecordKey,
    RecordType,
    Value,
)
from bridge.salesforce import Mapping, SalesforceClient, SObject, UnwritableValue
from bridge.salesforce.mapping import reference_field

Mappings = dict[RecordType, Mapping]
numbers = count(1)

letters = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp", "Zs"))


def texts(max_length: int) -> st.SearchStrategy[str]:
    return st.text(letters, min_size=1, max_size=max_length)


def maybe(strategy: st.SearchStrategy[Value]) -> st.SearchStrategy[Value | None]:
    return st.none() | strategy


def amounts(decimals: int, digits: int) -> st.SearchStrategy[Decimal]:
    largest = 10**digits - 1
    step = 10 ** (4 - decimals)
    return st.integers(-largest, largest).map(lambda n: from_scaled(n * step))


days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
currencies = st.sampled_from(sorted(MINOR_UNITS))
customers = st.fixed_dictionaries(
    {
        "name": texts(255),
        "tax_number": maybe(texts(40)),
        "email": maybe(st.just("billing@example.com")),
        "phone": maybe(texts(40)),
        "billing_street": maybe(texts(255)),
        "billing_country": maybe(st.sampled_from(["DE", "US", "JP"])),
        "currency": maybe(currencies),
        "credit_limit": maybe(amounts(2, 15)),
        "status": st.sampled_from(CustomerStatus),
    }
)
invoices = st.fixed_dictionaries(
    {
        "company_code": texts(20),
        "issued_on": days,
        "due_on": maybe(days),
        "currency": currencies,
        "net_amount": amounts(4, 15),
        "tax_amount": amounts(4, 15),
        "gross_amount": amounts(4, 15),
        "open_amount": amounts(4, 15),
        "status": st.sampled_from(DocumentStatus),
        "purchase_order": maybe(texts(60)),
    }
)
through_the_sandbox = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def read_back(
    client: SalesforceClient, mapping: Mapping, rows: list[SObject]
) -> dict[str | None, Values[str, Value | None]]:
    """Upserts the rows, then reads them: external id -> values."""
    results = client.upsert(mapping.sobject, mapping.external_id_field, rows)
    assert [error for result in results for error in result.errors] == []
    keys = ", ".join(f"'{row.fields['ERP_Key__c']}'" for row in rows)
    soql = (
        f"SELECT {', '.join(mapping.select())} FROM {mapping.sobject} WHERE ERP_Key__c IN ({keys})"
    )
    records = [mapping.read(row) for page in client.query_pages(soql) for row in page.rows]
    assert [problem for record in records for problem in record.problems] == []
    return {record.erp_key: record.values for record in records}


@given(written=st.lists(customers, min_size=1, max_size=5))
@through_the_sandbox
def test_customers_come_back_as_they_were_written(
    sandbox_client: SalesforceClient,
    mappings: Mappings,
    written: list[dict[str, Value | None]],
) -> None:
    """Whatever the ERP says of a customer, Salesforce says the same, to the last digit."""
    mapping = mappings[RecordType.CUSTOMER]
    keyed = {f"H{next(numbers)}": values for values in written}
    rows = [
        mapping.write(RecordKey(RecordType.CUSTOMER, "", number), {"number": number, **values})
        for number, values in keyed.items()
    ]
    found = read_back(sandbox_client, mapping, rows)
    for number, values in keyed.items():
        unwritten = dict.fromkeys({field.name for field in mapping.fields} - values.keys())
        assert found[number] == {**unwritten, **values, "number": number}


@given(written=st.lists(invoices, min_size=1, max_size=5))
@through_the_sandbox
def test_invoices_come_back_as_they_were_written(
    sandbox_client: SalesforceClient,
    mappings: Mappings,
    written: list[dict[str, Value | None]],
) -> None:
    """Amounts finer than a cent, dates and the customer survive the way there and back."""
    write_customer(sandbox_client, mappings, "PARENT")
    mapping = mappings[RecordType.INVOICE]
    keyed = {f"1000/{next(numbers)}": values for values in written}
    whole = {
        key: {**values, "number": key, "customer_number": "PARENT"} for key, values in keyed.items()
    }
    rows = [
        mapping.write(RecordKey.parse(RecordType.INVOICE, key), values)
        for key, values in whole.items()
    ]
    assert read_back(sandbox_client, mapping, rows) == whole


def write_customer(client: SalesforceClient, mappings: Mappings, number: str) -> str | None:
    mapping = mappings[RecordType.CUSTOMER]
    key = RecordKey(RecordType.CUSTOMER, "", number)
    row = mapping.write(key, {"name": "Acme", "status": CustomerStatus.ACTIVE, "phone": "1"})
    return client.upsert("Account", "ERP_Key__c", [row])[0].id


def test_none_empties_a_field(sandbox_client: SalesforceClient, mappings: Mappings) -> None:
    """A value that the ERP no longer has is taken from Salesforce too; others stay."""
    write_customer(sandbox_client, mappings, "EMPTIED")
    mapping = mappings[RecordType.CUSTOMER]
    row = mapping.write(RecordKey(RecordType.CUSTOMER, "", "EMPTIED"), {"phone": None})
    values = read_back(sandbox_client, mapping, [row])["EMPTIED"]
    assert (values["phone"], values["name"]) == (None, "Acme")


def test_an_unknown_parent_sinks_its_own_row_only(
    sandbox_client: SalesforceClient, mappings: Mappings
) -> None:
    """An invoice whose customer is unknown to Salesforce is sent again; its neighbour is taken."""
    write_customer(sandbox_client, mappings, "KNOWN")
    mapping = mappings[RecordType.INVOICE]
    rows = [
        mapping.write(RecordKey(RecordType.INVOICE, "1000", parent), {"customer_number": parent})
        for parent in ("KNOWN", "UNKNOWN")
    ]
    results = sandbox_client.upsert("ERP_Invoice__c", "ERP_Key__c", rows)
    assert [result.success for result in results] == [True, False]
    assert results[1].remedy == "RETRY"


def test_asks_for_what_reading_needs(mappings: Mappings) -> None:
    """A query selects id, key, state and stamp, and only what can be merged asks for its winner."""
    account = mappings[RecordType.CUSTOMER].select()
    assert account[:5] == ["Id", "ERP_Key__c", "IsDeleted", "SystemModstamp", "MasterRecordId"]
    invoice = mappings[RecordType.INVOICE].select(["OwnerId", "Id"])
    assert "MasterRecordId" not in invoice
    assert "Account__r.ERP_Key__c" in invoice
    assert invoice[-1] == "OwnerId"
    assert len(invoice) == len(set(invoice))


def invoice_row(**fields: str | SObject | None) -> SObject:
    known = {
        "ERP_Key__c": "1000/7",
        "IsDeleted": "false",
        "SystemModstamp": "2026-03-01T10:00:00.000Z",
    }
    return SObject("ERP_Invoice__c", "a00000000000001", {**known, **fields})


def test_reads_what_salesforce_says_of_the_record_itself(mappings: Mappings) -> None:
    """Id in its long form, key, deletion, the winner of a merge, and the stamp in UTC."""
    row = SObject(
        "Account",
        "001000000000001",
        {
            "ERP_Key__c": " ",
            "IsDeleted": "true",
            "SystemModstamp": "2026-03-01T12:00:00.250+02:00",
            "MasterRecordId": "001000000000002",
        },
    )
    record = mappings[RecordType.CUSTOMER].read(row)
    assert record.salesforce_id == "001000000000001AAA"
    assert record.master_record_id == "001000000000002AAA"
    assert (record.erp_key, record.deleted) == (None, True)
    assert record.modified_at == datetime(2026, 3, 1, 10, tzinfo=UTC) + timedelta(milliseconds=250)


def test_one_unreadable_value_does_not_sink_the_row(mappings: Mappings) -> None:
    """What cannot be read is told with record, text, reason and mapping line; the rest is read."""
    row = invoice_row(Gross_Amount__c="12.5", Status__c="Lost", Issued_On__c="soon", Due_On__c=None)
    record = mappings[RecordType.INVOICE].read(row)
    assert record.values == {"gross_amount": Decimal("12.5"), "due_on": None}
    told = [str(problem) for problem in record.problems]
    assert told[0] == (
        "Issued_On__c of 1000/7 (a00000000000001AAA): 'soon' is no date such as 2026-01-31 "
        "[issued_on, invoice.toml, line 13]"
    )
    assert "Status__c" in told[1]


def test_a_parent_without_key_is_no_customer(mappings: Mappings) -> None:
    """An Account that the ERP does not know, or none at all, reads as no customer number."""
    for parent in (None, SObject("Account", None, {"ERP_Key__c": None})):
        record = mappings[RecordType.INVOICE].read(invoice_row(Account__r=parent))
        assert record.values == {"customer_number": None}


def test_writes_only_what_is_given(mappings: Mappings) -> None:
    """Fields that are absent or not mapped are left alone; a parent is named by its external id."""
    key = RecordKey(RecordType.INVOICE, "1000", "7")
    row = mappings[RecordType.INVOICE].write(
        key, {"lines": (), "customer_number": "C1", "gross_amount": Decimal("1E+3")}
    )
    assert row == SObject(
        "ERP_Invoice__c",
        None,
        {
            "ERP_Key__c": "1000/7",
            "Account__r": SObject("Account", None, {"ERP_Key__c": "C1"}),
            "Gross_Amount__c": "1000",
        },
    )


def test_taking_a_parent_away_empties_the_reference(mappings: Mappings) -> None:
    """A relationship itself cannot be emptied, the field behind it can."""
    key = RecordKey(RecordType.INVOICE, "1000", "7")
    row = mappings[RecordType.INVOICE].write(key, {"customer_number": None})
    assert row.fields == {"ERP_Key__c": "1000/7", "Account__c": None}
    assert reference_field("Parent") == "ParentId"


def test_never_writes_a_float(mappings: Mappings) -> None:
    """An amount that went through a float is refused."""
    key = RecordKey(RecordType.INVOICE, "1000", "7")
    with pytest.raises(UnwritableValue):
        mappings[RecordType.INVOICE].write(key, {"gross_amount": 0.1})  # type: ignore[dict-item]
