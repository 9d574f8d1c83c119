"""The rejects file: for repair, and to be fed again."""

import csv
from pathlib import Path

import pytest

from bridge.feed import UnusableFile
from bridge.feed.columns import FileFormat
from bridge.feed.reading import Fault
from bridge.feed.rejects import open_rejects
from bridge.feed.source import SourceFile

WHY = Fault("BAD_DATE", "due_on", "due_on: 'soon' is no date")


def source(folder: Path, content: bytes, file_format: FileFormat) -> SourceFile:
    path = folder / "export.csv"
    path.write_bytes(content)
    return SourceFile(path, file_format)


def reject_all(file: SourceFile, path: Path) -> None:
    with open_rejects(path, file) as reject:
        for row in file.rows():
            reject(row, Fault("BAD_ROW", "", row.fault) if row.fault else WHY)


def test_it_writes_rows_as_their_source_does(tmp_path: Path) -> None:
    """Delimiter, encoding, byte order mark, quoted breaks and stray bytes are the source's."""
    content = '\ufeffa;b\n1;"x;\ny"\n'.encode() + b"2;\xe4\n"
    path = tmp_path / "rejects.csv"
    reject_all(source(tmp_path, content, FileFormat(delimiter=";")), path)
    expected = (
        "\ufeffa;b;line;code;reason\n".encode()
        + b"1;\"x;\ny\";2;BAD_DATE;due_on: 'soon' is no date\n"
        + b"2;\xe4;4;BAD_DATE;due_on: 'soon' is no date\n"
    )
    assert path.read_bytes() == expected


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
def test_it_escapes_what_the_encoding_lacks(tmp_path: Path, encoding: str) -> None:
    """A reason may hold characters that the source's encoding does not know."""
    file = source(tmp_path, "a\nä\n".encode(encoding), FileFormat(encoding=encoding))
    path = tmp_path / "rejects.csv"
    with open_rejects(path, file) as reject:
        for row in file.rows():
            reject(row, Fault("X", "", "→ \udce4"))
    with path.open(encoding=encoding, newline="") as text:
        assert text.read().splitlines()[1].startswith("ä,2,X,")


def test_rejected_again_a_row_has_one_reason(tmp_path: Path) -> None:
    """Feeding a rejects file whose rows are still bad adds no further columns."""
    first, second = tmp_path / "rejects.csv", tmp_path / "again.csv"
    reject_all(source(tmp_path, b"a,b\n1,2\n", FileFormat()), first)
    reject_all(SourceFile(first, FileFormat()), second)
    assert second.read_bytes() == first.read_bytes()


def test_a_row_that_is_no_row_is_kept_whole(tmp_path: Path) -> None:
    """Short, long and unreadable rows keep their text; the reason follows it."""
    path = tmp_path / "rejects.csv"
    reject_all(source(tmp_path, b'a,b\n1\n1,2,3\n1,"x\n', FileFormat()), path)
    with path.open(newline="") as text:
        rows = list(csv.reader(text))
    assert [row[:-1] for row in rows[1:]] == [
        ["1", "", "2", "BAD_ROW"],
        ["1", "2", "3", "3", "BAD_ROW"],
        ['1,"x', "", "4", "BAD_ROW"],
    ]


def test_an_earlier_rejects_file_is_replaced(tmp_path: Path) -> None:
    """Without rejected rows a header remains, not the rows of yesterday."""
    path = tmp_path / "rejects.csv"
    path.write_text("yesterday")
    with open_rejects(path, source(tmp_path, b"a\n1\n", FileFormat())):
        pass
    assert path.read_text() == "a,line,code,reason\n"


def test_it_never_writes_over_its_source(tmp_path: Path) -> None:
    """Feeding a rejects file needs another name for its own rejects, by whatever path."""
    file = source(tmp_path, b"a\n1\n", FileFormat())
    (tmp_path / "link.csv").symlink_to(file.path)
    with (
        pytest.raises(UnusableFile, match="is the file being fed"),
        open_rejects(tmp_path / "link.csv", file),
    ):
        pass
    assert file.path.read_bytes() == b"a\n1\n"


def test_it_says_where_it_cannot_write(tmp_path: Path) -> None:
    """A folder that does not exist is told before anything is sent."""
    file = source(tmp_path, b"a\n1\n", FileFormat())
    with (
        pytest.raises(UnusableFile, match=r"rejects\.csv cannot be written: No such file"),
        open_rejects(tmp_path / "none" / "rejects.csv", file),
    ):
        pass
