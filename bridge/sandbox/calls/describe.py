"""describeSObject, describeSObjects and describeGlobal: the schema as Salesforce tells it.

Element order is the WSDL's (DescribeSObjectResult, Field): alphabetical, and clients rely on it.
"""

from decimal import Decimal

from bridge.sandbox.calls.context import Call
from bridge.sandbox.errors import ApiFault, unknown_type
from bridge.sandbox.schema import (
    ALWAYS_SET,
    DECIMAL_TYPES,
    ID_TYPES,
    Field,
    FieldType,
    OnDelete,
    Schema,
    SObject,
)
from bridge.sandbox.soap.wire import element, text_of, texts_of

MOST_OBJECTS = 100
_MOST_RECORDS_A_CALL = 200
_ENTITY_TYPES_SINCE = Decimal(50)
_BYTES_PER_CHARACTER = 3
_SOAP_TYPES = {
    FieldType.BOOLEAN: "xsd:boolean",
    FieldType.DATE: "xsd:date",
    FieldType.DATETIME: "xsd:dateTime",
    FieldType.INT: "xsd:int",
    **dict.fromkeys(DECIMAL_TYPES, "xsd:double"),
    **dict.fromkeys(ID_TYPES, "tns:ID"),
}
_Facts = dict[str, str | int | bool | None]


def describe_sobject(call: Call) -> str:
    return _described(call, text_of(call.body, "sObjectType"))


def describe_sobjects(call: Call) -> str:
    names = texts_of(call.body, "sObjectType")
    if len(names) > MOST_OBJECTS:
        raise ApiFault("EXCEEDED_ID_LIMIT", f"cannot describe more than {MOST_OBJECTS} objects")
    return "".join([_described(call, name) for name in names])


def describe_global(call: Call) -> str:
    sobjects = [
        f"<sobjects>{_elements(_object_facts(sobject, call.version))}</sobjects>"
        for sobject in call.org.schema.objects
    ]
    head = element("encoding", "UTF-8") + element("maxBatchSize", _MOST_RECORDS_A_CALL)
    return f"<result>{head}{''.join(sobjects)}</result>"


def _described(call: Call, name: str) -> str:
    sobject = call.org.schema.find(name)
    if sobject is None:
        raise unknown_type(name)
    facts = _object_facts(sobject, call.version) | _FURTHER_FACTS
    parts = {key: element(key, value) for key, value in facts.items()}
    parts["childRelationships"] = _child_relationships(call.org.schema, sobject)
    parts["fields"] = "".join(
        [f"<fields>{_field(sobject, field)}</fields>" for field in sobject.shown]
    )
    return f"<result>{''.join([parts[key] for key in sorted(parts)])}</result>"


def _elements(facts: _Facts) -> str:
    return "".join([element(name, facts[name]) for name in sorted(facts)])


def _object_facts(sobject: SObject, version: Decimal) -> _Facts:
    writable = not sobject.read_only
    facts: _Facts = {
        "activateable": False,
        "createable": writable,
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": writable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "idEnabled": True,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.key_prefix,
        "label": sobject.label,
        "labelPlural": f"{sobject.label}s",
        "layoutable": True,
        "mergeable": sobject.mergeable,
        "mruEnabled": False,
        "name": sobject.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": False,
        "triggerable": writable,
        "undeletable": writable,
        "updateable": writable,
    }
    if version >= _ENTITY_TYPES_SINCE:
        facts |= {"associateEntityType": None, "associateParentEntity": None}
    return facts


def _child_relationships(schema: Schema, sobject: SObject) -> str:
    return "".join(
        [
            "<childRelationships>"
            + element("cascadeDelete", reference.on_delete is OnDelete.CASCADE)
            + element("childSObject", child.name)
            + element("deprecatedAndHidden", False)
            + element("field", reference.name)
            + (element("relationshipName", reference.children) if reference.children else "")
            + element("restrictedDelete", reference.on_delete is OnDelete.RESTRICT)
            + "</childRelationships>"
            for child, reference in schema.children_of(sobject)
        ]
    )


def _field(sobject: SObject, field: Field) -> str:
    facts = _type_facts(field) | _permission_facts(sobject, field)
    parts = {name: element(name, value) for name, value in facts.items()}
    if field.values:
        parts["picklistValues"] = "".join([_picklist_entry(value) for value in field.values])
    if field.type is FieldType.REFERENCE and field.to:
        parts["referenceTo"] = element("referenceTo", field.to)
        parts["relationshipName"] = element("relationshipName", field.relationship)
    return "".join([parts[name] for name in sorted(parts)])


def _type_facts(field: Field) -> _Facts:
    length = 18 if field.type in ID_TYPES else field.length
    return {
        "autoNumber": bool(field.auto_number),
        "byteLength": length * _BYTES_PER_CHARACTER,
        "calculated": False,
        "caseSensitive": field.case_sensitive,
        "custom": field.custom,
        "digits": field.precision if field.type is FieldType.INT else 0,
        "externalId": field.external_id,
        "label": field.label,
        "length": length,
        "name": field.name,
        "precision": field.precision if field.type in DECIMAL_TYPES else 0,
        "scale": field.scale,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "type": field.type,
        "unique": field.unique,
    }


def _permission_facts(sobject: SObject, field: Field) -> _Facts:
    writable = field.writable and not sobject.read_only
    return {
        "aggregatable": field.filterable,
        "aiPredictionField": False,
        "createable": writable,
        "defaultedOnCreate": field.name in ALWAYS_SET or field.type is FieldType.BOOLEAN,
        "deprecatedAndHidden": False,
        "filterable": field.filterable,
        "groupable": field.filterable and field.type not in DECIMAL_TYPES,
        "idLookup": field.external_id or field.type is FieldType.ID,
        "nameField": field.name == "Name",
        "nillable": not field.required and field.name not in ALWAYS_SET,
        "permissionable": field.custom and not field.required,
        "polymorphicForeignKey": False,
        "queryByDistance": False,
        "restrictedPicklist": field.type is FieldType.PICKLIST and field.restricted,
        "searchPrefilterable": False,
        "sortable": field.filterable,
        "updateable": writable,
    }


def _picklist_entry(value: str) -> str:
    return (
        "<picklistValues>"
        + element("active", True)
        + element("defaultValue", False)
        + element("label", value)
        + element("value", value)
        + "</picklistValues>"
    )


_FURTHER_FACTS: _Facts = {
    "compactLayoutable": False,
    "defaultImplementation": None,
    "implementedBy": None,
    "implementsInterfaces": None,
    "networkScopeFieldName": None,
    "searchLayoutable": False,
    "urlDetail": None,
    "urlEdit": None,
    "urlNew": None,
}
