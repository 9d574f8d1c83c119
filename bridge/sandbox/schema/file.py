"""Schema files: the objects, their fields and who may log in, as TOML."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.schema.model import (
    AUDIT_FIELDS,
    ID_FIELD,
    Access,
    DuplicateRule,
    Field,
    FieldType,
    OnDelete,
    OnDuplicate,
    Organization,
    Schema,
    SObject,
)
from bridge.sandbox.toml import build, parse_toml

DEFAULT_SCHEMA = Path(__file__).with_name("schema.toml")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OBJECT_KEYS = frozenset("key_prefix label read_only mergeable duplicate_rules fields".split())
_KEY_PREFIX = re.compile(r"[0-9A-Za-z]{3}")


def load_schema(path: Path | None = None) -> Schema:
    """Read a schema file. Raises SandboxError that names what is wrong in it."""
    path = path or DEFAULT_SCHEMA
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"cannot read the schema file {path}: {error}") from error
    content = parse_toml(text, str(path))
    objects = _table(content, "objects", path)
    schema = Schema(
        organization=build(Organization, _table(content, "organization", path), "organization"),
        access=build(Access, _table(content, "access", path), "access"),
        objects=tuple(_sobject(name, _table(objects, name, path)) for name in objects),
    )
    _check_references(schema)
    return schema


def _table(content: Mapping[str, object], key: str, where: object) -> dict[str, object]:
    table = content.get(key)
    if not isinstance(table, dict):
        raise SandboxError(f"{where}: the table [{key}] is missing")
    return table


def _sobject(name: str, table: dict[str, object]) -> SObject:
    prefix = str(table.get("key_prefix", ""))
    if not (_NAME.fullmatch(name) and _KEY_PREFIX.fullmatch(prefix)):
        raise SandboxError(f"objects.{name}: needs a plain name and a key_prefix of 3 characters")
    unknown = sorted(set(table) - _OBJECT_KEYS)
    if unknown:
        known = ", ".join(sorted(_OBJECT_KEYS))
        raise SandboxError(f"objects.{name}: unknown key {unknown[0]!r}; known are {known}")
    own = [_field(name, key, value) for key, value in _table(table, "fields", name).items()]
    read_only = bool(table.get("read_only", False))
    return SObject(
        name=name,
        key_prefix=prefix,
        label=str(table.get("label", name)),
        read_only=read_only,
        mergeable=bool(table.get("mergeable", False)),
        fields=(ID_FIELD, *(_sealed(own) if read_only else own), *AUDIT_FIELDS),
        duplicate_rules=_duplicate_rules(name, table, own),
    )


def _duplicate_rules(
    name: str, table: Mapping[str, object], own: list[Field]
) -> tuple[DuplicateRule, ...]:
    where = f"objects.{name}.duplicate_rules"
    rules = table.get("duplicate_rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise SandboxError(f"{where}: needs tables with a name and fields")
    return tuple(_duplicate_rule(where, rule, {field.name for field in own}) for rule in rules)


def _duplicate_rule(where: str, facts: dict[str, object], own: set[str]) -> DuplicateRule:
    wanted = facts.get("fields")
    if not isinstance(wanted, list) or not wanted or not own.issuperset(wanted):
        raise SandboxError(f"{where}: fields must name fields of the object")
    try:
        action = OnDuplicate(str(facts.get("action", OnDuplicate.ALERT)))
    except ValueError as error:
        raise SandboxError(f"{where}: {error}") from error
    return build(DuplicateRule, {**facts, "fields": tuple(wanted), "action": action}, where)


def _sealed(own: list[Field]) -> list[Field]:
    return [replace(field, read_only=True) for field in own]


def _field(sobject: str, name: str, value: object) -> Field:
    where = f"objects.{sobject}.fields.{name}"
    if not (_NAME.fullmatch(name) and isinstance(value, dict)):
        raise SandboxError(f"{where}: needs a plain name and a table such as {{ type = 'string' }}")
    facts: dict[str, object] = {"name": name, "label": name, **value}
    try:
        facts["type"] = FieldType(value.get("type", ""))
        facts["on_delete"] = OnDelete(value.get("on_delete", OnDelete.CLEAR))
    except ValueError as error:
        raise SandboxError(f"{where}: {error}") from error
    for key in ("values", "composed_of"):
        facts[key] = tuple(value.get(key, ()))
    return build(Field, facts, where)


def _check_references(schema: Schema) -> None:
    for sobject in schema.objects:
        for field in sobject.fields:
            if field.type is FieldType.REFERENCE and schema.find(field.to) is None:
                raise SandboxError(
                    f"{sobject.name}.{field.name}: no object {field.to!r} to refer to"
                )
