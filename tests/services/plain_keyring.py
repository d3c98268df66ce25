"""A keyring that would write plain files, as some that people install do."""

from __future__ import annotations

from keyring.backend import KeyringBackend


class PlaintextKeyring(KeyringBackend):
    """Must never be asked."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Fails the test."""
        raise AssertionError(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Fails the test."""
        raise AssertionError(service, username, password)
