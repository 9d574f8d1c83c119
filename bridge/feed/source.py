"""A CSV file as rows with their line numbers, streaming, however badly some rows are written."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import TextIO

from bridge import BridgeError
from bridge.feed.columns import FileFormat
from bridge.wording import counted

REPAIR_COLUMNS = ("line", "code", "reason")
"""What a rejects file has behind the source's own columns. Ignored where it is fed again."""

BYTE_ORDER_MARK = "\ufeff"


class UnusableFile(BridgeError):
    """A file of which no row can be read, or that changes while it is read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the physical line it starts on (the first is 1), its cells as they are written.

    `fault` says why it is no row of this file; the cells are then not to be trusted.
    """

    line: int
    cells: list[str]
    fault: str | None = None


class SourceFile:
    """A CSV file (RFC 4180, with any delimiter) whose first row names its columns.

    `header` holds those names, without what an earlier rejects file added. The file can be read
    more than once. Raises UnusableFile where it cannot be read at all.
    """

    def __init__(self, path: Path, file_format: FileFormat) -> None:
        self.path, self.format = path, file_format
        self._stamp = self._stamp_now()
        with self._open() as text:
            lines = _Lines(text)
            first = next(self._rows_in(lines), None)
            self.has_byte_order_mark = lines.has_byte_order_mark
        if first is None:
            raise UnusableFile(f"{path} is empty: its first line must name the columns")
        if first.fault:
            raise UnusableFile(f"{path}, line {first.line}: {first.fault}")
        names = tuple(cell.strip() for cell in first.cells)
        repaired = names[-len(REPAIR_COLUMNS) :] == REPAIR_COLUMNS
        self.header = names[: -len(REPAIR_COLUMNS)] if repaired else names
        self._width = len(names)

    def rows(self) -> Iterator[Row]:
        """All rows below the header but for blank ones. Raises UnusableFile."""
        self._check_unchanged()
        with self._open() as text:
            rows = self._rows_in(_Lines(text))
            next(rows)
            for row in rows:
                yield self._fitted(row)
        self._check_unchanged()

    def _rows_in(self, lines: "_Lines") -> Iterator[Row]:
        reader = csv.reader(lines, delimiter=self.format.delimiter, strict=True)
        try:
            yield from _read_rows(lines, reader)
        except UnicodeError as error:
            place = f"{self.path}, after line {lines.number}"
            raise UnusableFile(f"{place}: not written in {self.format.encoding}") from error

    def _fitted(self, row: Row) -> Row:
        """The row without cells that have no name, or its fault."""
        if row.fault:
            return row
        if len(row.cells) < len(self.header) or _any_text(row.cells[self._width :]):
            fault = f"the row has {counted(len(row.cells), 'cell')}, the header {self._width}"
            return Row(row.line, row.cells, fault)
        return Row(row.line, row.cells[: len(self.header)])

    def _open(self) -> TextIO:
        # Bytes that are no text of the encoding travel as lone surrogates: they spoil the value
        # that holds them (BAD_TEXT), no other row, and are written to the rejects file unchanged.
        try:
            return self.path.open(
                encoding=self.format.encoding, errors="surrogateescape", newline=""
            )
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _check_unchanged(self) -> None:
        if self._stamp_now() != self._stamp:
            raise UnusableFile(
                f"{self.path} changed while it was read: feed it again when it is complete"
            )

    def _stamp_now(self) -> tuple[int, int, int]:
        try:
            found = self.path.stat()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if not S_ISREG(found.st_mode):
            raise UnusableFile(f"{self.path} is no regular file: it has to be read twice")
        return found.st_ino, found.st_size, found.st_mtime_ns


class _Lines:
    """The physical lines of a file: counted, remembered for a row, given back after a fault."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self.number = 0
        self.taken: list[str] = []
        self.has_byte_order_mark = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._text)
        self.number += 1
        if self.number == 1 and line.startswith(BYTE_ORDER_MARK):
            self.has_byte_order_mark = True
            line = line.removeprefix(BYTE_ORDER_MARK)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> str:
        """The first line taken; the others will be read again, as rows of their own."""
        first, *others = self.taken
        self._again.extendleft(reversed(others))
        self.number -= len(others)
        return first


def _read_rows(lines: _Lines, reader: Iterator[list[str]]) -> Iterator[Row]:
    while True:
        lines.taken.clear()
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that is never closed swallows lines up to the next one: they are innocent.
            raw = lines.give_back_all_but_first().rstrip("\r\n")
            yield Row(line, [raw], f"the row is no CSV: {error}")
            continue
        if _any_text(cells):
            yield Row(line, cells)


def _any_text(cells: list[str]) -> bool:
    return any(cell and not cell.isspace() for cell in cells)


def _unreadable(path: Path, error: OSError) -> UnusableFile:
    return UnusableFile(f"{path} cannot be read: {error.strerror}")
