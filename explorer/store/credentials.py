"""The vault: where a credential comes from, in which order, and what to do when one is missing."""

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
    """What is asked of a keyring; the backends of the ``keyring`` library are such."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """The value, or None."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Keep a value."""

    def delete_password(self, service: str, username: str, /) -> None:
        """Forget a value."""


class KeyringUnavailable(CredentialError):
    """There is no system keyring, or it does not answer."""

    title = "No system keyring"
    default_hint = "Set the environment variable instead, or type the value for this session. It is not kept in a file."


class ResolvedCredential(NamedTuple):
    """A credential and where it comes from, in words."""

    value: Secret
    source: str
    variable: str = ""
    """The environment variable that it comes from, or whose value it takes the place of."""
    replaced: bool = False
    """Whether it takes the place of that variable's value, which the vendor has replaced."""
    lasting: bool = False
    """Whether a later run of the program finds it again, so that its successor must be kept too."""


class AvailableCredential(NamedTuple):
    """A credential that is at hand, and the environment that it is for."""

    name: str
    environment: str
    value: Secret
    is_demo: bool
    """Whether it is the value that the catalog gives for the sandbox."""


class CredentialStatus(NamedTuple):
    """What can be shown of a credential: never its value."""

    name: str
    title: str
    present: bool
    source: str
    """Where it comes from; empty where there is none."""
    variable: str
    """The environment variable that sets it for this environment."""
    secret: bool = True


