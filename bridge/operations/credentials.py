"""What a caller shows, and who it proves to be."""

from dataclasses import dataclass, field

from bridge.operations.rights import UNRESTRICTED, Rights


@dataclass(frozen=True, slots=True)
class Secret:
    """Name and secret as they are: HTTP Basic, or WS-Security's PasswordText."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretDigest:
    """WS-Security's PasswordDigest (UsernameToken Profile 1.0, section 3.1).

    `digest` is SHA-1(nonce + created + secret), its 20 bytes, and `nonce` are its bytes, both
    after Base64 is decoded. `created` is the text as it was sent.
    """

    name: str
    digest: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    created: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`<consumer id>.<secret>`, as in the header X-API-Key."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate that TLS has verified, by the SHA-256 of its DER.

    In hexadecimal digits of either case, colons between them or not.
    """

    fingerprint: str


Credentials = Secret | SecretDigest | ApiKey | Certificate


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who calls, and what it may do."""

    name: str
    rights: Rights = UNRESTRICTED
