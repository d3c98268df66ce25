"""The vault: which source wins, what is said of each, and a keyring that fails ends nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.core.catalog import Credential, Environment, Vendor
from explorer.core.text.env_names import variable_name
from explorer.core.text.secret import Secret
from explorer.errors import CredentialError, UnknownName
from explorer.store.credentials import KeyringLike, KeyringUnavailable, Vault

ROOT = Path(__file__).parents[2]
SHOP = Vendor(
    id="corner_shop",
    title="Corner shop",
    environments={
        "live": Environment(base_url="https://shop.example"),
        "uk-test": Environment(base_url="https://uk.example"),
    },
    credentials={
        "token": Credential(title="Token", sandbox="demo-token"),
        "client_id": Credential(title="Client", secret=False),
        "id": Credential(title="Number"),
    },
)


class MemoryKeyring:
    """A keyring in memory; counts how often it was asked."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service: str, username: str, /) -> str | None:
        self.asked += 1
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str, /) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str, /) -> None:
        del self.kept[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring that a person does not unlock."""

    def get_password(self, service: str, username: str, /) -> str | None:
        self.asked += 1
        raise RuntimeError(f"Failed to unlock {service} {username}!\nPrompt dismissed.")

    def set_password(self, service: str, username: str, password: str, /) -> None:
        raise OSError(f"cannot store {password} as {service} {username}")


def never() -> KeyringLike:
    raise AssertionError("the keyring is not needed here")


def revealed(vault: Vault, name: str = "token", environment: str = "live") -> tuple[str, str] | None:
    found = vault.find(SHOP, name, environment)
    return (found.value.reveal(), found.source) if found else None


def test_the_order_of_the_sources() -> None:
    keyring = MemoryKeyring()
    keyring.kept["api-explorer", "corner_shop/live/token"] = "from keyring"
    environ: dict[str, str] = {}
    vault = Vault(environ, keyring=lambda: keyring)
    assert revealed(vault) == ("from keyring", "system keyring")
    environ["API_EXPLORER_CORNER_SHOP_TOKEN"] = "general"
    assert revealed(vault) == ("general", "environment variable API_EXPLORER_CORNER_SHOP_TOKEN")
    environ["API_EXPLORER_CORNER_SHOP_LIVE_TOKEN"] = "special\n"
    assert revealed(vault) == ("special", "environment variable API_EXPLORER_CORNER_SHOP_LIVE_TOKEN")
    vault.remember(SHOP, "live", "token", Secret("typed"))
    assert revealed(vault) == ("typed", "entered in this session")
    vault.forget(SHOP, "live", "token")
    assert revealed(vault) == ("special", "environment variable API_EXPLORER_CORNER_SHOP_LIVE_TOKEN")
    assert keyring.kept == {}


def test_the_sandbox_needs_nothing_and_never_opens_the_keyring() -> None:
    vault = Vault({}, keyring=never)
    assert revealed(vault, environment="sandbox") == ("demo-token", "sandbox demo")
    assert revealed(vault, "client_id", "sandbox") is None
    assert revealed(Vault({"API_EXPLORER_CORNER_SHOP_TOKEN": "mine"}, keyring=never), environment="sandbox") == (
        "mine",
        "environment variable API_EXPLORER_CORNER_SHOP_TOKEN",
    )
    with pytest.raises(CredentialError, match="never the keyring"):
        vault.remember(SHOP, "sandbox", "token", Secret("x"), where="keyring")


def test_a_demo_value_is_never_sent_to_a_real_environment() -> None:
    assert revealed(Vault({}, keyring=None)) is None


def test_names_of_variables() -> None:
    assert variable_name("corner_shop", "token") == "API_EXPLORER_CORNER_SHOP_TOKEN"
    assert variable_name("corner_shop", "token", "uk-test") == "API_EXPLORER_CORNER_SHOP_UK_TEST_TOKEN"


def test_one_credential_s_variable_is_not_taken_for_another_s() -> None:
    vendor = Vendor(
        id="s",
        title="S",
        environments={"client": Environment(base_url="https://s.example")},
        credentials=SHOP.credentials,
    )
    vault = Vault({"API_EXPLORER_S_CLIENT_ID": "a client"}, keyring=None)
    assert vault.find(vendor, "id", "client") is None
    found = vault.find(vendor, "client_id", "client")
    assert found is not None
    assert found.value.reveal() == "a client"


@pytest.mark.parametrize(
    ("value", "told"), [("a\nb", "control character"), ("a\x7f", "control character"), ("a\udcff", "UTF-8")]
)
def test_a_value_that_no_request_could_carry_is_told(value: str, told: str) -> None:
    vault = Vault({"API_EXPLORER_CORNER_SHOP_TOKEN": value}, keyring=None)
    with pytest.raises(CredentialError, match=told) as refused:
        vault.find(SHOP, "token", "live")
    assert "API_EXPLORER_CORNER_SHOP_TOKEN" in refused.value.message
    assert value not in refused.value.message
    assert told in vault.status(SHOP, "live")[0].source
    with pytest.raises(CredentialError, match=told):
        vault.remember(SHOP, "live", "token", Secret(value))


def test_the_keyring_is_asked_once() -> None:
    keyring = MemoryKeyring()
    vault = Vault({}, keyring=lambda: keyring)
    for _ in range(3):
        assert revealed(vault) is None
    assert keyring.asked == 1
    vault.remember(SHOP, "live", "token", Secret("new"), where="keyring")
    assert revealed(vault) == ("new", "system keyring")
    assert keyring.kept == {("api-explorer", "corner_shop/live/token"): "new"}
    vault.forget(SHOP, "live", "token")
    assert revealed(vault) is None
    assert keyring.kept == {}


def test_a_locked_keyring_is_told_and_asked_no_more() -> None:
    keyring = LockedKeyring()
    vault = Vault({}, keyring=lambda: keyring)
    assert revealed(vault) is None
    assert revealed(vault, "client_id") is None
    assert keyring.asked == 1
    assert vault.keyring_problem == (
        "the system keyring did not respond: RuntimeError: Failed to unlock api-explorer corner_shop/live/token! "
        "Prompt dismissed."
    )
    with pytest.raises(KeyringUnavailable) as refused:
        vault.remember(SHOP, "live", "token", Secret("hush-hush"), where="keyring")
    assert "hush-hush" not in refused.value.message
    assert "cannot store •••••• as" in refused.value.message
    assert "environment variable" in refused.value.hint
    assert revealed(vault) is None


def test_no_keyring_at_all_is_told() -> None:
    vault = Vault({}, keyring=None)
    assert revealed(vault) is None
    assert "no system keyring" in vault.keyring_problem
    with pytest.raises(KeyringUnavailable):
        vault.remember(SHOP, "live", "token", Secret("x"), where="keyring")


@pytest.mark.parametrize(
    ("backend", "told"),
    [
        ("keyring.backends.fail.Keyring", "no usable keyring"),
        ("keyring.backends.null.Keyring", "no usable keyring"),
        ("no.such.module.Keyring", "could not be loaded"),
        ("tests.services.plain_keyring.PlaintextKeyring", "writes plain text"),
    ],
)
def test_keyrings_that_are_none(backend: str, told: str) -> None:
    program = """
import sys
from explorer.store.credentials import KeyringUnavailable, system_keyring
assert "keyring" not in sys.modules
try:
    system_keyring()
except KeyringUnavailable as error:
    print(error.message, error.exit_code, error.hint)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHON_KEYRING_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert told in done.stdout
    assert " 4 Set the environment variable" in done.stdout


def test_status_tells_all_but_the_values() -> None:
    vault = Vault({"API_EXPLORER_CORNER_SHOP_TOKEN": "hush-hush"}, keyring=None)
    rows = vault.status(SHOP, "live")
    assert [(row.name, row.present, row.variable) for row in rows] == [
        ("token", True, "API_EXPLORER_CORNER_SHOP_TOKEN"),
        ("client_id", False, "API_EXPLORER_CORNER_SHOP_CLIENT_ID"),
        ("id", False, "API_EXPLORER_CORNER_SHOP_ID"),
    ]
    assert "hush-hush" not in repr(rows)
    assert "hush-hush" not in repr(vault.find(SHOP, "token", "live"))


def test_unknown_names_and_empty_values_are_told() -> None:
    vault = Vault({}, keyring=never)
    with pytest.raises(UnknownName) as unknown:
        vault.remember(SHOP, "live", "tokn", Secret("x"))
    assert unknown.value.near == "token"
    with pytest.raises(UnknownName):
        vault.forget(SHOP, "lve", "token")
    with pytest.raises(CredentialError, match="empty"):
        vault.remember(SHOP, "live", "token", Secret(""))
