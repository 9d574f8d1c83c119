"""CSV files as rows with their line numbers."""

import csv
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.feed.columns import FileFormat
from bridge.feed.source import Row, SourceFile, UnusableFile

PLAIN = FileFormat()


def source(folder: Path, content: str | bytes, file_format: FileFormat = PLAIN) -> SourceFile:
    path = folder / "export.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return SourceFile(path, file_format)


def test_it_counts_physical_lines(tmp_path: Path) -> None:
    """Quoted line breaks and blank lines are counted, and a row has the line it starts on."""
    file = source(tmp_path, 'a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n , \r\n3,"u\nv\nw"\r\n4,t')
    assert [(row.line, row.cells) for row in file.rows()] == [
        (2, ["1", "x\r\ny"]),
        (5, ["2", "z"]),
        (7, ["3", "u\nv\nw"]),
        (10, ["4", "t"]),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_it_tolerates_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    """The mark is no part of the first column's name, quoted or not."""
    content = '\ufeff"Zahl";b\r\nÄ;2\r\n'.encode(encoding.removesuffix("-sig"))
    if encoding == "utf-16":
        content = content[2:]  # Python writes a mark of its own
    file = source(tmp_path, content, FileFormat(encoding=encoding, delimiter=";"))
    assert file.header == ("Zahl", "b")
    assert [row.cells for row in file.rows()] == [["Ä", "2"]]


def test_it_reads_the_same_rows_again(tmp_path: Path) -> None:
    """A file can be read as often as needed."""
    file = source(tmp_path, "a\n1\n2\n")
    assert list(file.rows()) == list(file.rows()) == [Row(2, ["1"]), Row(3, ["2"])]


def test_a_row_with_too_few_or_too_many_cells_is_at_fault_alone(tmp_path: Path) -> None:
    """Its neighbours are rows; blank cells past the header are forgiven."""
    file = source(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8,, \n")
    assert [(row.line, row.fault) for row in file.rows()] == [
        (2, None),
        (3, "the row has 1 cell, the header 2"),
        (4, "the row has 3 cells, the header 2"),
        (5, None),
    ]


@pytest.mark.parametrize(
    "tail",
    ["", '3,"x"\n', "3,x\n" * 100, "3," + "x" * 200_000 + "\n"],
)
def test_a_quote_that_is_never_closed_spoils_its_own_line_alone(tmp_path: Path, tail: str) -> None:
    """The lines it swallows up to the next quote or the end are read as rows of their own."""
    file = source(tmp_path, 'a,b\n1,"open\n2,fine\n' + tail)
    rows = list(file.rows())
    assert (rows[0].line, rows[0].cells) == (2, ['1,"open'])
    assert rows[0].fault
    assert rows[1] == Row(3, ["2", "fine"])


def test_stray_bytes_spoil_no_row(tmp_path: Path) -> None:
    """Bytes that are not of the encoding reach the value that holds them, as lone surrogates."""
    file = source(tmp_path, b"a,b\n1,\xe4\n2,fine\n")
    assert [row.cells for row in file.rows()] == [["1", "\udce4"], ["2", "fine"]]


def test_what_an_earlier_rejects_file_added_is_no_column(tmp_path: Path) -> None:
    """A repaired file has three columns more, and rows added by hand may lack them."""
    file = source(tmp_path, "a,code,line,code,reason\n1,x,7,BAD,why\n2,y\n3,z,,,\n")
    assert file.header == ("a", "code")
    assert [(row.cells, row.fault) for row in file.rows()] == [
        (["1", "x"], None),
        (["2", "y"], None),
        (["3", "z"], None),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b'"a,b\n', "line 1: the row is no CSV"),
        (b"\xff\xfea\x00,", "not written in utf-16"),
    ],
)
def test_it_says_why_a_file_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    """One line that names the file."""
    encoding = "utf-16" if content.startswith(b"\xff") else "utf-8"
    with pytest.raises(UnusableFile, match=message) as caught:
        source(tmp_path, content, FileFormat(encoding=encoding))
    assert "export.csv" in str(caught.value)


def test_it_says_why_a_path_cannot_be_read(tmp_path: Path) -> None:
    """A pipe cannot be read twice, so its rows would be lost silently: it is refused."""
    with pytest.raises(UnusableFile, match=r"none\.csv cannot be read: No such file"):
        SourceFile(tmp_path / "none.csv", PLAIN)
    os.mkfifo(tmp_path / "pipe")
    for no_file in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UnusableFile, match="is no regular file"):
            SourceFile(no_file, PLAIN)


def test_it_notices_that_the_file_grows(tmp_path: Path) -> None:
    """An export that is still being written is refused rather than half fed."""
    file = source(tmp_path, "a\n1\n2\n")
    rows = file.rows()
    next(rows)
    with file.path.open("a") as more:
        more.write("3\n")
    with pytest.raises(UnusableFile, match="changed while it was read"):
        list(rows)
    with pytest.raises(UnusableFile, match="changed while it was read"):
        list(file.rows())


def test_it_notices_that_the_file_is_replaced(tmp_path: Path) -> None:
    """Another file under the same name is not the one that was checked."""
    file = source(tmp_path, "a\n1\n")
    other = tmp_path / "other.csv"
    other.write_text("a\n2\n")
    os.replace(other, file.path)
    with pytest.raises(UnusableFile, match="changed while it was read"):
        list(file.rows())


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=8)


@given(
    rows=st.lists(st.tuples(cells, cells, cells).filter(lambda row: any(c.strip() for c in row))),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_it_reads_what_the_csv_module_writes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    """Any cells come back as they were written, each row on its line."""
    path = tmp_path_factory.mktemp("csv") / "export.csv"
    lines = []
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(("a", "b", "c"))
        for row in rows:
            text.flush()
            lines.append(_physical_lines(path) + 1)
            writer.writerow(row)
    read = list(SourceFile(path, FileFormat(delimiter=delimiter)).rows())
    assert [(row.line, tuple(row.cells)) for row in read] == list(zip(lines, rows, strict=True))


def _physical_lines(path: Path) -> int:
    with path.open(newline="", encoding="utf-8") as text:
        return sum(1 for _ in text)
