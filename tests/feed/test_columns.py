"""Columns files and the one line that says what is wrong with one."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.domain.records import CustomerStatus, DocumentStatus, RecordType
from bridge.feed import BadColumns, load_columns
from bridge.feed.columns import Columns

INVOICE = """
[file]
delimiter = ";"
decimal = ","
thousands = "."
date_format = "%d.%m.%Y"

[columns]
number = "No"
customer_number = "Debtor"
issued_on = "Date"
due_on = "Due"
currency = "Cur"
net_amount = "Net"
gross_amount = "Gross"
open_amount = "Gross"
status = "St"

[constants]
company_code = "1000"
tax_amount = 0

[codes.status]
"" = "OPEN"
P = "PAID"
default = "DISPUTED"

[date_formats]
due_on = "%Y%m%d"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the columns file stands."""
    return tmp_path / "erp.toml"


def load(file: Path, text: str, record_type: RecordType = RecordType.INVOICE) -> Columns:
    file.write_text(text, encoding="utf-8")
    return load_columns(file, record_type)


def test_it_tells_where_every_field_comes_from(file: Path) -> None:
    """Columns, constants, codes and formats are as written."""
    columns = load(file, INVOICE)
    assert columns.sources["open_amount"] == columns.sources["gross_amount"] == "Gross"
    assert columns.constants == {"company_code": "1000", "tax_amount": Decimal(0)}
    assert columns.codes["status"] == {"": "OPEN", "P": "PAID", "default": "DISPUTED"}
    assert columns.date_formats == {"issued_on": "%d.%m.%Y", "due_on": "%Y%m%d"}
    assert (columns.format.delimiter, columns.format.thousands) == (";", ".")


def test_it_has_defaults_for_a_plain_file(file: Path) -> None:
    """Without [file], a file is what most programs call CSV."""
    text = '[columns]\nnumber = "A"\nname = "B"\n[constants]\nstatus = "ACTIVE"\n'
    columns = load(file, text, RecordType.CUSTOMER)
    assert columns.format.model_dump() == {
        "delimiter": ",",
        "encoding": "utf-8",
        "decimal": ".",
        "thousands": "",
        "date_format": "%Y-%m-%d",
    }
    assert columns.constants["status"] is CustomerStatus.ACTIVE


def test_it_reads_constants_exactly(file: Path) -> None:
    """A number without quotes is a decimal, never a float; a date may stand without quotes."""
    text = INVOICE.replace("tax_amount = 0", "tax_amount = 0.1\npurchase_order = 'x'")
    text = text.replace('issued_on = "Date"', "").replace(
        'company_code = "1000"', 'company_code = "1000"\nissued_on = 2024-12-31'
    )
    columns = load(file, text)
    assert columns.constants["tax_amount"] == Decimal("0.1")
    assert columns.constants["issued_on"] == date(2024, 12, 31)
    assert DocumentStatus.OPEN not in columns.constants.values()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'customer_number = "Debtor"',
            'custmer_number = "Debtor"',
            "erp.toml, line 10: an invoice has no field 'custmer_number';"
            " did you mean 'customer_number'?",
        ),
        ("[columns]", "[columns]\nlines = 'x'", "line 9: lines repeats"),
        (
            'number = "No"',
            "",
            "erp.toml: an invoice needs number: name the column in [columns]",
        ),
        (
            'company_code = "1000"',
            'company_code = "1000"\nnumber = "1"',
            "number stands in [columns] and in [constants]",
        ),
        ('delimiter = ";"', 'delimiter = ";;"', "line 3: file.delimiter: must be one character"),
        ('delimiter = ";"', 'delimeter = ";"', "did you mean 'delimiter'?"),
        ('delimiter = ";"', 'encoding = "latin-15"', "'latin-15' is no text encoding"),
        ('delimiter = ";"', 'encoding = "base64"', "'base64' is no text encoding"),
        ('decimal = ","', 'decimal = "."', "decimal and thousands are both '.'"),
        ('decimal = ","', 'decimal = ";"', "line 4: file.decimal: Input should be '.' or ','"),
        ("%d.%m.%Y", "%d.%b.%Y", "line 6: file.date_format: %b in '%d.%b.%Y' is not supported"),
        ('company_code = "1000"', "company_code = 1000", "company_code must be a text in quotes"),
        ('company_code = "1000"', 'company_code = "A/B"', "may hold letters"),
        ("tax_amount = 0", "tax_amount = true", "tax_amount must be a number"),
        ("tax_amount = 0", 'tax_amount = "1,5"', "is no number written with '.'"),
        ("tax_amount = 0", "tax_amount = 0.12345", "more than 4 decimals"),
        ('P = "PAID"', 'P = "PAYED"', "codes.status.P: status: 'PAYED' is none of OPEN"),
        ("[codes.status]", "[codes.state]", "an invoice has no field 'state'"),
        ("[codes.status]", "[codes.company_code]", "company_code is not in [columns]"),
        ("[codes.status]", "[codes.net_amount]", "net_amount holds no codes"),
        ('due_on = "%Y%m%d"', 'number = "%Y%m%d"', "number is no date"),
        ('due_on = "%Y%m%d"', 'due_on = "%Y"', "must hold the year"),
        ("[date_formats]", "[dateformats]", "is not known; did you mean 'date_formats'?"),
        ("[columns]", "[columns", "erp.toml: Expected ']'"),
        ('number = "No"', "number = 1", "columns.number: Input should be a valid string"),
    ],
)
def test_it_says_in_one_line_what_is_wrong(file: Path, old: str, new: str, message: str) -> None:
    """File, line and the nearest name that exists."""
    assert old in INVOICE
    with pytest.raises(BadColumns) as caught:
        load(file, INVOICE.replace(old, new, 1))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_it_says_which_file_is_missing(file: Path) -> None:
    """A wrong path is named."""
    with pytest.raises(BadColumns, match=r"erp\.toml cannot be read"):
        load_columns(file, RecordType.INVOICE)
