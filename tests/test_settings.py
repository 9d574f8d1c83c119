"""Settings: files, the environment, and clear words where they are wrong."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from bridge.domain.survivorship import Survivor
from bridge.settings import (
    BadSettings,
    Settings,
    config_folders,
    find_config,
    load_settings,
    load_survivorship,
)

NO_ENVIRONMENT: Mapping[str, str] = {}
ORG = """
[salesforce]
login_url = "https://muster.my.salesforce.com"
auth = "client_credentials"
client_id = "id"
client_secret = "hush"
"""


def folder_of(tmp_path: Path, **texts: str) -> Path:
    """A configuration folder with these files."""
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def load(tmp_path: Path, text: str = "", **environment: str) -> Settings:
    return load_settings(folder_of(tmp_path, bridge=text), environment)


def complaint(tmp_path: Path, text: str = "", **environment: str) -> str:
    """The one line that says what is wrong."""
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, text, **environment)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Defaults and files


def test_the_packaged_file_says_what_the_models_default_to() -> None:
    """Whoever reads the packaged bridge.toml reads the truth, and no setting without one."""
    assert load_settings(None, NO_ENVIRONMENT) == Settings()


def test_the_packaged_file_names_every_section() -> None:
    """The sections that have defaults stand in it; Salesforce's stands there as an example."""
    text = (files("bridge") / "resources/config/bridge.toml").read_text(encoding="utf-8")
    assert set(tomllib.loads(text)) == set(Settings.model_fields) - {"salesforce"}
    assert "# [salesforce]" in text


def test_a_folder_of_ones_own_holds_what_differs(tmp_path: Path) -> None:
    """Everything else is as packaged."""
    settings = load(tmp_path, "[server]\nport = 9000\n")
    assert settings.server.port == 9000
    assert settings.server.host == Settings().server.host
    assert settings.jobs == Settings().jobs


def test_a_folder_without_a_settings_file_is_fine(tmp_path: Path) -> None:
    """It may hold a mapping alone."""
    assert load_settings(tmp_path, NO_ENVIRONMENT) == Settings()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Rather than silently run with the defaults."""
    with pytest.raises(BadSettings, match=r"there is no folder .*nowhere"):
        load_settings(tmp_path / "nowhere", NO_ENVIRONMENT)


def test_salesforce_is_absent_until_it_is_configured(tmp_path: Path) -> None:
    """Submissions work without an org."""
    assert load(tmp_path).salesforce is None
    salesforce = load(tmp_path, ORG).salesforce
    assert salesforce is not None
    assert salesforce.client_secret == SecretStr("hush")


# The environment


def test_the_environment_wins(tmp_path: Path) -> None:
    """Over the folder's file, which wins over the packaged one."""
    text = '[server]\nport = 9000\nhost = "::1"\n'
    settings = load(tmp_path, text, ERP_BRIDGE_SERVER__PORT="9001")
    assert (settings.server.port, settings.server.host) == (9001, "::1")


def test_the_environment_alone_can_name_an_org(tmp_path: Path) -> None:
    """Section by section, each value in its type."""
    settings = load(
        tmp_path,
        ERP_BRIDGE_SALESFORCE__LOGIN_URL="https://muster.my.salesforce.com",
        ERP_BRIDGE_SALESFORCE__AUTH="client_credentials",
        ERP_BRIDGE_SALESFORCE__CLIENT_ID="id",
        ERP_BRIDGE_SALESFORCE__CLIENT_SECRET="hush",
        ERP_BRIDGE_SALESFORCE__BATCH_SIZE="50",
        ERP_BRIDGE_DATABASE__MIGRATE_ON_START="false",
        ERP_BRIDGE_JOBS__REFUSE_BELOW_SHARE="0.25",
    )
    assert settings.salesforce is not None
    assert settings.salesforce.batch_size == 50
    assert settings.database.migrate_on_start is False
    assert settings.jobs.refuse_below_share == Decimal("0.25")


def test_an_empty_environment_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that passes none does not get the process's own."""
    monkeypatch.setenv("ERP_BRIDGE_SERVER__PORT", "9009")
    assert load_settings(None, NO_ENVIRONMENT).server.port == Settings().server.port
    assert load_settings(None).server.port == 9009


def test_other_variables_are_left_alone(tmp_path: Path) -> None:
    """Those of other programs, and the bridge's own that are no settings."""
    settings = load(
        tmp_path,
        PATH="/bin",
        SERVER__PORT="1",
        ERP_BRIDGE_CONFIG="/etc/erp-bridge",
        ERP_BRIDGE_CONSUMER_SECRET="hush",
    )
    assert settings == Settings()


