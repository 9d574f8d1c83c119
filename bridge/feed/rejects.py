"""The rejects file: rejected rows as their source wrote them, and why, to repair and feed again."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.feed.reading import Fault
from bridge.feed.source import BYTE_ORDER_MARK, REPAIR_COLUMNS, Row, SourceFile, UnusableFile

Reject = Callable[[Row, Fault], None]
"""Takes down a rejected row."""


@contextmanager
def open_rejects(path: Path | None, source: SourceFile) -> Iterator[Reject]:
    """A function that writes rejected rows to the file, or to nowhere where there is no path.

    The file is written anew and holds its header even if no row follows: what an earlier feed
    rejected would mislead. Raises UnusableFile where it cannot be written.
    """
    if path is None:
        yield lambda row, fault: None
        return
    if path.exists() and path.samefile(source.path):
        raise UnusableFile(f"{path} is the file being fed: write the rejects to another one")
    encoding = source.format.encoding
    try:
        file = path.open("w", encoding=encoding, errors="surrogateescape", newline="")
    except OSError as error:
        raise UnusableFile(f"{path} cannot be written: {error.strerror}") from error
    with file:
        if source.has_byte_order_mark:
            file.write(BYTE_ORDER_MARK)
        writer = csv.writer(file, delimiter=source.format.delimiter, lineterminator="\n")
        writer.writerow((*source.header, *REPAIR_COLUMNS))

        def reject(row: Row, fault: Fault) -> None:
            missing = len(source.header) - len(row.cells)
            reason = fault.message.encode(encoding, "backslashreplace").decode(encoding)
            writer.writerow((*row.cells, *[""] * missing, row.line, fault.code, reason))

        yield reject
