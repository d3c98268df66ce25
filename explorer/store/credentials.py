"""The credential vault: typed values, environment variables, the system keyring and sandbox demo values, in that
order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

import msgspec

from explorer.core.model import SANDBOX
from explorer.core.text.env_names import variable_name
from explorer.core.text.secret import MASK, Secret
from explorer.errors import CredentialError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from explorer.core.catalog.model import Vendor

SERVICE: Final = "api-explorer"
_Key = tuple[str, str, str]
"""Vendor, environment, name."""


class KeyringLike(Protocol):
    """The keyring interface that the vault uses, as in the backends of the ``keyring`` library."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """Return the value, or None."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Store a value."""

    def delete_password(self, service: str, username: str, /) -> None:
        """Delete a value."""


class KeyringUnavailable(CredentialError):
    """The system keyring is missing or does not respond."""

    title = "No system keyring"
    default_hint = (
        "Set the environment variable instead, or enter the value for this session only. It is never stored in a file."
    )


class ResolvedCredential(NamedTuple):
    """A credential and its source, described for the user."""

    value: Secret
    source: str
    variable: str = ""
    """The environment variable that it comes from, or whose value it replaces."""
    replaced: bool = False
    """Whether the vendor replaced the variable's value by this one."""
    lasting: bool = False
    """Whether a later run finds it again, so that its successor must be stored too."""


class AvailableCredential(NamedTuple):
    """A known credential and its environment."""

    name: str
    environment: str
    value: Secret
    is_demo: bool
    """Whether it is the catalog's demo value for the sandbox."""


class CredentialStatus(NamedTuple):
    """A credential without its value, for display."""

    name: str
    title: str
    present: bool
    source: str
    """Empty if there is none."""
    variable: str
    """The environment variable that sets it for this environment."""
    secret: bool = True


def system_keyring() -> KeyringLike:
    """Return the system keyring.

    Raises:
        KeyringUnavailable: there is none, it cannot be loaded, or it would write plain files.
    """
    try:
        import keyring

        backend = keyring.get_keyring()
        name = f"{type(backend).__module__}.{type(backend).__qualname__}"
        chosen = getattr(backend, "backends", None)
    except Exception as error:  # noqa: BLE001 - a backend raises whatever its system does
        raise KeyringUnavailable(f"the system keyring could not be loaded: {_describe_error(error)}") from None
    if name.startswith(("keyring.backends.fail.", "keyring.backends.null.")) or chosen == []:
        raise KeyringUnavailable("this system has no usable keyring")
    if "plaintext" in name.lower():
        raise KeyringUnavailable(f"the configured keyring ({name}) writes plain text, so it is not used")
    return backend


