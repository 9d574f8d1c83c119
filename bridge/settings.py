"""Settings: config/*.toml, a folder of the user's own, and the environment, in this order.

Read by the composition root and the command line alone; everyone else receives a section.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
    model_validator,
)

from bridge import BridgeError
from bridge.domain.survivorship import Survivor
from bridge.matching.settings import MatchingSettings
from bridge.operations.settings import BreakSettings, ConsumerSettings, SnapshotSettings
from bridge.salesforce.settings import SalesforceSettings
from bridge.soap.settings import SoapSettings
from bridge.store.settings import DatabaseSettings
from jobs.settings import JobSettings, ScheduleSettings

PREFIX = "ERP_BRIDGE_"
FOLDER_VARIABLE = "ERP_BRIDGE_CONFIG"
_OTHER_VARIABLES = frozenset({FOLDER_VARIABLE, "ERP_BRIDGE_CONSUMER_SECRET"})


class BadSettings(BridgeError):
    """The settings cannot be used; says where and why, one line each."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogFormat(StrEnum):
    """How log lines look. AUTO: console on a terminal, JSON elsewhere."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogSettings(_Section):
    """Section `[log]`."""

    level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    format: LogFormat = LogFormat.AUTO


def _listed(value: object) -> object:
    """The environment has lists as one text."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


class ServerSettings(_Section):
    """Section `[server]`: where and how wide `erp-bridge serve` listens, and what is before it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65_535)
    workers: int = Field(default=1, ge=1, le=64)
    threads: int = Field(default=16, ge=1, le=512)
    header_timeout_seconds: int = Field(default=10, ge=1, le=600)
    body_timeout_seconds: float = Field(default=30, gt=0, le=3600)
    max_waiting_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    max_header_bytes: int = Field(default=64 * 1024, ge=8192, le=1024 * 1024)
    certificate_file: Path | None = None
    """With it and its key the server speaks HTTPS; PEM, the server's own certificate first."""

    private_key_file: Path | None = None
    client_ca_file: Path | None = None
    """With it callers must show a certificate that one of these authorities signed."""

    min_tls_version: Literal["1.2", "1.3"] = "1.2"
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(_listed)] = ()
    """Networks of the proxies whose headers are believed; of nobody's by default."""

    client_certificate_header: str | None = Field(default=None, pattern="^[A-Za-z][A-Za-z0-9-]*$")
    """Where trusted proxies tell the caller's certificate."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.certificate_file is None) != (self.private_key_file is None):
            raise ValueError("certificate_file and private_key_file need each other")
        if self.client_ca_file and not self.certificate_file:
            raise ValueError("client_ca_file needs certificate_file and private_key_file")
        if self.client_certificate_header and not self.trusted_proxies:
            raise ValueError(
                "client_certificate_header is believed from trusted_proxies alone: name them"
            )
        return self

    @property
    def url(self) -> str:
        """The server itself, as in http://127.0.0.1:8080."""
        scheme = "https" if self.certificate_file else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


class Settings(_Section):
    """All sections. `salesforce` is absent until an org is configured."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    soap: SoapSettings = SoapSettings()
    consumers: ConsumerSettings = ConsumerSettings()
    salesforce: SalesforceSettings | None = None
    schedule: ScheduleSettings = ScheduleSettings()
    jobs: JobSettings = JobSettings()
    matching: MatchingSettings = MatchingSettings()
    breaks: BreakSettings = BreakSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    log: LogSettings = LogSettings()


class RecordRules(_Section):
    """One record type of survivorship.toml."""

    default: Survivor = Survivor.REVIEW
    expected_in_erp: bool = True
    not_in_erp: tuple[str, ...] = ()
    mirrored: tuple[str, ...] = ()
    created_in_both: Literal["survivorship", "review"] = "survivorship"
    transitions: dict[str, tuple[str, ...]] = {}
    roll_forward: tuple[str, ...] = ()
    duplicates_within_days: Annotated[int, Field(ge=0)] | None = None
    fields: dict[str, Survivor] = {}


class Survivorship(_Section):
    """survivorship.toml: rules by record type, tolerances by currency, closed days by company.

    Among currencies and companies, "default" stands for all others.
    """

    customer: RecordRules
    invoice: RecordRules
    payment: RecordRules
    credit_memo: RecordRules
    tolerance: dict[str, Annotated[Decimal, Field(ge=0)]] = {}
    closed: dict[str, date] = {}


def config_folders(folder: Path | None) -> list[Traversable]:
    """Where configuration files are looked for, the user's own folder first."""
    packaged = files("bridge") / "resources" / "config"
    return [packaged] if folder is None else [folder, packaged]


def load_settings(
    folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """The settings from the packaged bridge.toml, the folder's, and the environment.

    Raises BadSettings, which names every unknown key and unusable value.
    """
    if folder is not None and not folder.is_dir():
        raise BadSettings(f"there is no folder {folder}")
    values: dict[str, Any] = {}
    sources = []
    for place in reversed(config_folders(folder)):
        path = place / "bridge.toml"
        if path.is_file():
            values = _merged(values, _read_toml(path))
            sources.append(str(path))
    values = _merged(values, _from_environment(os.environ if environment is None else environment))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise BadSettings(_explain(error, f"{sources[-1]} or the environment", Settings)) from None


def load_survivorship(folder: Path | None = None) -> Survivorship:
    """The rules from the first survivorship.toml of the configuration folders."""
    path = find_config(folder, "survivorship.toml")
    try:
        return Survivorship.model_validate(_read_toml(path))
    except ValidationError as error:
        raise BadSettings(_explain(error, str(path), Survivorship)) from None


def find_config(folder: Path | None, name: str) -> Traversable:
    """The file or folder of this name, the user's own before the packaged one."""
    places = (place / name for place in config_folders(folder))
    found = next((place for place in places if place.is_file() or place.is_dir()), None)
    if found is None:
        raise BadSettings(f"the configuration holds no {name}")
    return found


def _read_toml(path: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: {error}") from None
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror}") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in _OTHER_VARIABLES:
            continue
        *sections, key = name.removeprefix(PREFIX).lower().split("__")
        from_file = not _is_known([*sections, key]) and key.endswith("_file")
        if from_file:
            key = key.removesuffix("_file")
        if not _is_known([*sections, key]):
            known = [PREFIX + key.upper().replace(".", "__") for key in _all_keys(Settings)]
            hint = _nearest(name, known)
            raise BadSettings(f"environment variable {name}: there is no such setting{hint}")
        section = values
        for part in sections:
            section = section.setdefault(part, {})
        section[key] = _read_secret(name, text) if from_file else text
    return values


def _is_known(path: list[str]) -> bool:
    model: Any = Settings
    for part in path:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return False
        annotation = fields[part].annotation
        if isinstance(annotation, UnionType):
            annotation = get_args(annotation)[0]
        model = annotation
    return not hasattr(model, "model_fields")


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"environment variable {name}: cannot read {path}: {error}") from None


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merged(old, value) if both and old is not None else value
    return merged


def _explain(error: ValidationError, source: str, model: type[BaseModel]) -> str:
    lines = _explanations(error, model)
    return f"{source}: " + "; ".join(lines)


def _explanations(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in one["loc"])
        if one["type"] == "extra_forbidden":
            yield f"unknown key {path}{_nearest(path, _all_keys(model))}"
        else:
            yield f"{path}: {one['msg']}"


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _all_keys(model: Any, prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        keys.append(prefix + name)
        for part in (field.annotation, *get_args(field.annotation)):
            if hasattr(part, "model_fields"):
                keys += _all_keys(part, f"{prefix}{name}.")
    return keys
