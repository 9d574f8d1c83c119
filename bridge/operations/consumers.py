"""Consumers: adding them, what they may do, exchanging what proves them."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.operations.certificates import normal_fingerprint
from bridge.operations.kept_secrets import Seal, hash_secret, new_secret
from bridge.operations.rights import UNRESTRICTED, Rights, decode_rights, encode_rights
from bridge.store import consumers as store
from bridge.store import models
from bridge.store.audit import Deed, append_deed
from bridge.store.calls import last_call_at
from bridge.store.engine import reading
from bridge.store.models import CredentialKind
from bridge.wording import in_utc

_SECRETS = (CredentialKind.SECRET, CredentialKind.DIGEST_SECRET)
_CERTIFICATES = (CredentialKind.CERTIFICATE,)


NOBODY = "bridge"
"""Who is in the audit trail where no person is named: the bridge's own doing."""


class BadConsumerName(BridgeError):
    """A name that cannot be a consumer's, or is taken."""


class UnknownConsumer(BridgeError):
    """No consumer has this name."""


class CertificateTaken(BridgeError):
    """A certificate proves one consumer alone."""


class RotationUnderWay(BridgeError):
    """Two secrets work already: another one would leave nobody to say which of them is used."""


@dataclass(frozen=True, slots=True)
class CredentialView:
    """What proves a consumer. A secret's text is kept nowhere; `fingerprint` is a certificate's."""

    kind: CredentialKind
    fingerprint: str | None
    added_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsumerView:
    """A consumer. Its API key is `<id>.<secret>`; credentials are the newest first."""

    id: int
    name: str
    added_at: datetime
    enabled: bool
    rights: Rights
    credentials: tuple[CredentialView, ...]
    last_call_at: datetime | None


def create_consumer(
    sessions: sessionmaker[Session],
    *,
    name: str,
    now: datetime,
    rights: Rights = UNRESTRICTED,
    certificate: str | None = None,
    seal: Seal | None = None,
    by: str = NOBODY,
) -> str:
    """Adds a consumer and gives its secret, which is kept nowhere.

    With a certificate's fingerprint, that proves it too; with a seal its secret is kept encrypted,
    so that it may send digests. Raises BadConsumerName, BadCertificate, CertificateTaken, and
    NoDigestKey where the seal has no key.
    """
    if not name or len(name) > 80 or ":" in name or not name.isprintable():
        raise BadConsumerName("a consumer's name has 1 to 80 printable characters and no colon")
    secret = new_secret()
    proofs = _kept(secret, seal)
    if certificate is not None:
        proofs[CredentialKind.CERTIFICATE] = normal_fingerprint(certificate)
    with sessions.begin() as session:
        consumer_id = store.add_consumer(session, name=name, rights=encode_rights(rights), now=now)
        if consumer_id is None:
            raise BadConsumerName(f"there is a consumer {name!r} already")
        _add(session, consumer_id, proofs, now)
        kinds = ", ".join(kind.lower() for kind in proofs)
        _write_down(session, "add consumer", name, f"{kinds}; {encode_rights(rights)}", by, now)
    return secret


def list_consumers(sessions: sessionmaker[Session]) -> list[ConsumerView]:
    """All consumers by name."""
    with reading(sessions) as session:
        return [_view(session, row) for row in store.list_consumers(session)]


def get_consumer(sessions: sessionmaker[Session], *, name: str) -> ConsumerView:
    """One consumer. Raises UnknownConsumer."""
    with reading(sessions) as session:
        return _view(session, _find(session, name))


def permit_consumer(
    sessions: sessionmaker[Session],
    *,
    name: str,
    change: Callable[[Rights], Rights],
    now: datetime,
    by: str = NOBODY,
) -> Rights:
    """Changes what a consumer may do; the rights it has then. Raises UnknownConsumer, BadRights.

    A server that has seen the consumer lately heeds them within a minute.
    """
    with sessions.begin() as session:
        consumer = _find(session, name, hold=True)
        rights = change(decode_rights(consumer.rights))
        consumer.rights = encode_rights(rights)
        _write_down(session, "permit consumer", name, consumer.rights, by, now)
    return rights


