"""What generated code has to look like: the signature that a programmer would write by hand.

One table of operations, and for each toolchain how it spells them. The texts are looked for in the
generated code without its comments and annotations, blanks squeezed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ODD = re.compile(r"protected JAXBElement<\w+>|\bArrayOf\w+")
"""What generated code holds where the contract is unnatural: wrapped values and arrays."""


@dataclass(frozen=True)
class Operation:
    """An operation: its arguments by name, and what it returns.

    `Invoice[]` is a repeated one, `string?` one that may be absent.
    """

    name: str
    arguments: Mapping[str, str]
    result: str
    answer: str
    """The element around the result."""


def _submit(name: str, record: str) -> Operation:
    arguments = {"MessageId": "string", record: f"{record}[]", "SnapshotId": "string?"}
    return Operation(name, arguments, "Receipt", "Receipt")


OPERATIONS = (
    _submit("SubmitCustomers", "Customer"),
    _submit("SubmitInvoices", "Invoice"),
    _submit("SubmitPayments", "Payment"),
    _submit("SubmitCreditMemos", "CreditMemo"),
    Operation(
        "BeginSnapshot",
        {"RecordType": "RecordType", "CompanyCode": "string?", "AsOf": "dateTime"},
        "Snapshot",
        "Snapshot",
    ),
    Operation(
        "CloseSnapshot",
        {"SnapshotId": "string", "Count": "int", "Total": "Total[]"},
        "ClosedSnapshot",
        "ClosedSnapshot",
    ),
    Operation("GetReceipt", {"MessageId": "string"}, "Receipt", "Receipt"),
    Operation("GetCustomer", {"Number": "string"}, "CustomerView", "CustomerView"),
    Operation(
        "GetInvoice", {"CompanyCode": "string", "Number": "string"}, "InvoiceView", "InvoiceView"
    ),
    Operation(
        "FetchChanges",
        {"RecordType": "RecordType", "After": "long", "Limit": "int"},
        "ChangePage",
        "ChangePage",
    ),
    Operation(
        "AcknowledgeChanges", {"RecordType": "RecordType", "UpTo": "long"}, "int", "Acknowledged"
    ),
    Operation("Ping", {}, "Health", "Health"),
)

Spelling = Callable[[Operation], tuple[str, ...]]
"""The texts that the generated code holds for an operation."""


def java(operation: Operation) -> tuple[str, ...]:
    """`public Receipt submitInvoices(String messageId, List<Invoice> invoice) throws ...`."""
    arguments = ", ".join(
        f"{_java_type(of)} {_lower(name)}" for name, of in operation.arguments.items()
    )
    return (
        f"public {operation.result} {_lower(operation.name)}({arguments})"
        " throws BridgeFaultException",
    )


def csharp(operation: Operation) -> tuple[str, ...]:
    """`public Receipt SubmitInvoices(string MessageId, Invoice[] Invoice)`."""
    arguments = ", ".join(f"{_csharp_type(of)} {one}" for one, of in operation.arguments.items())
    return (f"public {operation.result} {operation.name}({arguments})",)


def cpp(operation: Operation) -> tuple[str, ...]:
    """A class for the request and one for the answer, with the arguments as members."""
    name = operation.name
    members = "".join(f" {_cpp_type(of)}{one};" for one, of in operation.arguments.items())
    answer = f"{_cpp_type(operation.result)}{operation.answer};"
    return (
        f"class SOAP_CMAC _ns1__{name} {{ public:{members} struct soap *soap;",
        f"class SOAP_CMAC _ns1__{name}Response {{ public: {answer} struct soap *soap;",
    )


def php(operation: Operation) -> tuple[str, ...]:
    """A function of a struct, as ext-soap does not unwrap; the struct holds the arguments."""
    name = operation.name
    members = "".join(f" {_php_type(one, of)} {one};" for one, of in operation.arguments.items())
    return (
        f"{name}Response {name}({name} $parameters)",
        f"struct {name} {{{members} }}",
        f"struct {name}Response {{ {operation.result} {operation.answer}; }}",
    )


def zeep(operation: Operation) -> tuple[str, ...]:
    """`GetReceipt(MessageId: ns0:MessageId) -> Receipt: ns0:Receipt`."""
    arguments = ", ".join(
        f"{one}: {_zeep_type(one, of)}" for one, of in operation.arguments.items()
    )
    answer = f"{operation.answer}: {_zeep_type(operation.answer, operation.result)}"
    return (f"{operation.name}({arguments}) -> {answer}",)


def signature_facts(code: str, spelling: Spelling) -> dict[str, str]:
    """For each operation whether the code has its natural signature, and the odd words it holds."""
    bare = _bare(code)
    facts = {}
    for operation in OPERATIONS:
        missing = [text for text in spelling(operation) if text not in bare]
        facts[f"signature.{operation.name}"] = f"no {missing[0]!r}" if missing else "natural"
    odd = sorted(set(ODD.findall(code)))
    return facts | {"signature.oddities": ", ".join(odd) or "none"}


def _bare(code: str) -> str:
    """The code without comments and annotations, all blanks one space."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", " ", code, flags=re.DOTALL)
    code = re.sub(r"@\w+\([^)]*\)|\[System\.[^\]]*\]", " ", code)
    return re.sub(r"\( ", "(", re.sub(r" ([),])", r"\1", re.sub(r"\s+", " ", code)))


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _java_type(of: str) -> str:
    if of.endswith("[]"):
        return f"List<{of[:-2]}>"
    names = {"string": "String", "string?": "String", "dateTime": "XMLGregorianCalendar"}
    return names.get(of, of)


def _csharp_type(of: str) -> str:
    return {"string?": "string", "dateTime": "System.DateTime"}.get(of, of)


def _cpp_type(of: str) -> str:
    if of.endswith("[]"):
        return f"std::vector<ns1__{of[:-2]} *> "
    if of == "RecordType":
        return "enum ns1__RecordType "
    names = {
        "string": "std::string ",
        "string?": "std::string *",
        "long": "LONG64 ",
        "int": "int ",
        "dateTime": "time_t ",
    }
    return names.get(of, f"ns1__{of} *")


def _php_type(name: str, of: str) -> str:
    return _simple_type(name, of.removesuffix("[]"))


def _zeep_type(name: str, of: str) -> str:
    simple = _simple_type(name, of)
    return f"xsd:{simple}" if simple in ("long", "int", "dateTime") else f"ns0:{simple}"


def _simple_type(name: str, of: str) -> str:
    """The contract's own simple type, which these toolchains keep."""
    texts = {
        "MessageId": "MessageId",
        "SnapshotId": "SnapshotId",
        "Number": "Text60",
        "CompanyCode": "Text20",
    }
    return texts[name] if of in ("string", "string?") else "PageSize" if name == "Limit" else of
