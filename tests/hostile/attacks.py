"""Named attacks on the SOAP endpoint, each with the fault that it must get."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.soap.calls import encode_request
from bridge.soap.elements import NAMESPACE
from bridge.soap.soap_versions import SOAP_11, SoapVersion
from tests.soap.samples import INVOICE

XML = SOAP_11.content_type
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PING = f'<Ping xmlns="{NAMESPACE}"/>'
GOOD = encode_request("SubmitInvoices", "m-1", [INVOICE]).decode()
ENTITIES = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
LAUGHS = f'<!DOCTYPE x [<!ENTITY a0 "lol">{ENTITIES}]>'


@dataclass(frozen=True)
class Attack:
    """A request, and what it must be answered with."""

    name: str
    code: str
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 500
    fault_code: str = "Client"


def attack(name: str, code: str, content: str | bytes, **others: str) -> Attack:
    """An attack whose other arguments are HTTP headers, with _ for the hyphen."""
    headers = {name.replace("_", "-"): value for name, value in others.items()}
    return Attack(name, code, content.encode() if isinstance(content, str) else content, headers)


def envelope(body: str, *, header: str = "", prolog: str = "", soap: SoapVersion = SOAP_11) -> str:
    """An envelope around the XML of a body."""
    parts = f"{header}<s:Body>{body}</s:Body>"
    return f'{prolog}<s:Envelope xmlns:s="{soap.namespace}">{parts}</s:Envelope>'


def call(operation: str, members: str) -> str:
    """The envelope of a call, its members as they come."""
    return envelope(f'<{operation} xmlns="{NAMESPACE}">{members}</{operation}>')


def amount(text: str) -> str:
    """A submission with this net amount."""
    return GOOD.replace(">11888.625<", f">{text}<", 1)


def issued_on(text: str) -> str:
    """A submission with this date."""
    return GOOD.replace(">2026-03-01<", f">{text}<", 1)


def number(text: str) -> str:
    """A look-up of a customer by this number, as XML."""
    return call("GetCustomer", f"<Number>{text}</Number>")


def bind(attributes: str) -> Attack:
    """A header with these attributes, which must be understood."""
    block = f'<s:Header><x:A xmlns:x="urn:x" {attributes}/></s:Header>'
    content = envelope(PING, header=block).encode()
    code = "HeaderNotUnderstood"
    return Attack(f"header {attributes}", code, content, fault_code="MustUnderstand")


def _markup() -> list[Attack]:
    external = '<!DOCTYPE x SYSTEM "file:///etc/passwd">'
    texts = {
        "document type": envelope(PING, prolog="<!DOCTYPE x>"),
        "entities": envelope(number("&a9;"), prolog=LAUGHS),
        "external document type": envelope(PING, prolog=external),
        "document type after a comment": envelope(PING, prolog="<!--Envelope-->" + external),
        "entities after a comment": envelope(PING, prolog="<!-- <![CDATA[ -->" + LAUGHS),
        "document type after spaces": envelope(PING, prolog=" \n" * 1000 + LAUGHS),
        "instruction first": envelope(PING, prolog="<?php exit ?>"),
        "stylesheet": envelope(PING, prolog='<?xml version="1.0"?><?xml-stylesheet href="x"?>'),
        "instruction in the body": call("Ping", "<?a?>"),
        "instruction last": envelope(PING) + "<?a?>",
    }
    utf_16 = Attack(
        "document type in UTF-16",
        "ForbiddenMarkup",
        envelope(PING, prolog=external).encode("utf-16"),
        {"Content-Type": "text/xml; charset=utf-16"},
    )
    return [utf_16, *(attack(name, "ForbiddenMarkup", text) for name, text in texts.items())]


def _sizes() -> list[Attack]:
    def complex_one(name: str, content: str) -> Attack:
        return attack(name, "RequestTooComplex", content)

    many = " ".join(f'a{i}="1"' for i in range(40))
    spaces = " ".join(f'xmlns:a{i}="u:{i}"' for i in range(40))
    packed = {"Content_Encoding": "gzip"}
    wide = call("Ping", "<a/>" * 9_000_000).encode()
    return [
        attack("11 MB", "RequestTooLarge", b"x" * 11_000_000),
        attack("gzip bomb", "RequestTooLarge", gzip.compress(b" " * 100_000_000, 1), **packed),
        attack("gzip bomb of tags", "RequestTooComplex", gzip.compress(wide, 1), **packed),
        complex_one("depth of 33", envelope("<a>" * 31 + "</a>" * 31)),
        complex_one("depth of 255", envelope("<a>" * 253 + "</a>" * 253)),
        complex_one("depth of a million", envelope("<a>" * 1_000_000 + "</a>" * 1_000_000)),
        complex_one("40 attributes", envelope(f"<Ping {many}/>")),
        complex_one("40 attributes beside a >", envelope(f"<Ping a='>' {many}/>")),
        complex_one("40 namespaces", envelope(f'<Ping xmlns="{NAMESPACE}" {spaces}/>')),
        complex_one("300,000 attributes", envelope(f"<Ping {many * 7500}/>")),
        complex_one("2 million elements", call("Ping", "<a/>" * 2_000_000)),
        complex_one("600,000 headers", envelope(PING, header="<a/>" * 600_000)),
        complex_one("400,000 records", call("SubmitInvoices", "<Invoice><X/></Invoice>" * 400_000)),
        complex_one("2,501 records", call("SubmitInvoices", "<Invoice/>" * 2501)),
        complex_one("5 MB of text", number("x" * 5_000_000)),
        complex_one("5 MB in an attribute", envelope(f'<Ping a="{"x" * 5_000_000}"/>')),
        complex_one("5 MB of name", envelope(f"<{'x' * 5_000_000}/>")),
        complex_one("5 MB of spaces", call("Ping", " " * 5_000_000)),
        complex_one("9 million digits", amount("9" * 9_000_000)),
    ]


def _transfer() -> list[Attack]:
    packed = gzip.compress(GOOD.encode())
    twice = gzip.compress(packed)
    return [
        attack("nothing", "RequestIncomplete", ""),
        attack("gzip truncated", "RequestIncomplete", packed[:-9], Content_Encoding="gzip"),
        attack("gzip twice", "RequestIncomplete", packed * 2, Content_Encoding="gzip"),
        attack("gzip and garbage", "RequestIncomplete", packed + b"x", Content_Encoding="gzip"),
        attack("no gzip", "UnsupportedEncoding", GOOD, Content_Encoding="gzip"),
        attack("two codings", "UnsupportedEncoding", packed, Content_Encoding="gzip, gzip"),
        attack("deflate", "UnsupportedEncoding", packed, Content_Encoding="deflate"),
        attack("packed twice", "UnsupportedEncoding", twice, Content_Encoding="gzip"),
    ]  # fmt: skip


def _character_sets() -> list[Attack]:
    def lie(name: str, content: bytes, content_type: str = XML) -> Attack:
        return attack(name, "UnsupportedEncoding", content, Content_Type=content_type)

    text, short = GOOD.encode(), envelope(PING)
    latin, told = GOOD.replace("größer", "Größe").encode("cp1252", "ignore"), "text/xml; charset="
    return [
        lie("UTF-16 as UTF-8", GOOD.encode("utf-16")),
        lie("UTF-8 as UTF-16", GOOD.encode("utf-8-sig"), f"{told}utf-16"),
        lie("UTF-8 as Latin-1", GOOD.encode("utf-8-sig"), f"{told}iso-8859-1"),
        lie("UTF-8 as UTF-7", text, f"{told}utf-7"),
        lie("UTF-8 as zlib", text, f"{told}zlib"),
        lie("UTF-8 as escapes", text, f"{told}unicode_escape"),
        lie("UTF-8 as NUL", text, f'{told}"utf-8%00"'),
        lie("UTF-8 as a long name", text, f"{told}{'x' * 5000}"),
        lie("odd UTF-16", short.encode("utf-16-le") + b" ", f"{told}utf-16-le"),
        lie("UTF-8 as ASCII", text, f"{told}us-ascii"),
        lie("Latin-1 as UTF-8", latin),
        lie("Latin-1 untold", latin, "text/xml"),
        lie("EBCDIC", GOOD.encode("cp500", "ignore"), "text/xml"),
        lie("overlong UTF-8", text.replace(b"I-1", b"\xc0\xaf")),
        lie("surrogate in UTF-8", text.replace(b"I-1", b"\xed\xa0\x80")),
        lie(
            "declared UTF-7", b'<?xml version="1.0" encoding="UTF-7"?>' + short.encode(), "text/xml"
        ),
        attack("UTF-16 untold", "MalformedXml", short.encode("utf-16-le")),
        attack("UTF-32", "MalformedXml", short.encode("utf-32-le")),
    ]


def _content_types() -> list[Attack]:
    given = [
        "application/json",
        "application/soap",
        "application/soap+xml/",
        "multipart/related; boundary=x",
        "text/xml-external-parsed-entity",
        "x" * 5000,
        "text/xml/",
    ]
    return [
        Attack(one[:40], "WrongContentType", GOOD.encode(), {"Content-Type": one}, 415)
        for one in given
    ]


def _malformed() -> list[Attack]:
    contents: dict[str, str | bytes] = {
        "spaces": "   ",
        "text": "hello",
        "truncated": GOOD[:-20],
        "twice": GOOD * 2,
        "more after it": GOOD + "x",
        "NUL": GOOD.replace("I-1", "a\0b"),
        "NUL first": "\0" + GOOD,
        "NUL last": GOOD + "\0",
        "reference to NUL": GOOD.replace("I-1", "&#0;"),
        "reference to a control": GOOD.replace("I-1", "&#1;"),
        "reference to a surrogate": GOOD.replace("I-1", "&#xD800;"),
        "reference beyond Unicode": GOOD.replace("I-1", "&#x110000;"),
        "reference without end": GOOD.replace("I-1", f"&#x{'1' * 10_000};"),
        "a control": GOOD.replace("I-1", "\x01"),
        "no character": GOOD.replace("I-1", "\uffff"),
        "unknown entity": GOOD.replace("I-1", "&secret;"),
        "undeclared prefix": envelope("<p:Ping/>"),
        "attribute twice": envelope(f'<Ping xmlns="{NAMESPACE}" a="1" a="2"/>'),
        "unclosed comments": "<!--" * 20_000 + GOOD,
        "unclosed comments and a document type": "<!--" * 20_000 + LAUGHS,
        "XML 2": GOOD.replace('version="1.0"', 'version="2.0"'),
    }
    return [attack(name, "MalformedXml", content) for name, content in contents.items()]


def _envelopes() -> list[Attack]:
    body = f"<s:Body>{PING}</s:Body>"
    contents = {
        "another root": "<a/>",
        "a long root": f"<{'x' * 40_000}/>",
        "no body": envelope("").replace("<s:Body></s:Body>", ""),
        "empty body": envelope(""),
        "two bodies": envelope(PING).replace(body, body * 2),
        "two operations": envelope(PING * 2),
        "two headers": envelope(PING, header="<s:Header/>" * 2),
        "header after the body": envelope(PING).replace(body, f"{body}<s:Header/>"),
        "body in a header": envelope(PING).replace(body, f"<s:Header>{body}</s:Header>"),
        "an alien beside the body": envelope(PING, header="<x/>"),
        "a trailer": envelope(PING).replace(body, f"{body}<x/>"),
        "text in the body": envelope(f"hello{PING}"),
        "text after the operation": envelope(f"{PING}hello"),
        "text in the envelope": envelope(PING, header="hello"),
    }
    return [
        *(attack(name, "NotAnEnvelope", content) for name, content in contents.items()),
        *(
            Attack(name, "VersionMismatch", content.encode(), fault_code="VersionMismatch")
            for name, content in {
                "SOAP 1.2": GOOD.replace(
                    SOAP_11.namespace, "http://www.w3.org/2003/05/soap-envelope"
                ),
                "no namespace": f"<Envelope><Body>{PING}</Body></Envelope>",
            }.items()
        ),
        bind('s:mustUnderstand="1"'),
        bind('s:mustUnderstand="true"'),
        bind('s:mustUnderstand=" 1 "'),
        bind('s:mustUnderstand="yes"'),
        bind('s:mustUnderstand="1" s:actor=" "'),
        bind('s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"'),
    ]


def _operations() -> list[Attack]:
    other = f'"{NAMESPACE}/Ping"'
    return [
        attack("another operation's action", "ActionMismatch", GOOD, SOAPAction=other),
        attack("long action", "ActionMismatch", GOOD, SOAPAction="x" * 20_000),
        attack("no operation", "UnknownOperation", call("DropTables", "")),
        attack("an answer", "UnknownOperation", call("PingResponse", "")),
        attack("a fault", "UnknownOperation", call("BridgeFault", "")),
        attack("a long operation", "UnknownOperation", call("x" * 40_000, "")),
        attack("an alien operation", "UnknownOperation", envelope('<Ping xmlns="urn:x"/>')),
    ]


def _values() -> list[Attack]:
    record = GOOD[GOOD.index("<Invoice>") : GOOD.index("</SubmitInvoices>")]
    lines = record.replace("<Line>", "<Line/>" * 2400 + "<Line>", 1)
    include = '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'
    page = "<RecordType>INVOICE</RecordType><After>0</After><Limit>{}</Limit>"
    contents = {
        **{_name("amount", text): amount(text) for text in _AMOUNTS},
        **{_name("date", text): issued_on(text) for text in _DATES},
        **{_name("limit", text): call("FetchChanges", page.format(text)) for text in _LIMITS},
        "records without a namespace": GOOD.replace("<Invoice>", '<Invoice xmlns="">'),
        "alien namespace": GOOD.replace("<Number>", '<Number xmlns="urn:x">'),
        "element twice": number("1</Number><Number>2"),
        "elements swapped": GOOD.replace("<CompanyCode>1000</CompanyCode>", "", 1),
        "501 records": GOOD.replace(record, record * 501),
        "another type": GOOD.replace("<Invoice>", f'<Invoice xmlns:i="{XSI}" i:type="Customer">'),
        "nil": GOOD.replace("<Number>", f'<Number xmlns:i="{XSI}" i:nil="true">', 1),
        "SOAP encoding": call("GetCustomer", '<Number href="#1"/>'),
        "XInclude": number(include),
        "2,400 bad records": call("SubmitInvoices", "<Invoice><X/></Invoice>" * 2400),
        "24,000 bad lines": GOOD.replace(record, lines * 10),
    }
    return [attack(name, "ContractViolated", content) for name, content in contents.items()]


def _name(what: str, text: str) -> str:
    return f"{what} {text}" if len(text) < 30 else f"{what} of {len(text)} characters"


_AMOUNTS = (
    "1e400", "1E5", "NaN", "INF", "-", "", "1,5", "0x10", "１２", "1_000",
    "9" * 10_000, "-" + "9" * 10_000, "0." + "0" * 10_000 + "1", "1.00001",
)  # fmt: skip
_DATES = (
    "10000-01-01", "-2026-01-01", "0000-01-01", "2026-02-30", "2026-01-01T00:00:00", "20260101",
    "2026-01-01+99:00", "٢٠٢٦-01-01", "9" * 10_000 + "-01-01",
)  # fmt: skip
_LIMITS = ("0", "501", "-1", "1.0", "1e2", "9" * 10_000, "99999999999999999999", "")

ATTACKS = [
    *_markup(),
    *_sizes(),
    *_transfer(),
    *_character_sets(),
    *_content_types(),
    *_malformed(),
    *_envelopes(),
    *_operations(),
    *_values(),
]
