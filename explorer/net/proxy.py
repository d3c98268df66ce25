"""Proxies and certificates from the environment. Certificates are loaded only for https.

    HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY ── route ──► direct, or one transport for each proxy
    SSL_CERT_FILE, SSL_CERT_DIR ── the first https URL ──► TLS context

The variables are read as curl reads them: lower case first. Loopback never uses a proxy, since the sandbox listens
there. The environment is an argument; httpx would read that of the process.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import httpx

from explorer.errors import BrokenAnswer, ConnectFailed, ExplorerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

_SCHEMES: Final = {"http": "http", "https": "https", "socks5": "socks5", "socks5h": "socks5h", "socks": "socks5"}
"""Scheme of a proxy's URL → the scheme that httpx uses."""
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ProxyRoute:
    """A proxy and the environment variable that sets it."""

    variable: str
    url: str

    @property
    def address(self) -> str:
        """Host and port of the proxy, without user name and password."""
        return httpx.URL(self.url).netloc.decode("ascii")


def is_loopback(host: str) -> bool:
    """Return whether *host* is this machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3)."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(name)
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def proxy_route(url: httpx.URL, environ: Mapping[str, str]) -> ProxyRoute | None:
    """Return the proxy that *environ* sets for *url*, or None for a direct connection.

    Raises:
        ConnectFailed: the proxy's URL is invalid.
    """
    if is_loopback(url.host) or _is_excluded(url, _value(environ, "NO_PROXY")[1]):
        return None
    for name in (f"{url.scheme.upper()}_PROXY", "ALL_PROXY"):
        variable, value = _value(environ, name)
        if value:
            return ProxyRoute(variable, _proxy_url(variable, value))
    return None


def _value(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the name of the variable, in lower case if that is set, and its value.

    A web server puts a request's ``Proxy`` header into HTTP_PROXY, so that name is ignored under CGI (CVE-2016-5385).
    """
    lower = environ.get(name.lower(), "").strip()
    if lower or (name == "HTTP_PROXY" and "REQUEST_METHOD" in environ):
        return name.lower(), lower
    return name, environ.get(name, "").strip()


def _proxy_url(variable: str, value: str) -> str:
    """Return the URL of a proxy in the form that httpx expects. A bare ``host:port`` is an http proxy.

    Raises:
        ConnectFailed: the URL is invalid.
    """
    scheme, separator, rest = value.partition("://")
    text = f"{_SCHEMES.get(scheme.lower(), '')}://{rest}" if separator else f"http://{value}"
    try:
        url = httpx.URL(text)
        usable = bool(url.host) and url.scheme in _SCHEMES and (url.port is None or 0 < url.port < 65_536)
    except (httpx.InvalidURL, ValueError):
        usable = False
    if not usable:
        raise ConnectFailed(
            f"{variable} is not a valid proxy URL",
            hint=f"Set {variable} to http://HOST:PORT or socks5://HOST:PORT, or unset it.",
        )
    return text