def rotate_secret(
    sessions: sessionmaker[Session],
    *,
    name: str,
    overlap: timedelta,
    now: datetime,
    seal: Seal,
    by: str = NOBODY,
) -> str:
    """Gives a consumer a new secret; the one before it works until the overlap ends.

    Without an overlap every older secret ends now. A consumer that may send digests goes on so,
    for which the seal is. Raises UnknownConsumer, RotationUnderWay, NoDigestKey.
    """
    secret = new_secret()
    with sessions.begin() as session:
        consumer = _find(session, name, hold=True)
        live = [one for one in store.credentials_of(session, consumer.id) if _lives(one, now)]
        secrets = [one for one in live if one.kind in _SECRETS]
        if overlap and (ends := {one.expires_at for one in secrets if one.expires_at}):
            raise RotationUnderWay(
                f"the secret of {name} was rotated already, and the one before works until"
                f" {in_utc(max(ends))}: rotate after that, or end every older secret now"
                " with an overlap of 0 hours"
            )
        digests = any(one.kind is CredentialKind.DIGEST_SECRET for one in secrets)
        proofs = _kept(secret, seal if digests else None)
        store.expire_credentials(session, consumer.id, kinds=_SECRETS, at=now + overlap)
        _add(session, consumer.id, proofs, now)
        _write_down(session, "rotate secret", name, f"overlap {overlap}", by, now)
    return secret


def rotate_certificate(
    sessions: sessionmaker[Session],
    *,
    name: str,
    certificate: str,
    overlap: timedelta,
    now: datetime,
    by: str = NOBODY,
) -> None:
    """Gives a consumer a new certificate; others that it has work until the overlap ends.

    Raises UnknownConsumer, BadCertificate, CertificateTaken.
    """
    fingerprint = normal_fingerprint(certificate)
    with sessions.begin() as session:
        consumer = _find(session, name, hold=True)
        store.expire_credentials(session, consumer.id, kinds=_CERTIFICATES, at=now + overlap)
        _add(session, consumer.id, {CredentialKind.CERTIFICATE: fingerprint}, now)
        said = f"{fingerprint}, overlap {overlap}"
        _write_down(session, "rotate certificate", name, said, by, now)


def disable_consumer(
    sessions: sessionmaker[Session], *, name: str, now: datetime, by: str = NOBODY
) -> None:
    """Lets a consumer call no more; servers heed it within a minute. Raises UnknownConsumer."""
    with sessions.begin() as session:
        consumer = _find(session, name, hold=True)
        consumer.disabled_at = consumer.disabled_at or now
        _write_down(session, "disable consumer", name, "", by, now)


def enable_consumer(
    sessions: sessionmaker[Session], *, name: str, now: datetime, by: str = NOBODY
) -> None:
    """Lets a disabled consumer call again, with what proved it before. Raises UnknownConsumer."""
    with sessions.begin() as session:
        _find(session, name, hold=True).disabled_at = None
        _write_down(session, "enable consumer", name, "", by, now)


def reseal_secrets(sessions: sessionmaker[Session], *, seal: Seal) -> int:
    """Encrypts digest secrets with the first key, so that the others may go; how many there are.

    Raises NoDigestKey.
    """
    with sessions.begin() as session:
        sealed = store.credentials_of_kind(session, CredentialKind.DIGEST_SECRET)
        for one in sealed:
            one.value = seal.close(seal.open(one.value))
    return len(sealed)


def _write_down(
    session: Session, action: str, name: str, detail: str, by: str, now: datetime
) -> None:
    append_deed(session, Deed(at=now, actor=by[:80], action=action, subject=name, detail=detail))


def _kept(secret: str, seal: Seal | None) -> dict[CredentialKind, str]:
    kept = {CredentialKind.SECRET: hash_secret(secret)}
    if seal is not None:
        kept[CredentialKind.DIGEST_SECRET] = seal.close(secret)
    return kept


def _add(
    session: Session, consumer_id: int, proofs: dict[CredentialKind, str], now: datetime
) -> None:
    store.forget_expired(session, now=now)
    for kind, value in proofs.items():
        added = store.add_credential(
            session, consumer_id=consumer_id, kind=kind, value=value, now=now
        )
        if not added:
            raise CertificateTaken("this certificate proves a consumer already")


def _find(session: Session, name: str, *, hold: bool = False) -> models.Consumer:
    found = store.find_consumer(session, name, hold=hold) if name.isprintable() else None
    if found is None:
        names = [one.name for one in store.list_consumers(session)]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f", did you mean {near[0]!r}?" if near else ""
        raise UnknownConsumer(f"there is no consumer {name!r}{hint}")
    return found


def _lives(credential: models.Credential, now: datetime) -> bool:
    return credential.expires_at is None or now < credential.expires_at


def _view(session: Session, row: models.Consumer) -> ConsumerView:
    return ConsumerView(
        id=row.id,
        name=row.name,
        added_at=row.created_at,
        enabled=row.disabled_at is None,
        rights=decode_rights(row.rights),
        credentials=tuple(
            CredentialView(
                one.kind,
                one.value if one.kind is CredentialKind.CERTIFICATE else None,
                one.added_at,
                one.expires_at,
            )
            for one in store.credentials_of(session, row.id)
        ),
        last_call_at=last_call_at(session, row.name),
    )
