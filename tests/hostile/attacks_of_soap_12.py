"""Named attacks by SOAP 1.2: what differs from SOAP 1.1."""

from bridge.soap.soap_versions import SOAP_12
from tests.hostile.attacks import GOOD, PING, Attack, envelope

_SAID = SOAP_12.content_type
_GOOD = envelope(PING, soap=SOAP_12)


def _attack(name: str, code: str, content: str, said: str = _SAID) -> Attack:
    headers = {"Content-Type": said}
    return Attack(f"{name} in SOAP 1.2", code, content.encode(), headers, 400, "Sender")


def _mismatch(name: str, content: str) -> Attack:
    headers = {"Content-Type": _SAID}
    return Attack(name, "VersionMismatch", content.encode(), headers, 500, "VersionMismatch")


def _bound(name: str, blocks: str) -> Attack:
    content = envelope(PING, header=f"<s:Header>{blocks}</s:Header>", soap=SOAP_12).encode()
    headers = {"Content-Type": _SAID}
    return Attack(name, "HeaderNotUnderstood", content, headers, 500, "MustUnderstand")


def _block(name: str = "h", namespace: str = "urn:x", role: str = "") -> str:
    attributes = f'xmlns:x="{namespace}" s:mustUnderstand="true" s:role="{role}"'
    return f"<x:{name} {attributes}/>"


ATTACKS_OF_SOAP_12 = [
    _mismatch("SOAP 1.1 as SOAP 1.2", GOOD),
    _mismatch("SOAP 1.3", _GOOD.replace("2003/05", "2013/05")),
    _bound("2,000 blocks", "".join(_block(f"h{number}") for number in range(2000))),
    _bound("a block of a long name", _block("x" * 40_000)),
    _bound("a block of a long namespace", _block(namespace="u:" + "x" * 40_000)),
    _bound("a block of an odd namespace", _block(namespace="u:&amp;&apos;&#x27;")),
    _bound("a block without a namespace", '<h s:mustUnderstand="1"/>'),
    _bound("a block for the next", _block(role=f"{SOAP_12.namespace}/role/next")),
    _attack("another action", "ActionMismatch", _GOOD, f'{_SAID}; action="urn:x"'),
    _attack("a long action", "ActionMismatch", _GOOD, f'{_SAID}; action="{"x" * 20_000}"'),
    _attack("UTF-7", "UnsupportedEncoding", _GOOD, f"{SOAP_12.media_type}; charset=utf-7"),
    _attack("a document type", "ForbiddenMarkup", "<!DOCTYPE x>" + _GOOD),
    _attack("two bodies", "NotAnEnvelope", _GOOD.replace("<s:Body", "<s:Body/><s:Body")),
    _attack("a trailer", "NotAnEnvelope", _GOOD.replace("</s:Envelope", "<x/></s:Envelope")),
    _attack("an alien operation", "UnknownOperation", envelope("<x/>", soap=SOAP_12)),
    _attack("half of it", "MalformedXml", _GOOD[:-20]),
]