@pytest.mark.parametrize(
    "name",
    [
        "ERP_BRIDGE_SERVER__PROT",
        "ERP_BRIDGE_SERVER",
        "ERP_BRIDGE_PORT",
        "ERP_BRIDGE_SERVER__PORT__X",
        "ERP_BRIDGE_SALESFORCE",
        "ERP_BRIDGE_",
        "ERP_BRIDGE_NOWHERE__FILE",
    ],
)
def test_a_variable_that_is_no_setting_is_told(tmp_path: Path, name: str) -> None:
    """A typo in the environment would else change nothing, silently."""
    expected = f"environment variable {name}: there is no such setting"
    assert complaint(tmp_path, **{name: "1"}).startswith(expected)


def test_a_misspelt_variable_is_told_the_nearest(tmp_path: Path) -> None:
    """As in a file, what was meant is named."""
    assert "did you mean ERP_BRIDGE_SERVER__PORT?" in complaint(
        tmp_path, ERP_BRIDGE_SERVER__PROT="1"
    )


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    """NAME_FILE names where it stands; the line's end is not part of it."""
    secret = tmp_path / "secret"
    secret.write_text("hush\n", encoding="utf-8")
    text = ORG.replace('client_secret = "hush"', "")
    settings = load(tmp_path, text, ERP_BRIDGE_SALESFORCE__CLIENT_SECRET_FILE=str(secret))
    assert settings.salesforce is not None
    assert settings.salesforce.client_secret == SecretStr("hush")


def test_a_setting_that_is_itself_a_file_stays_a_path(tmp_path: Path) -> None:
    """`private_key_file` is the key's place, not its content."""
    settings = load(
        tmp_path,
        ERP_BRIDGE_SALESFORCE__LOGIN_URL="https://muster.my.salesforce.com",
        ERP_BRIDGE_SALESFORCE__CLIENT_ID="id",
        ERP_BRIDGE_SALESFORCE__USERNAME="bridge@muster.example",
        ERP_BRIDGE_SALESFORCE__PRIVATE_KEY_FILE="/etc/key.pem",
    )
    assert settings.salesforce is not None
    assert settings.salesforce.private_key_file == Path("/etc/key.pem")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    """Missing, or no text."""
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    name = "ERP_BRIDGE_SALESFORCE__CLIENT_SECRET_FILE"
    message = complaint(tmp_path, ORG, **{name: str(secret)})
    assert message.startswith(f"environment variable {name}: cannot read {secret}")


def test_networks_in_the_environment(tmp_path: Path) -> None:
    """A list is one text there, with commas or blanks between."""
    name = "ERP_BRIDGE_SERVER__TRUSTED_PROXIES"
    settings = load(tmp_path, "", **{name: "10.0.0.0/8, ::1"})
    assert [str(one) for one in settings.server.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert load(tmp_path, "[server]\n").server.trusted_proxies == ()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("port = 9000", "http://127.0.0.1:9000"),
        ('host = "::1"', "http://[::1]:8080"),
        ('certificate_file = "a"\nprivate_key_file = "b"', "https://127.0.0.1:8080"),
    ],
)
def test_the_servers_own_url(tmp_path: Path, text: str, url: str) -> None:
    """An IPv6 address stands in brackets; with a certificate it is HTTPS."""
    assert load(tmp_path, f"[server]\n{text}\n").server.url == url