class Vault:
    """Finds credentials and stores those that the user enters."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        keyring: Callable[[], KeyringLike] | None = system_keyring,
        typed: Mapping[_Key, Secret] | None = None,
    ) -> None:
        """Create a vault.

        *keyring* is called when a keyring is first needed; None disables it. *typed* maps (vendor, environment, name)
        to values of this session only.
        """
        self._environ = environ
        self._open_keyring = keyring
        self._keyring: KeyringLike | None = None
        self._typed: dict[_Key, Secret] = dict(typed or {})
        self._looked_up: dict[_Key, Secret | None] = {}
        self.keyring_problem = ""
        """Why the system keyring cannot be used, once known."""

    def find(self, vendor: Vendor, name: str, environment: str) -> ResolvedCredential | None:
        """Return the credential *name* of a vendor in an environment, or None.

        Raises:
            CredentialError: an environment variable contains a value that cannot be sent.
        """
        key = (vendor.id, environment, name)
        if key in self._typed:
            return ResolvedCredential(self._typed[key], "entered in this session")
        for variable in _variables(vendor, name, environment):
            text = self._environ.get(variable, "").rstrip("\r\n")
            if text:
                value = _secret(text, f"the environment variable {variable}")
                successor = self._successor(vendor, key, value)
                if successor:
                    source = f"system keyring, replacing the environment variable {variable}"
                    return ResolvedCredential(successor, source, variable, replaced=True, lasting=True)
                return ResolvedCredential(value, f"environment variable {variable}", variable, lasting=True)
        demo = vendor.credentials[name].sandbox if name in vendor.credentials else ""
        if environment == SANDBOX:
            return ResolvedCredential(Secret(demo), "sandbox demo") if demo else None
        stored = self._ask_keyring(key)
        return ResolvedCredential(stored, "system keyring", lasting=True) if stored else None

    def status(self, vendor: Vendor, environment: str) -> tuple[CredentialStatus, ...]:
        """Return each credential of the vendor: whether it is set, its source, and its environment variable."""
        rows: list[CredentialStatus] = []
        for name, credential in vendor.credentials.items():
            variable = _variables(vendor, name, environment)[-1]
            try:
                resolved = self.find(vendor, name, environment)
                source = resolved.source if resolved else ""
            except CredentialError as error:
                resolved, source = None, error.message
            rows.append(
                CredentialStatus(name, credential.title, resolved is not None, source, variable, credential.secret)
            )
        return tuple(rows)

    def remember(
        self,
        vendor: Vendor,
        environment: str,
        name: str,
        secret: Secret,
        where: Literal["typed", "keyring"] = "typed",
    ) -> None:
        """Use *secret* from now on, in this session only (``typed``) or stored in the system keyring.

        Raises:
            UnknownName: the vendor has no such credential.
            CredentialError: the value is empty or cannot be sent, or the keyring was requested for the sandbox.
            KeyringUnavailable: the keyring is missing, locked or refuses; nothing was stored.
        """
        key = self._known(vendor, environment, name)
        if not secret:
            raise CredentialError(f"the value for {name!r} is empty", hint="Enter a value, or delete the credential.")
        _secret(secret.reveal(), f"the value for {name!r}")
        if where == "typed":
            self._typed[key] = secret
            return
        if environment == SANDBOX:
            raise CredentialError(
                "the sandbox uses demo values, never the keyring",
                hint=f"Enter a value for this session, or set {variable_name(vendor.id, name, SANDBOX)}.",
            )
        self._put(key, secret)
        self._typed.pop(key, None)

    def replace(self, vendor: Vendor, environment: str, name: str, secret: Secret) -> None:
        """Store *secret* in the system keyring as the successor of the value that ``find`` returns.

        If that value comes from an environment variable, ``find`` returns *secret* for as long as the variable keeps
        that value. The keyring identifies the value by its digest.

        Raises:
            UnknownName, CredentialError, KeyringUnavailable: as ``remember``.
        """
        former = self.find(vendor, name, environment)
        self.remember(vendor, environment, name, secret, where="keyring")
        if former is not None and former.variable and not former.replaced:
            self._put(_replacement_key((vendor.id, environment, name)), _digest(former.value))

    def forget_cached(self, vendor: Vendor, name: str, environment: str) -> None:
        """Read the credential from the keyring again if it was read before: another process may have replaced it."""
        key = (vendor.id, environment, name)
        for entry in (key, _replacement_key(key)):
            if entry in self._looked_up:
                del self._looked_up[entry]
                self._ask_keyring(entry)

    def forget(self, vendor: Vendor, environment: str, name: str) -> None:
        """Delete a credential from this session and from the keyring. Environment variables are unchanged.

        Raises:
            UnknownName: the vendor has no such credential.
            KeyringUnavailable: the keyring failed to delete it.
        """
        key = self._known(vendor, environment, name)
        self._typed.pop(key, None)
        if environment == SANDBOX or self._ask_keyring(key) is None:
            return
        self._delete(key)
        if self._ask_keyring(_replacement_key(key)):
            self._delete(_replacement_key(key))

    def held(self, vendors: Iterable[Vendor]) -> tuple[Secret, ...]:
        """Return every known secret of *vendors* in any environment, for masking. The keyring is not read."""
        texts = {secret.reveal() for secret in (*self._typed.values(), *self._looked_up.values()) if secret}
        for vendor in vendors:
            for name, credential in vendor.credentials.items():
                if not credential.secret:
                    continue
                places = (SANDBOX, *vendor.environments)
                variables = {variable for place in places for variable in _variables(vendor, name, place)}
                texts |= {self._environ.get(variable, "").rstrip("\r\n") for variable in variables} | {
                    credential.sandbox
                }
        return tuple(Secret(text) for text in sorted(texts) if text)

    def available_credentials(self, vendor: Vendor, environment: str) -> tuple[AvailableCredential, ...]:
        """Return the secrets of *vendor* for *environment*, and the known ones for its other environments.

        The keyring is read only for *environment*, and blocks. Credentials that only the options of an auth scheme name
        are included.
        """
        credentials: list[AvailableCredential] = []
        for name in _undeclared(vendor):
            value = self._available_secrets(vendor, name, environment, *_variables(vendor, name, environment))
            if value:
                credentials.append(AvailableCredential(name, environment, value, is_demo=False))
        for name, credential in vendor.credentials.items():
            if not credential.secret:
                continue
            for place in (SANDBOX, *vendor.environments):
                if place == environment:
                    value = self._value(vendor, name, place)
                else:
                    value = self._available_secrets(vendor, name, place, variable_name(vendor.id, name, place))
                if value:
                    is_demo = place == SANDBOX and value.reveal() == credential.sandbox
                    credentials.append(AvailableCredential(name, place, value, is_demo))
        return tuple(credentials)

    def _value(self, vendor: Vendor, name: str, environment: str) -> Secret | None:
        try:
            match = self.find(vendor, name, environment)
        except CredentialError:  # the value cannot be sent
            return None
        return match.value if match else None

    def _available_secrets(self, vendor: Vendor, name: str, environment: str, *variables: str) -> Secret | None:
        """Return the value if it is known without the keyring: typed, from *variables*, or read before."""
        key = (vendor.id, environment, name)
        texts = (self._environ.get(variable, "").rstrip("\r\n") for variable in variables)
        text = next((text for text in texts if text), "")
        return self._typed.get(key) or (Secret(text) if text else self._looked_up.get(key))

    def _known(self, vendor: Vendor, environment: str, name: str) -> _Key:
        if name not in vendor.credentials:
            raise UnknownName(f"credential of {vendor.id}", name, vendor.credentials)
        if environment not in (SANDBOX, *vendor.environments):
            raise UnknownName(f"environment of {vendor.id}", environment, (SANDBOX, *vendor.environments))
        return (vendor.id, environment, name)

    def _ask_keyring(self, key: _Key) -> Secret | None:
        """Return the value in the keyring. It is read once, and a keyring that fails is not asked again."""
        if key in self._looked_up or self.keyring_problem:
            return self._looked_up.get(key)
        try:
            text = self._backend().get_password(SERVICE, "/".join(key_of(key)))
        except KeyringUnavailable as error:
            self.keyring_problem = error.message
            return None
        except Exception as error:  # noqa: BLE001 - a backend raises whatever its system does
            self.keyring_problem = f"the system keyring did not respond: {_describe_error(error)}"
            return None
        self._looked_up[key] = Secret(text) if text else None
        return self._looked_up[key]

    def _successor(self, vendor: Vendor, key: _Key, value: Secret) -> Secret | None:
        """Return the value by which the vendor replaced *value* of an environment variable, or None."""
        if key[1] == SANDBOX or key[2] not in _vendor_replaced(vendor):
            return None
        return self._ask_keyring(key) if self._ask_keyring(_replacement_key(key)) == _digest(value) else None

    def _put(self, key: _Key, secret: Secret) -> None:
        backend = self._backend()
        try:
            backend.set_password(SERVICE, "/".join(key_of(key)), secret.reveal())
        except Exception as error:  # noqa: BLE001 - a backend raises whatever its system does
            reason = _describe_error(error).replace(secret.reveal(), MASK)
            raise KeyringUnavailable(f"the system keyring did not store the value: {reason}") from None
        self._looked_up[key] = secret

    def _delete(self, key: _Key) -> None:
        try:
            self._backend().delete_password(SERVICE, "/".join(key_of(key)))
        except KeyringUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a backend raises whatever its system does
            raise KeyringUnavailable(f"the system keyring did not delete the value: {_describe_error(error)}") from None
        self._looked_up[key] = None

    def _backend(self) -> KeyringLike:
        if self._keyring is None:
            if self._open_keyring is None:
                raise KeyringUnavailable("no system keyring is in use")
            self._keyring = self._open_keyring()
            self.keyring_problem = ""
        return self._keyring


def key_of(key: _Key) -> tuple[str, ...]:
    """Return the parts of a keyring entry's user name, with the separating slash escaped."""
    return tuple(part.replace("%", "%25").replace("/", "%2F") for part in key)


