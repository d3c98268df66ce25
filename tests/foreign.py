"""A vendor on this machine, and another host beside it: what arrives at each is kept."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "tok-4711-marked"
PASSWORD = "pass-4712-marked"
CLIENT_SECRET = "secret-4713-marked"
REFRESH = "refresh-4714-marked"
CREDENTIALS = {
    "API_EXPLORER_SHOP_TOKEN": TOKEN,
    "API_EXPLORER_SHOP_PASSWORD": PASSWORD,
    "API_EXPLORER_SHOP_CLIENT_ID": "client-4715",
    "API_EXPLORER_SHOP_CLIENT_SECRET": CLIENT_SECRET,
    "API_EXPLORER_SHOP_REFRESH_TOKEN": REFRESH,
    "API_EXPLORER_SHOP_KEY": "hmac-key-4716-marked",
}
"""What the person has; none of it is for another host."""

CATALOG = """
[vendors.shop]
title = "Shop"
environments.production = {{ base_url = "{home}" }}
environments.guarded = {{ base_url = "{home}", guarded = true }}
environments.secure = {{ base_url = "https://127.0.0.1:{port}" }}
credentials.token = {{ title = "Token", sandbox = "demo-token-4720" }}
credentials.password = {{ title = "Password", sandbox = "demo-password-4721" }}
credentials.client_id = {{ title = "Client", secret = false, sandbox = "demo-client" }}
credentials.client_secret = {{ title = "Client secret", sandbox = "demo-secret-4722" }}
credentials.redirect_uri = {{ title = "Redirect", secret = false }}
credentials.refresh_token = {{ title = "Refresh token", sandbox = "demo-refresh-4723" }}
credentials.key = {{ title = "Key", sandbox = "demo-key-4724" }}
[vendors.shop.auth.key]
scheme = "token_header"
options = {{ header = "X-Shop-Token" }}
[vendors.shop.auth.hmac]
scheme = "hmac_query"
options = {{ key_id = "client_id", secret = "key" }}
[vendors.shop.auth.rotating]
scheme = "rotating_bearer"
options = {{ token = "session", sign_in = "sign_in", sign_in_values = {{ password = "password" }} }}
[vendors.shop.auth.oauth]
scheme = "oauth2"
options = {{ authorize = "authorize", token = "oauth_token", access_token = "access" }}
[vendors.shop.pagination.pages]
style = "laravel"
options = {{ items = "data" }}
[vendors.shop.endpoints.goods]
title = "Goods"
group = "Goods"
path = "/goods"
auth = "key"
pagination = "pages"
params.page = {{ in = "query", type = "integer" }}
[vendors.shop.endpoints.goods_delete]
title = "Delete goods"
group = "Goods"
method = "DELETE"
path = "/goods"
auth = "key"
[vendors.shop.endpoints.signed]
title = "Signed"
group = "Goods"
path = "/signed"
auth = "hmac"
[vendors.shop.endpoints.rotating]
title = "Rotating"
group = "Goods"
path = "/rotating"
auth = "rotating"
[vendors.shop.endpoints.oauth]
title = "OAuth"
group = "Goods"
path = "/oauth"
auth = "oauth"
[vendors.shop.endpoints.news]
title = "News"
group = "Goods"
path = "/news"
params.q = {{ in = "query" }}
[vendors.shop.endpoints.sign_in]
title = "Sign in"
group = "Session"
method = "POST"
path = "/sign_in"
body = "form"
effect = "session"
params.password = {{ in = "form", secret = true }}
[vendors.shop.endpoints.authorize]
title = "Consent"
group = "Session"
path = "/authorize"
[vendors.shop.endpoints.oauth_token]
title = "Token"
group = "Session"
method = "POST"
path = "/token"
body = "form"
effect = "session"
"""


class Server:
    """A host on loopback that answers every request in the same way and keeps what arrived."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        """Head and body of each request, as text."""
        self.status, self.headers, self.body = 200, {"Content-Type": "application/json"}, b'{"data": []}'
        handler = _handler(self)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def start(self) -> None:
        """Accept requests."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, and wait for what is under way."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def redirect(self, url: str) -> None:
        """Answer with a redirect to *url* from now on."""
        self.status, self.headers = 302, {"Location": url}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.requests.append(f"{self.requestline}\n{self.headers}\n{body.decode('latin-1')}")
            self.send_response(server.status)
            for name, value in {**server.headers, "Content-Length": str(len(server.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(server.body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def two_hosts() -> Iterator[tuple[Server, Server]]:
    """The vendor's own host, and another one."""
    servers = Server(), Server()
    for server in servers:
        server.start()
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()


def catalog_text(home: Server) -> str:
    """The catalog of the vendor whose host is *home*."""
    return CATALOG.format(home=home.url, port=home.port)