# What is wrong


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nprot = 1\n", "unknown key server.prot, did you mean server.port?"),
        ("[databse]\nurl = 'x'\n", "unknown key databse, did you mean database?"),
        ("[jobs]\nxyzzy = 1\n", "unknown key jobs.xyzzy"),
        (
            ORG + "clientid = 'x'\n",
            "unknown key salesforce.clientid, did you mean salesforce.client_id?",
        ),
        ("[server]\nport = 70000\n", "server.port: Input should be less than or equal to 65535"),
        ("[server]\nport = 'x'\n", "server.port: Input should be a valid integer"),
        ("[jobs]\nkeep_days = 0\n", "jobs.keep_days: Input should be greater than or equal to 1"),
        ("[log]\nlevel = 'LOUD'\n", "log.level: String should match pattern"),
        ("server = 1\n", "server: Input should be"),
        ("[server]\ncertificate_file = 'a'\n", "certificate_file and private_key_file need each"),
        ("[server]\nclient_ca_file = 'a'\n", "client_ca_file needs certificate_file"),
        ("[server]\nmin_tls_version = '1.1'\n", "server.min_tls_version: Input should be '1.2' or"),
        ("[server]\nclient_certificate_header = 'A'\n", "trusted_proxies alone: name them"),
        (
            "[server]\nclient_certificate_header = 'a_b'\ntrusted_proxies = '::1'\n",
            "server.client_certificate_header: String should match",
        ),
        ("[server]\ntrusted_proxies = ['10.0.0.5/24']\n", "server.trusted_proxies.0: value is not"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """The file, the key and the reason, in one line."""
    message = complaint(tmp_path, text)
    assert message.startswith(f"{tmp_path / 'bridge.toml'} or the environment: ")
    assert words in message


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Nobody likes to mend one line after the other."""
    message = complaint(tmp_path, "[server]\nprot = 1\nworkers = 0\n")
    assert "unknown key server.prot" in message
    assert "server.workers" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"[server\n", "bridge.toml: "), (b"\xff", "bridge.toml: ")],
)
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    """With its place."""
    (tmp_path / "bridge.toml").write_bytes(content)
    with pytest.raises(BadSettings, match=words):
        load_settings(tmp_path, NO_ENVIRONMENT)


def test_no_secret_stands_in_a_message(tmp_path: Path) -> None:
    """A wrong neighbour of a secret does not bring it into the log."""
    message = complaint(tmp_path, ORG + 'api_version = "x"\nsecurity_token = 7\n')
    assert "salesforce.api_version" in message
    assert "hush" not in message


def test_settings_do_not_change() -> None:
    """Every section is a value."""
    settings = Settings()
    for name in type(settings).model_fields:
        section = getattr(settings, name)
        if isinstance(section, BaseModel):
            assert section.model_config.get("frozen"), name
            assert section.model_config.get("extra") == "forbid", name


# Survivorship


def test_the_packaged_rules_can_be_read() -> None:
    """Customers are shared, documents belong to the ERP."""
    rules = load_survivorship()
    assert rules.customer.default is Survivor.REVIEW
    assert not rules.customer.expected_in_erp
    assert rules.invoice.mirrored == ("*",)
    assert rules.tolerance == {"default": Decimal(0)}


RULES = "[customer]\n[invoice]\n[payment]\n[credit_memo]\n"


def test_ones_own_rules_replace_the_packaged(tmp_path: Path) -> None:
    """As a whole, so that nobody has to look at two files."""
    text = RULES + "[customer.fields]\nphone = 'latest'\n[tolerance]\nEUR = '0.02'\n"
    rules = load_survivorship(folder_of(tmp_path, survivorship=text))
    assert rules.customer.fields == {"phone": Survivor.LATEST}
    assert rules.customer.mirrored == ()
    assert rules.tolerance == {"EUR": Decimal("0.02")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[customer]\n[invoice]\n[payment]\n", "credit_memo: Field required"),
        (RULES + "[customers]\n", "unknown key customers, did you mean customer?"),
        (
            RULES.replace("[invoice]\n", "[invoice]\ndefualt = 'erp'\n"),
            "unknown key invoice.defualt, did you mean invoice.default?",
        ),
        (RULES + "[customer.fields]\nphone = 'me'\n", "customer.fields.phone: Input should be"),
        (RULES + "[tolerance]\nEUR = 'x'\n", "tolerance.EUR: Input should be a valid decimal"),
        (RULES + "[tolerance]\nEUR = '-1'\n", "tolerance.EUR: Input should be greater than"),
        (RULES + "[tolerance]\nEUR = 'NaN'\n", "tolerance.EUR: Input should be a finite number"),
    ],
)
def test_wrong_rules_are_told(tmp_path: Path, text: str, words: str) -> None:
    """The file, the key and the reason, in one line."""
    with pytest.raises(BadSettings) as caught:
        load_survivorship(folder_of(tmp_path, survivorship=text))
    assert str(caught.value).startswith(f"{tmp_path / 'survivorship.toml'}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


# Finding files


def test_ones_own_files_are_found_first(tmp_path: Path) -> None:
    """Each file or folder by itself; what is not there is the packaged one."""
    (tmp_path / "mapping").mkdir()
    assert find_config(tmp_path, "mapping") == tmp_path / "mapping"
    assert find_config(tmp_path, "survivorship.toml") == config_folders(None)[0] / (
        "survivorship.toml"
    )
    with pytest.raises(BadSettings, match=r"the configuration holds no nonsense\.toml"):
        find_config(tmp_path, "nonsense.toml")