def _is_excluded(url: httpx.URL, no_proxy: str) -> bool:
    """Return whether NO_PROXY matches the host of *url*.

    An entry is ``*``, a domain (with its subdomains), an IP address or a network, with or without a port.
    """
    host, port = url.host.rstrip(".").lower(), url.port or _PORTS.get(url.scheme)
    for entry in no_proxy.replace(",", " ").lower().split():
        name, _, digits = entry.rpartition(":") if entry.count(":") == 1 or "]:" in entry else (entry, "", "")
        if digits and digits != str(port):
            continue
        name = name.strip("[]").removeprefix("*").strip(".")
        if entry == "*" or (name and (host == name or host.endswith(f".{name}"))) or _in_network(host, name):
            return True
    return False


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a TLS context with the certificates that *environ* names, or those of certifi. Blocks for 30 ms.

    Raises:
        ConnectFailed: the certificates cannot be read.
    """
    file, folder = environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")
    return _context(file, "" if file else folder)


@cache
def _context(file: str, folder: str) -> ssl.SSLContext:
    if not file and not folder:
        return httpx.create_ssl_context(trust_env=False)
    variable, path = ("SSL_CERT_FILE", file) if file else ("SSL_CERT_DIR", folder)
    try:
        if folder and not Path(folder).is_dir():
            raise FileNotFoundError(2, "not a folder")
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except (OSError, ValueError) as error:
        reason = "it contains no certificates" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", error)
        raise ConnectFailed(
            f"{variable}={path} cannot be used: {reason}",
            hint=f"Set {variable} to a file or folder of PEM certificates, or unset it.",
        ) from None


def _no_certificates() -> ssl.SSLContext:
    """Return a context for plain http. It trusts no certificate, in case a bug uses it for https."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class RoutedTransport(httpx.AsyncBaseTransport):
    """Transport that sends each request directly or through the proxy for its URL.

    Each inner transport is created on first use, so plain http loads no certificates.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._transports: dict[tuple[bool, ProxyRoute | None], httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request*.

        Raises:
            ConnectFailed: the proxy is invalid or unreachable, or the certificates cannot be read.
            httpx.TransportError: the request failed.
        """
        proxy = proxy_route(request.url, self._environ)
        key = (request.url.scheme == "https", proxy)
        if key not in self._transports:
            transport = await asyncio.to_thread(self._new, *key)
            self._transports.setdefault(key, transport)  # another send may have created it meanwhile
        if proxy is None:
            return await self._transports[key].handle_async_request(request)
        with _proxy_errors(proxy, request.url):
            async with _closed_on_failure(request):
                return await self._transports[key].handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        transports, self._transports = list(self._transports.values()), {}
        for transport in transports:
            await transport.aclose()

    def _new(self, secure: bool, proxy: ProxyRoute | None) -> httpx.AsyncHTTPTransport:
        """Return a new transport. Run it in a thread: it reads certificates and imports the network backend."""
        anyio.run(anyio.sleep, 0)  # imports the asyncio backend, which takes 100 ms
        context = tls_context(self._environ) if secure else _no_certificates()
        if proxy is None:
            return httpx.AsyncHTTPTransport(verify=context, trust_env=False)
        proxy_context = tls_context(self._environ) if proxy.url.startswith("https:") else None
        return httpx.AsyncHTTPTransport(
            verify=context, trust_env=False, proxy=httpx.Proxy(proxy.url, ssl_context=proxy_context)
        )


@asynccontextmanager
async def _closed_on_failure(request: httpx.Request) -> AsyncIterator[None]:
    """Close the connection to a proxy that violates the SOCKS protocol, which httpcore leaves open."""
    streams: list[Any] = []
    trace = request.extensions.get("trace")

    async def watch(event: str, info: dict[str, Any]) -> None:
        if event.endswith("connect_tcp.complete"):
            streams.append(info["return_value"])
        if trace is not None:
            await trace(event, info)

    request.extensions["trace"] = watch
    try:
        yield
    except BaseException:
        for stream in streams:
            await stream.aclose()
        raise


@contextmanager
def _proxy_errors(proxy: ProxyRoute, url: httpx.URL) -> Iterator[None]:
    """Raise errors that name the proxy and its variable."""
    try:
        yield
    except Exception as error:
        if isinstance(error, ExplorerError):
            raise
        if isinstance(error, httpx.RemoteProtocolError | httpx.NetworkError) and not isinstance(error, _NO_CONNECTION):
            raise BrokenAnswer(
                f"lost the connection through the proxy {proxy.address} ({proxy.variable}): {error}"
            ) from error
        if isinstance(error, httpx.TransportError) and not isinstance(error, _NO_CONNECTION):
            raise
        # httpcore asserts on what a SOCKS proxy sends, so any exception is possible.
        raise ConnectFailed(
            f"no connection to {url.host} through the proxy {proxy.address} ({proxy.variable}): {_reason(error)}",
            hint=f"Check {proxy.variable}, or add {url.host} to NO_PROXY.",
        ) from error


_NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no response in time"
    return str(error) if isinstance(error, httpx.TransportError) and str(error) else "it violates the proxy protocol"
