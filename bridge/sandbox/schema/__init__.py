"""What the org holds: objects and fields, read from a schema file or an Enterprise WSDL."""

from bridge.sandbox.schema.file import DEFAULT_SCHEMA, load_schema
from bridge.sandbox.schema.model import (
    ALWAYS_SET,
    DECIMAL_TYPES,
    ID_TYPES,
    TEXT_TYPES,
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
from bridge.sandbox.schema.wsdl import with_objects_of

__all__ = [
    "ALWAYS_SET",
    "DECIMAL_TYPES",
    "DEFAULT_SCHEMA",
    "ID_TYPES",
    "TEXT_TYPES",
    "Access",
    "DuplicateRule",
    "Field",
    "FieldType",
    "OnDelete",
    "OnDuplicate",
    "Organization",
    "SObject",
    "Schema",
    "load_schema",
    "with_objects_of",
]