def system_keyring() -> KeyringLike:
    """The keyring of this system.

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
        raise KeyringUnavailable("this system has no keyring that can be used")
    if "plaintext" in name.lower():
        raise KeyringUnavailable(f"the keyring chosen here ({name}) writes plain text, so it is not used")
    return backend


class Vault:
    """Finds credentials, and keeps those that a person types."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        keyring: Callable[[], KeyringLike] | None = system_keyring,
        typed: Mapping[_Key, Secret] | None = None,
    ) -> None:
        """*keyring* is called when a keyring is first needed; None: there is none. *typed*: (vendor, environment, name)
        → value, for this session only."""
        self._environ = environ
        self._open_keyring = keyring
        self._keyring: KeyringLike | None = None
        self._typed: dict[_Key, Secret] = dict(typed or {})
        self._looked_up: dict[_Key, Secret | None] = {}
        self.keyring_problem = ""
        """Why the system keyring cannot be used, once that is known."""

    def find(self, vendor: Vendor, name: str, environment: str) -> ResolvedCredential | None:
        """The credential *name* of a vendor in an environment, or None.

        Raises:
            CredentialError: an environment variable holds something that cannot be sent.
        """
        key = (vendor.id, environment, name)
        if key in self._typed:
            return ResolvedCredential(self._typed[key], "typed in this session")
        for variable in _variables(vendor, name, environment):
            text = self._environ.get(variable, "").rstrip("\r\n")
            if text:
                value = _secret(text, f"the environment variable {variable}")
                newer = self._successor(vendor, key, value)
                if newer:
                    source = f"system keyring, in place of the environment variable {variable}"
                    return ResolvedCredential(newer, source, variable, replaced=True, lasting=True)
                return ResolvedCredential(value, f"environment variable {variable}", variable, lasting=True)
        demo = vendor.credentials[name].sandbox if name in vendor.credentials else ""
        if environment == SANDBOX:
            return ResolvedCredential(Secret(demo), "sandbox demo") if demo else None
        kept = self._ask_keyring(key)
        return ResolvedCredential(kept, "system keyring", lasting=True) if kept else None

    def status(self, vendor: Vendor, environment: str) -> tuple[CredentialStatus, ...]:
        """Each credential of the vendor: whether there is one, where it comes from, how to set it."""
        rows: list[CredentialStatus] = []
        for name, credential in vendor.credentials.items():
            variable = _variables(vendor, name, environment)[-1]
            try:
                found = self.find(vendor, name, environment)
                source = found.source if found else ""
            except CredentialError as error:
                found, source = None, error.message
            rows.append(
                CredentialStatus(name, credential.title, found is not None, source, variable, credential.secret)
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
        """Use *secret* from now on: for this session, or also later by way of the system keyring.

        Raises:
            UnknownName: the vendor has no such credential.
            CredentialError: the value is empty or cannot be sent, or the sandbox's values were to be kept.
            KeyringUnavailable: the keyring is missing, locked or refuses; nothing was kept.
        """
        key = self._known(vendor, environment, name)
        if not secret:
            raise CredentialError(f"the value for {name!r} is empty", hint="Type it, or forget the credential.")
        _secret(secret.reveal(), f"the value for {name!r}")
        if where == "typed":
            self._typed[key] = secret
            return
        if environment == SANDBOX:
            raise CredentialError(
                "the keyring is not used for the sandbox, which has demo values of its own",
                hint=f"Type a value for this session, or set {variable_name(vendor.id, name, SANDBOX)}.",
            )
        self._put(key, secret)
        self._typed.pop(key, None)

    def replace(self, vendor: Vendor, environment: str, name: str, secret: Secret) -> None:
        """Keep *secret* in the system keyring, as the successor of the value that ``find`` gives.

        Where that value comes from an environment variable, ``find`` gives *secret* in its place for as long as the
        variable has that very value. The keyring tells it by its digest.

        Raises:
            What ``remember`` raises.
        """
        former = self.find(vendor, name, environment)
        self.remember(vendor, environment, name, secret, where="keyring")
        if former is not None and former.variable and not former.replaced:
            self._put(_replacement_key((vendor.id, environment, name)), _digest(former.value))

    def forget_cached(self, vendor: Vendor, name: str, environment: str) -> None:
        """Ask the keyring once more for what it was asked for before: another process may have replaced it."""
        key = (vendor.id, environment, name)
        for entry in (key, _replacement_key(key)):
            if entry in self._looked_up:
                del self._looked_up[entry]
                self._ask_keyring(entry)

    def forget(self, vendor: Vendor, environment: str, name: str) -> None:
        """Take a credential out of this session and out of the keyring; environment variables stay.

        Raises:
            UnknownName: the vendor has no such credential.
            KeyringUnavailable: it is in the keyring, which did not let go of it.
        """
        key = self._known(vendor, environment, name)
        self._typed.pop(key, None)
        if environment == SANDBOX or self._ask_keyring(key) is None:
            return
        self._delete(key)
        if self._ask_keyring(_replacement_key(key)):
            self._delete(_replacement_key(key))

    def held(self, vendors: Iterable[Vendor]) -> tuple[Secret, ...]:
        """Every secret of these vendors that is at hand in any environment, for masking; the keyring is not asked."""
        texts = {secret.reveal() for secret in (*self._typed.values(), *self._looked_up.values()) if secret}
        for vendor in vendors:
            for name, credential in vendor.credentials.items():
                if not credential.secret:
                    continue
                places = (SANDBOX, *vendor.environments)
                variables = {one for place in places for one in _variables(vendor, name, place)}
                texts |= {self._environ.get(one, "").rstrip("\r\n") for one in variables} | {credential.sandbox}
        return tuple(Secret(text) for text in sorted(texts) if text)

    def available_credentials(self, vendor: Vendor, environment: str) -> tuple[AvailableCredential, ...]:
        """Return the secrets of *vendor* for *environment* as ``find`` finds them, and those that are at hand for its
        other environments, for which the keyring is not asked. Names that only an auth scheme's options have count as
        well. Blocking, where a keyring has to be asked."""
        holdings: list[AvailableCredential] = []
        for name in _undeclared(vendor):
            value = self._available_secrets(vendor, name, environment, *_variables(vendor, name, environment))
            if value:
                holdings.append(AvailableCredential(name, environment, value, is_demo=False))
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
                    holdings.append(AvailableCredential(name, place, value, is_demo))
        return tuple(holdings)

    def _value(self, vendor: Vendor, name: str, environment: str) -> Secret | None:
        try:
            match = self.find(vendor, name, environment)
        except CredentialError:  # it cannot be sent
            return None
        return match.value if match else None

    def _available_secrets(self, vendor: Vendor, name: str, environment: str, *variables: str) -> Secret | None:
        """The value as far as it is known without asking the keyring: typed, of *variables*, or looked up before."""
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
        """The value that the keyring has; asked once, and a keyring that fails is not asked again."""
        if key in self._looked_up or self.keyring_problem:
            return self._looked_up.get(key)
        try:
            text = self._backend().get_password(SERVICE, "/".join(key_of(key)))
        except KeyringUnavailable as error:
            self.keyring_problem = error.message
            return None
        except Exception as error:  # noqa: BLE001 - a backend raises whatever its system does
            self.keyring_problem = f"the system keyring did not answer: {_describe_error(error)}"
            return None
        self._looked_up[key] = Secret(text) if text else None
        return self._looked_up[key]

    def _successor(self, vendor: Vendor, key: _Key, value: Secret) -> Secret | None:
        """What took the place of an environment variable's *value* when the vendor replaced it, or None."""
        if key[1] == SANDBOX or key[2] not in _vendor_replaced(vendor):
            return None
        return self._ask_keyring(key) if self._ask_keyring(_replacement_key(key)) == _digest(value) else None

    def _put(self, key: _Key, secret: Secret) -> None:
        backend = self._backend()
        try:
            backend.set_password(SERVICE, "/".join(key_of(key)), secret.reveal())
        except Exception as error:  # noqa: BLE001 - a backend raises whatever its system does
            told = _describe_error(error).replace(secret.reveal(), MASK)
            raise KeyringUnavailable(f"the system keyring did not take the value: {told}") from None
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
                raise KeyringUnavailable("no system keyring is used here")
            self._keyring = self._open_keyring()
            self.keyring_problem = ""
        return self._keyring


def key_of(key: _Key) -> tuple[str, ...]:
    """The parts of a keyring entry's user name, without the slash that separates them."""
    return tuple(part.replace("%", "%25").replace("/", "%2F") for part in key)


def _undeclared(vendor: Vendor) -> set[str]:
    """Every text among the options of the vendor's auth schemes that may name a credential which the catalog does not
    list."""
    from explorer.core.auth import options_of

    names: set[str] = set()
    for auth in vendor.auth.values():
        for value in msgspec.structs.asdict(options_of(auth)).values():
            nested = value if isinstance(value, tuple) else (value,)
            for one in nested:
                names |= {str(name) for name in one.values()} if isinstance(one, dict) else set()
                names |= {one} if isinstance(one, str) and one else set()
    return names - set(vendor.credentials)


def _replacement_key(key: _Key) -> _Key:
    """The keyring's entry for the digest of the value that the entry *key* took the place of."""
    return (key[0], key[1], f"{key[2]} replaces")


def _digest(value: Secret) -> Secret:
    return Secret(hashlib.sha256(value.reveal().encode()).hexdigest())


def _vendor_replaced(vendor: Vendor) -> set[str]:
    """The credentials that the vendor itself replaces."""
    from explorer.core.auth import options_of

    return {name for auth in vendor.auth.values() for _, name in options_of(auth).stored}


def _variables(vendor: Vendor, name: str, environment: str) -> tuple[str, ...]:
    """The variables that are looked at, in order. The one of the environment is left out where it is, by its letters,
    another credential's own variable (environment ``client``, credential ``id``)."""
    general = variable_name(vendor.id, name)
    special = variable_name(vendor.id, name, environment)
    others = {variable_name(vendor.id, other) for other in vendor.credentials if other != name}
    return (general,) if special in others else (special, general)


def _secret(text: str, where: str) -> Secret:
    """*text* as a secret.

    Raises:
        CredentialError: it holds control characters or is not UTF-8, so no request could carry it.
    """
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise CredentialError(f"{where} holds a control character", hint="Copy it again, without line ends or tabs.")
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        raise CredentialError(f"{where} is not UTF-8", hint="Set it in a terminal that uses UTF-8.")
    return Secret(text)


def _describe_error(error: Exception) -> str:
    """What a backend said, on one short line, with the kind of the error before it."""
    text = " ".join(str(error).split())
    short = text if len(text) <= 160 else text[:159] + "…"
    return f"{type(error).__name__}: {short}" if short else type(error).__name__
