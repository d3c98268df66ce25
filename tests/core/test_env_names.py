"""One name of the environment variable, for every part of the program that reads, shows or writes it."""

from __future__ import annotations

import re

import pytest

from explorer.core.auth.verifier import AccountBook
from explorer.core.catalog.model import Credential, Environment, Vendor
from explorer.core.text.env_names import variable_name
from explorer.store.credentials import Vault

POSIX = re.compile(r"[A-Z_][A-Z0-9_]*")
HYPHENATED = Vendor(
    title="Shop",
    id="shop",
    environments={"uk-test": Environment(base_url="https://shop.example")},
    credentials={"api-key": Credential(title="API key"), "token.v2": Credential(title="Token")},
)


@pytest.mark.parametrize(
    ("parts", "variable"),
    [
        (("xsellcast", "client_id"), "API_EXPLORER_XSELLCAST_CLIENT_ID"),
        (("shop", "api-key"), "API_EXPLORER_SHOP_API_KEY"),
        (("shop", "api-key", "uk-test"), "API_EXPLORER_SHOP_UK_TEST_API_KEY"),
        (("shop", "paymentMethods[0].cvvCode"), "API_EXPLORER_SHOP_PAYMENTMETHODS_0_CVVCODE"),
        (("shop", "größe"), "API_EXPLORER_SHOP_GR_E"),
    ],
)
def test_any_name_becomes_one_that_a_shell_can_export(parts: tuple[str, ...], variable: str) -> None:
    assert variable_name(*parts) == variable
    assert POSIX.fullmatch(variable)


def test_vault_and_sandbox_read_the_variable_that_the_status_names() -> None:
    named = [row.variable for row in Vault({}, keyring=None).status(HYPHENATED, "uk-test")]
    assert all(POSIX.fullmatch(name) for name in named)
    match = Vault({named[0]: "k-1"}, keyring=None).find(HYPHENATED, "api-key", "uk-test")
    assert match is not None
    assert match.value.reveal() == "k-1"
    book = AccountBook.of(HYPHENATED, {"API_EXPLORER_SHOP_SANDBOX_API_KEY": "k-2", "API_EXPLORER_SHOP_TOKEN_V2": "t"})
    assert book.find({"api-key": "k-2", "token.v2": "t"}) is not None
