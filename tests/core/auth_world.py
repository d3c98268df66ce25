"""A made-up vendor for the tests of auth: its clock, its dice, and requests read without any code of the program."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import httpx

from explorer.core.auth import scheme_of, verifier_for
from explorer.core.auth.base import AuthContext, Scheme
from explorer.core.auth.tokens import TokenStore
from explorer.core.auth.verifier import AccountBook, IncomingRequest, Verifier
from explorer.core.catalog.model import Auth, Credential, Endpoint, Parameter, Vendor
from explorer.core.text.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BASE = "https://api.example/root"
NOW = 1_700_000_000.0


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Dice:
    """Random text that is the same in every run: ``n1…``, ``n2…`` of the length that n bytes have in base64url."""

    def __init__(self, letter: str = "n") -> None:
        self.letter, self.thrown = letter, 0

    def __call__(self, size: int) -> str:
        self.thrown += 1
        return f"{self.letter}{self.thrown}".ljust(-(-size * 4 // 3), "x")


def vendor(scheme: str, options: Mapping[str, Any], credentials: Mapping[str, str], **foreign: str) -> Vendor:
    """A vendor with one way of authenticating, called ``main``, and demo credentials."""
    table = {
        name: Credential(title=name, sandbox=value, secret=name not in ("auth_id", "email", "client_id"))
        for name, value in credentials.items()
    }
    for name, value in foreign.items():
        table[name] = Credential(title=name, sandbox=credentials[name], sandbox_foreign=(value,))
    return Vendor(id="shop", title="Shop", credentials=table, auth={"main": Auth(scheme=scheme, options=dict(options))})


def endpoint(name: str = "call", body: Any = "none", **params: Parameter) -> Endpoint:
    return Endpoint(id=name, title=name, group="Test", path="/x", auth="main", body=body, params=params)


@dataclass
class World:
    """One vendor with both sides of its scheme."""

    vendor: Vendor
    held: dict[str, str]
    clock: Clock = field(default_factory=Clock)
    tokens: TokenStore = field(default_factory=TokenStore)
    dice: Dice = field(default_factory=lambda: Dice("c"))
    _verifier: Verifier | None = None

    def context(self, call: Endpoint | None = None, *, read: bool = True) -> AuthContext:
        def credential(name: str) -> Secret | None:
            return Secret(self.held[name]) if name in self.held else None

        return AuthContext(
            vendor=self.vendor,
            endpoint=call or endpoint(),
            environment="sandbox",
            now=self.clock,
            nonce=self.dice,
            credential=credential,
            tokens=self.tokens,
            base_url=BASE,
            build=self.build,
            safe_to_retry=read,
        )

    def scheme(self, call: Endpoint | None = None, *, read: bool = True) -> Scheme:
        return scheme_of(self.vendor, "main", self.context(call, read=read))

    @property
    def verifier(self) -> Any:
        if self._verifier is None:
            self._verifier = verifier_for(self.vendor, "main", AccountBook.of(self.vendor), self.clock, Dice("s"))
        return self._verifier

    def build(self, name: str, values: Mapping[str, str]) -> httpx.Request:
        if name == "authorize":
            return httpx.Request("GET", f"{BASE}/authorize")
        return httpx.Request("POST", f"{BASE}/{name}", data=dict(values))


def get(path: str = "/x", *pairs: tuple[str, str], method: str = "GET") -> httpx.Request:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    return httpx.Request(method, BASE + path + ("?" + query if query else ""))


def form(path: str, *pairs: tuple[str, str], method: str = "POST") -> httpx.Request:
    body = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return httpx.Request(method, BASE + path, headers=headers, content=body.encode())


def multipart(path: str, pairs: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]]) -> httpx.Request:
    headers = {"Content-Type": "multipart/form-data; boundary=frontier"}
    parts: dict[str, Any] = {name: (None, value) for name, value in pairs.items()}
    request = httpx.Request("POST", BASE + path, headers=headers, files={**parts, **files})
    request.read()
    return request


def arrived(request: httpx.Request) -> IncomingRequest:
    """*request* as a server reads it: the query and forms by urllib, multipart by the email package."""
    content_type = request.headers.get("content-type", "")
    pairs: list[tuple[str, str]] = []
    files: list[str] = []
    if content_type.startswith("application/x-www-form-urlencoded"):
        pairs = parse_qsl(request.content.decode("ascii"), keep_blank_values=True)
    elif content_type.startswith("multipart/"):
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        message = email.message_from_bytes(head + request.content, policy=email.policy.HTTP)
        for part in message.get_payload():
            name = str(part.get_param("name", header="content-disposition"))  # type: ignore[union-attr]  # see above
            if part.get_filename() is not None:  # type: ignore[union-attr]  # see above
                files.append(name)
            else:
                raw = part.get_payload(decode=True)  # type: ignore[union-attr]  # see above
                pairs.append((name, bytes(raw).decode()))
    return IncomingRequest(
        method=request.method,
        path=request.url.path.removeprefix("/root"),
        query=tuple(parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)),
        form=tuple(pairs),
        files=tuple(files),
        headers={name.lower(): value for name, value in request.headers.items()},
    )


class _SchemeAuth(httpx.Auth):
    """A scheme as httpx takes it."""

    requires_request_body = requires_response_body = True

    def __init__(self, scheme: Scheme) -> None:
        self.auth_flow = scheme.auth_flow  # type: ignore[method-assign]  # the very flow


def converse(
    scheme: Scheme, request: httpx.Request, answer: Callable[[httpx.Request], httpx.Response]
) -> list[tuple[httpx.Request, httpx.Response]]:
    """Everything that goes over the wire for one call, sent by httpx itself through the scheme."""
    seen: list[tuple[httpx.Request, httpx.Response]] = []

    def handler(sent: httpx.Request) -> httpx.Response:
        response = answer(sent)
        seen.append((sent, response))
        return response

    with httpx.Client(transport=httpx.MockTransport(handler)) as client:
        client.send(request, auth=_SchemeAuth(scheme))
    return seen
