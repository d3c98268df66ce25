"""Web origins (RFC 6454): the scheme, host and port that a credential belongs to."""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from explorer.errors import UsageError

if TYPE_CHECKING:
    import httpx

_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """A scheme, a host and a port, normalized so that equal origins are equal tuples (RFC 6454, 4)."""

    scheme: str
    host: str
    """Lowercase; internationalized names as ``xn--…``, IPv6 compressed and without brackets, no trailing dot."""
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Origin | None:
        """Return the origin that a request to *url* is sent to, without user information; None without a host."""
        host = url.raw_host.decode("ascii", "replace").lower().strip("[]")
        host = host.removesuffix(".")
        if url.scheme not in _PORTS or not host:
            return None
        with contextlib.suppress(ValueError):  # a name, not an address
            host = ipaddress.ip_address(host).compressed
        return cls(url.scheme, host, url.port or _PORTS[url.scheme])

    @classmethod
    def parse(cls, url: str) -> Origin | None:
        """Return the origin of *url* as the client parses it; None if it is not an http or https URL."""
        return _parse(url)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine: 127.0.0.0/8, ::1 or ``localhost`` (RFC 6761, 6.3)."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def authority(self) -> str:
        """``HOST``, or ``HOST:PORT`` if the port is not the scheme's default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@lru_cache(maxsize=256)
def _parse(url: str) -> Origin | None:
    import httpx

    try:
        return Origin.of(httpx.URL(url))
    except (httpx.InvalidURL, ValueError, TypeError):
        return None


class HostPattern(NamedTuple):
    """A host as entered by the user: ``HOST``, ``HOST:PORT`` or an origin."""

    host: str
    port: int | None
    """None for the default port of either scheme."""
    scheme: str | None

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """Parse ``HOST``, ``HOST:PORT`` or ``SCHEME://HOST[:PORT]``; IPv6 addresses require brackets.

        Raises:
            UsageError: *text* is not a host.
        """
        scheme = text.partition("://")[0].lower() if "://" in text else None
        rest = text.partition("://")[2] if scheme else text
        origin = Origin.parse(f"{scheme or 'https'}://{rest}")
        if origin is None or any(character in rest.removesuffix("/") for character in "/?#@\\ *"):
            raise UsageError(f"{text!r} is not a host", hint="Example: api.example.com or 127.0.0.1:8080.")
        has_port = rest.rpartition("]")[2].rpartition(":")[1] != ""
        return cls(origin.host, origin.port if has_port or scheme else None, scheme)

    def matches(self, origin: Origin) -> bool:
        """Return whether *origin* is at this host."""
        port = self.port if self.port is not None else _PORTS[origin.scheme]
        return (self.host, port) == (origin.host, origin.port) and self.scheme in (None, origin.scheme)


@dataclass(frozen=True)
class TrustQuestion:
    """A confirmation that the user must give before credentials are sent to a host they do not belong to."""

    origin: str
    """Masked if the host name contains a secret."""
    vendor: str
    title: str
    """The vendor's display name."""
    environment: str
    carried: tuple[str, ...]
    """What would be sent, as a phrase."""
    usual: tuple[str, ...]
    """The environment's origins in the catalog."""
