"""Sandboxes whose schema differs from the one that the product expects."""

from pathlib import Path

from bridge.sandbox.schema import DEFAULT_SCHEMA


def altered_schema(folder: Path, *changes: tuple[str, str]) -> Path:
    """A schema file in which each old text (it stands there once or more) is a new one."""
    text = DEFAULT_SCHEMA.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "schema.toml"
    path.write_text(text, encoding="utf-8")
    return path
