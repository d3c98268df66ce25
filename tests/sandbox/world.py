"""How the tests call: requests put together and signed by hand, from the documents' words and never by our own code."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

if TYPE_CHECKING:
    import httpx

    from explorer.core.catalog import Catalog, Endpoint, Parameter, Vendor

NOW = 1_800_000_000.0
"""2027-01-15 08:00:00 UTC, when tests begin."""
COTTON_ID, COTTON_SECRET = "demo1@demostore", "Qm7rT2xKp9LwZ4sB"
FASHION = {"Accept": "application/x.fashionphile.v1+json"}
JSON = {"Accept": "application/json"}
Pairs = list[tuple[str, str]]


def check(response: httpx.Response) -> str:
    """The check that failed, as the sandbox says; empty for none."""
    return str(response.headers.get("x-sandbox-check", ""))


def reason(response: httpx.Response) -> str:
    """The sentence of the sandbox, decoded."""
    return unquote(response.headers.get("x-sandbox-reason", ""))


def signed(call: str, pairs: Pairs, *, auth_id: str, secret: str, stamp: int) -> Pairs:
    """*pairs* with the three parameters of 002:28-44; *call* is such as ``v1/catalogue/store_info``."""
    known = [*pairs, ("auth_id", auth_id), ("auth_ts", str(stamp))]
    ordered = sorted(known, key=lambda pair: pair[0].encode())
    base = call + "?" + "&".join(f"{name}={value}" for name, value in ordered)
    return [*known, ("auth_sig", hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest())]


@dataclass
class World:
    """Vendors behind a port, and the time that they see."""

    catalog: Catalog
    port: int
    client: httpx.Client
    now: float
    _count: int = 0
    tokens: dict[str, str] = field(default_factory=dict)

    def nonce(self, size: int) -> str:
        """Texts that differ and look random enough."""
        self._count += 1
        return hashlib.sha256(f"nonce {self._count}".encode()).hexdigest()[: max(size, 8)]

    def url(self, vendor: str, path: str) -> str:
        """Where a call of *vendor* is served; *path* as in the catalog."""
        below = "/api" if vendor == "cottoncart" else ""
        return f"http://127.0.0.1:{self.port}/{vendor}{below}{path}"

    def call(self, vendor: str, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, as given; the next token of a rotating vendor is kept."""
        response = self.client.request(method, self.url(vendor, path), **more)
        found = response.headers.get("authorization", "")
        if found:
            self.tokens[vendor] = found.removeprefix("Bearer ")
        return response

    # --- the vendors' own ways of signing in --------------------------------------------------------------------------

    def fashion_sign_in(self, email: str = "demo@example.com", password: str = "sandbox-bag-42") -> str:  # noqa: S107 - made up
        """A token of 001:34-42."""
        files = {"email": (None, email), "password": (None, password)}
        response = self.call("fashionphile", "POST", "/api/authenticate", headers=FASHION, files=files)
        assert response.status_code == 200, response.text
        self.tokens["fashionphile"] = response.json()["token"]
        return self.tokens["fashionphile"]

    def fashion(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A call with the current token (001:47-61)."""
        if "fashionphile" not in self.tokens:
            self.fashion_sign_in()
        headers = {**FASHION, "Authorization": f"Bearer {self.tokens['fashionphile']}", **more.pop("headers", {})}
        return self.call("fashionphile", method, path, headers=headers, **more)

    def xsell_token(self) -> str:
        """A token of 000:703-706."""
        if "xsellcast" not in self.tokens:
            data = {"client_id": "demo-client", "client_secret": "demo-client-secret"}
            response = self.call("xsellcast", "POST", "/api/oauth/request-token", headers=JSON, data=data)
            assert response.status_code == 200, response.text
            self.tokens["xsellcast"] = response.json()["access_token"]
        return self.tokens["xsellcast"]

    def xsell(self, method: str, path: str, values: dict[str, str] | None = None) -> httpx.Response:
        """A call with the token where the method has it (000:36-49, 372-387)."""
        pairs = {"access_token": self.xsell_token(), **(values or {})}
        place = "params" if method in ("GET", "HEAD") else "data"
        return self.call("xsellcast", method, path, headers=JSON, **{place: pairs})

    def cotton(self, call: str, pairs: Pairs | None = None, **more: Any) -> httpx.Response:
        """A signed call of the demo key; *call* is such as ``order/calculate.json``."""
        name = "v1/" + call.rpartition(".")[0]
        method = more.pop("method", "GET")
        known = {"auth_id": COTTON_ID, "secret": COTTON_SECRET, "stamp": int(self.now)}
        all_pairs = signed(name, pairs or [], **{**known, **more.pop("key", {})})
        if method == "GET":
            return self.call("cottoncart", "GET", f"/v1/{call}", params=all_pairs, **more)
        fields = [(key, (None, value)) for key, value in all_pairs] + more.pop("files", [])
        return self.call("cottoncart", method, f"/v1/{call}", files=fields, **more)

    def aisles(self, method: str, path: str, token: str = "ea-demo-test-token", **more: Any) -> httpx.Response:  # noqa: S107 - made up
        """A call with the vendor's own header (004:22)."""
        return self.call("endlessaisles", method, path, headers={"X-EA-REQUEST-TOKEN": token}, **more)

    def quick(self, path: str, token: str = "demo-access-token", **more: Any) -> httpx.Response:  # noqa: S107 - made up
        """A read with a bearer token (RFC 6750, 2.1)."""
        headers = {**JSON, "Authorization": f"Bearer {token}"}
        return self.call("quickstart", "GET", path, headers=headers, **more)

    # --- any endpoint of a catalog ------------------------------------------------------------------------------------

    def example(
        self, vendor: Vendor, endpoint: Endpoint, *, without: str = "", also: dict[str, str] | None = None
    ) -> httpx.Response:
        """The call with the examples of its required parameters (one left out if named, others added)."""
        sent = Examples(endpoint, without, also or {})
        path = re.sub(r"\{([^{}]*)\}", lambda place: quote(sent.path[place[1]], safe=","), endpoint.path)
        headers = {"Accept": endpoint.accept or vendor.version.accept or "*/*", **sent.headers}
        self._sign(vendor, endpoint, path, sent, headers)
        more: dict[str, Any] = {}
        if endpoint.body == "json":
            more["json"] = sent.document
        elif endpoint.body == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            more["content"] = urlencode(sent.form)
        elif endpoint.body == "multipart":
            more["files"] = [(name, (None, value)) for name, value in sent.form] + sent.files
        if sent.query:
            path += "?" + urlencode(sent.query)
        return self.call(vendor.id, endpoint.method, path, headers=headers, **more)

    def _sign(self, vendor: Vendor, endpoint: Endpoint, path: str, sent: Examples, headers: dict[str, str]) -> None:
        if endpoint.auth == "none":
            return
        place = sent.query if endpoint.body == "none" else sent.form
        if vendor.id == "cottoncart":
            call, pairs = path.strip("/").rpartition(".")[0], sent.query + sent.form
            place += signed(call, pairs, auth_id=COTTON_ID, secret=COTTON_SECRET, stamp=int(self.now))[-3:]
        elif vendor.id == "xsellcast":
            place.append(("access_token", self.xsell_token()))
        elif vendor.id == "endlessaisles":
            headers["X-EA-REQUEST-TOKEN"] = "ea-demo-test-token"
        elif vendor.id == "quickstart":
            headers["Authorization"] = "Bearer demo-access-token"
        else:
            if "fashionphile" not in self.tokens:
                self.fashion_sign_in()
            headers["Authorization"] = f"Bearer {self.tokens['fashionphile']}"


class Examples:
    """The examples of a call's parameters, each where it belongs."""

    def __init__(self, endpoint: Endpoint, without: str, also: dict[str, str]) -> None:
        self.path: dict[str, str] = {}
        self.query: Pairs = []
        self.form: Pairs = []
        self.files: list[tuple[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.document: dict[str, Any] = {}
        for param in endpoint.params.values():
            group = endpoint.groups.get(param.group or "")
            needed = param.required and (param.group is None or (group is not None and group.min > 0))
            if (needed or param.name in also) and param.name != without:
                index = str(group.start if group else 0)
                self._put(param, param.name.replace("#", index), also.get(param.name, param.example))

    def _put(self, param: Parameter, name: str, value: str) -> None:
        if param.location == "path":
            self.path[name] = value
        elif param.location == "header":
            self.headers[name] = value
        elif param.type == "file":
            self.files.append((name, ("photo.png", b"\x89PNG\r\n\x1a\n made up", "image/png")))
        elif param.location == "query":
            self.query.append((name, value))
        elif param.location in ("form", "multipart"):
            self.form.append((name, value))
        else:
            plain = param.type == "string" or value in param.also
            nested(self.document, name, value if plain else json.loads(value))


def nested(document: dict[str, Any], name: str, value: Any) -> None:
    """Put *value* at ``line_items[0].id`` or ``ids[]`` of a JSON document."""
    keys: list[str | int] = []
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d*)\]", name):
        keys.append(key or int(index or 0))
    place: Any = document
    for key, following in itertools.pairwise(keys):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(key, int):
            if len(place) <= key:
                place.append(empty)
            place = place[key]
        else:
            place = place.setdefault(key, empty)
    last = keys[-1]
    if isinstance(last, int):
        place.append(value)
    else:
        place[last] = value
