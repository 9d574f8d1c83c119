"""Commands that end with one line: what cannot be done, and why, without a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from bridge import BridgeError
from bridge.wording import printable


class OneLineErrors(click.Group):
    """A group whose commands end with one line and exit code 2 where they cannot do as asked."""

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        """Reads the command line."""
        with self._in_one_line():
            return super().make_context(*given, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        with self._in_one_line():
            return super().invoke(ctx)

    def told(self, error: Exception) -> str | None:
        """What is said of an error; None of one that nobody expects."""
        match error:
            case BridgeError():
                return str(error)
            case click.exceptions.NoArgsIsHelpError():
                return None  # click shows the help
            case click.UsageError():
                return _usage(error)
            case OSError():
                return f"{error.filename or 'system'}: {error.strerror or error}"
            case UnicodeEncodeError():
                found = error.object[error.start : error.end]
                return f"{found[:20]!r} cannot be written in {error.encoding}: {error.object[:80]}"
            case _:
                return None

    @contextmanager
    def _in_one_line(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            message = self.told(error)
            if message is None:
                raise
            click.echo(f"erp-bridge: {printable(message)}", err=True)
            sys.exit(2)


def _usage(error: click.UsageError) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message} (see `{error.ctx.command_path} --help`)" if error.ctx else message
