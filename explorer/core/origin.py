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
    """In lower case, internationalized names as ``xn--…``, IPv6 without brackets and compressed, no trailing dot."""
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Origin | None:
        """Return the origin that a request to *url* is sent to; None where *url* has no host. User information does
        not count."""
        host = url.raw_host.decode("ascii", "replace").lower().strip("[]")
        host = host.removesuffix(".")
        if url.scheme not in _PORTS or not host:
            return None
        with contextlib.suppress(ValueError):  # a name, not an address
            host = ipaddress.ip_address(host).compressed
        return cls(url.scheme, host, url.port or _PORTS[url.scheme])

    @classmethod
    def parse(cls, url: str) -> Origin | None:
        """Return the origin of *url*, read as the client reads it; None where it is not an http or https URL."""
        return _parsed(url)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine: 127.0.0.0/8, ::1 or ``localhost`` (RFC 6761, 6.3)."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def authority(self) -> str:
        """``HOST``, or ``HOST:PORT`` where the port is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@lru_cache(maxsize=256)
def _parsed(url: str) -> Origin | None:
    import httpx

    try:
        return Origin.of(httpx.URL(url))
    except (httpx.InvalidURL, ValueError, TypeError):
        return None


class HostPattern(NamedTuple):
    """A host as a person writes it: ``HOST``, ``HOST:PORT`` or an origin."""

    host: str
    port: int | None
    """None: the default port of either scheme."""
    scheme: str | None

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """Read ``HOST``, ``HOST:PORT`` or ``SCHEME://HOST[:PORT]``; IPv6 addresses stand in brackets.

        Raises:
            UsageError: *text* is none of them.
        """
        scheme = text.partition("://")[0].lower() if "://" in text else None
        rest = text.partition("://")[2] if scheme else text
        origin = Origin.parse(f"{scheme or 'https'}://{rest}")
        if origin is None or any(sign in rest.removesuffix("/") for sign in "/?#@\\ *"):
            raise UsageError(f"{text!r} is not a host", hint="Example: api.example.com or 127.0.0.1:8080.")
        has_port = rest.rpartition("]")[2].rpartition(":")[1] != ""
        return cls(origin.host, origin.port if has_port or scheme else None, scheme)

    def matches(self, origin: Origin) -> bool:
        """Whether *origin* is at this host."""
        port = self.port if self.port is not None else _PORTS[origin.scheme]
        return (self.host, port) == (origin.host, origin.port) and self.scheme in (None, origin.scheme)


@dataclass(frozen=True)
class TrustQuestion:
    """What a person must agree to before credentials go to a host that they do not belong to."""

    origin: str
    """A host name that holds a secret is masked."""
    vendor: str
    title: str
    """The vendor as people know it."""
    environment: str
    carried: tuple[str, ...]
    """What would be sent there, in words."""
    usual: tuple[str, ...]
    """The origins of the environment in the catalog."""