def _undeclared(vendor: Vendor) -> set[str]:
    """Return every string in the options of the vendor's auth schemes that could name an undeclared credential."""
    from explorer.core.auth import options_of

    names: set[str] = set()
    for auth in vendor.auth.values():
        for value in msgspec.structs.asdict(options_of(auth)).values():
            for item in value if isinstance(value, tuple) else (value,):
                names |= {str(name) for name in item.values()} if isinstance(item, dict) else set()
                names |= {item} if isinstance(item, str) and item else set()
    return names - set(vendor.credentials)


def _replacement_key(key: _Key) -> _Key:
    """Return the keyring entry with the digest of the value that the entry *key* replaced."""
    return (key[0], key[1], f"{key[2]} replaces")


def _digest(value: Secret) -> Secret:
    return Secret(hashlib.sha256(value.reveal().encode()).hexdigest())


def _vendor_replaced(vendor: Vendor) -> set[str]:
    """Return the credentials that the vendor itself replaces."""
    from explorer.core.auth import options_of

    return {name for auth in vendor.auth.values() for _, name in options_of(auth).stored}


def _variables(vendor: Vendor, name: str, environment: str) -> tuple[str, ...]:
    """Return the environment variables to read, in order.

    The environment's variable is left out if its name is that of another credential (environment ``client``, credential
    ``id``).
    """
    general = variable_name(vendor.id, name)
    special = variable_name(vendor.id, name, environment)
    others = {variable_name(vendor.id, other) for other in vendor.credentials if other != name}
    return (general,) if special in others else (special, general)


def _secret(text: str, where: str) -> Secret:
    """Return *text* as a secret.

    Raises:
        CredentialError: it contains control characters or is not UTF-8, so it cannot be sent.
    """
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise CredentialError(f"{where} contains a control character", hint="Copy it again, without newlines or tabs.")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise CredentialError(f"{where} is not UTF-8", hint="Set it in a UTF-8 terminal.")
    return Secret(text)


def _describe_error(error: Exception) -> str:
    """Return a backend's error on one short line: its type and its message."""
    text = " ".join(str(error).split())
    short = text if len(text) <= 160 else text[:159] + "…"
    return f"{type(error).__name__}: {short}" if short else type(error).__name__
