"""Every byte of a request has one origin: over every call of the catalog, and told case by case."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlsplit

import h11
import msgspec
import pytest

from explorer.core.model import Call, Entry, SentRequest
from explorer.core.provenance import PART_ORIGINS, RequestPart, target_of, to_bytes
from explorer.session.context import SessionContext
from explorer.session.prepare import prepare_call, trace_parts
from explorer.store.credentials import Vault
from explorer.store.folders import Folders
from explorer.store.preferences import Settings
from tests.properties import given, settings, st
from tests.sandbox.test_every_call import ADDRESSES, ALSO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog, Endpoint


@pytest.fixture(scope="module")
def session(shipped: Catalog, tmp_path_factory: pytest.TempPathFactory) -> SessionContext:
    environ = {"API_EXPLORER_HOME": str(tmp_path_factory.mktemp("home"))}
    return SessionContext(
        catalog=shipped,
        settings=Settings(),
        folders=Folders.from_environ(environ),
        vault=Vault(environ, keyring=None),
        environ=environ,
    )


@pytest.fixture(scope="module")
def upload(session: SessionContext, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "picture.png"
    path.write_bytes(b"\x89PNG\r\n--not a boundary\r\n\x00\xff")
    session.files.allow_upload(str(path))
    return path


def join_parts(parts: Iterable[RequestPart]) -> bytes:
    """Return the request that consists of *parts*."""
    return b"".join(part.data for part in parts)


def wire_bytes(request: SentRequest) -> bytes:
    """*request* as HTTP/1.1 writes it (RFC 9112, 2.1)."""
    head = to_bytes(f"{request.method} {target_of(request.url)} HTTP/1.1\r\n")
    fields = b"".join(to_bytes(f"{name}: {value}\r\n") for name, value in request.headers)
    return head + fields + b"\r\n" + request.body


def entries_of(endpoint: Endpoint, upload: Path, *, everything: bool, also: Mapping[str, str]) -> tuple[Entry, ...]:
    """The catalog's examples: of what is required, or of all there is."""
    entries = []
    for param in endpoint.params.values():
        group = endpoint.groups.get(param.group or "")
        needed = param.required and (param.group is None or (group is not None and group.min > 0))
        value = also.get(param.name, param.example)
        kind: Literal["file", "text"] = "file" if param.type == "file" else "text"
        if not (everything or needed or param.name in also) or param.prefill is not None:
            continue
        if not value and kind == "text":
            continue
        name = param.name.replace("#", str(group.start if group else 0)).replace("[*]", "[any]")
        entries.append(Entry(name=name, kind=kind, value=str(upload) if kind == "file" else value))
    return tuple(entries)


def on_the_wire(request: SentRequest) -> bytes:
    """The request as another library writes it."""
    parts = urlsplit(request.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = h11.Connection(h11.CLIENT)
    event = h11.Request(method=request.method, target=target, headers=list(request.headers))
    head = connection.send(event) or b""
    return head + request.body


def same_wire(ours: bytes, theirs: bytes) -> bool:
    """h11 writes header names in lower case by itself where they were given so; nothing else differs."""
    head, _, body = ours.partition(b"\r\n\r\n")
    other, _, rest = theirs.partition(b"\r\n\r\n")
    return [line.lower() for line in head.split(b"\r\n")] == [line.lower() for line in other.split(b"\r\n")] and (
        body == rest
    )


def fields_of(request: SentRequest) -> Counter[tuple[str, str]]:
    """What the request holds, read by the standard library: headers, parameters, fields of the body."""
    found: Counter[tuple[str, str]] = Counter(("header", name) for name, _ in request.headers)
    found.update(("query", name) for name, _ in parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    if kind.startswith("multipart/"):
        boundary = b"--" + kind.partition("boundary=")[2].encode()
        for part in request.body.split(boundary)[1:-1]:
            found["body", part.split(b'name="')[1].split(b'"')[0].decode()] += 1
    elif request.body[:1] == b"{":
        found.update(("body", name) for name in leaves(json.loads(request.body)))
    else:
        found.update(("body", name) for name, _ in parse_qsl(request.body.decode(), keep_blank_values=True))
    return found


def leaves(value: object, path: str = "") -> Iterable[str]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from leaves(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for at, one in enumerate(value):
            yield from leaves(one, f"{path}[{at}]")
    elif path:
        yield path


def told_of(parts: Iterable[RequestPart]) -> Counter[tuple[str, str]]:
    return Counter((part.place, part.name) for part in parts if part.place in ("header", "query", "body"))


@pytest.mark.parametrize("everything", [False, True], ids=["required", "everything"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_part_of_every_call_has_one_origin(
    session: SessionContext, upload: Path, address: str, *, everything: bool
) -> None:
    vendor, endpoint = session.endpoint(address)
    entries = entries_of(endpoint, upload, everything=everything, also=ALSO.get(address, {}))
    call = Call(vendor=vendor.id, endpoint=endpoint.id, entries=entries, force=True)
    request = prepare_call(session, call, at=1_700_000_000).request
    parts = trace_parts(session, call, request)
    assert join_parts(parts) == wire_bytes(request)
    assert same_wire(join_parts(parts), on_the_wire(request))
    assert {part.origin for part in parts} <= set(PART_ORIGINS)
    assert "unknown" not in {part.origin for part in parts}, [part for part in parts if part.origin == "unknown"]
    expected, found = fields_of(request), told_of(parts)
    if request.body[:1] == b"{":  # the form's names of JSON fields are its own: line_items[3].id, ids[]
        assert sum(found.values()) == sum(expected.values())
        expected = Counter({key: count for key, count in expected.items() if key[0] != "body"})
        found = Counter({key: count for key, count in found.items() if key[0] != "body"})
    assert found == expected
    mine = Counter(part.name for part in parts if part.origin == "you")
    assert sum(mine.values()) == len(entries), mine


def test_masked_requests_are_told_of_too(session: SessionContext) -> None:
    """What is shown and kept has its secrets masked; its parts are the same, and hold no secret."""
    call = Call(vendor="cottoncart", endpoint="manage_my_stores")
    prepared = prepare_call(session, call, at=1_700_000_000)
    parts = trace_parts(session, call, prepared.shown)
    real = trace_parts(session, call, prepared.request)
    assert [(part.name, part.origin) for part in parts] == [(part.name, part.origin) for part in real]
    assert join_parts(parts) == wire_bytes(prepared.shown)
    secret = session.vault.find(session.vendor("cottoncart"), "auth_id", "sandbox")
    assert secret is not None
    assert secret.value.reveal().encode() not in join_parts(parts)


def origins(session: SessionContext, call: Call) -> dict[str, str]:
    """Name (or text, of what has none) → origin, in words."""
    request = prepare_call(session, call, at=1_700_000_000).request
    return {part.name or part.text.strip(): PART_ORIGINS[part.origin] for part in trace_parts(session, call, request)}


def test_a_signed_call_told_part_by_part(session: SessionContext) -> None:
    call = Call(
        vendor="cottoncart",
        endpoint="manage_my_stores",
        entries=(Entry(name="user_id", value="0"),),
        extra=(("debug", "1"),),
        headers=(("X-Mine", "yes"), ("User-Agent", "me")),
    )
    told = origins(session, call)
    assert told["GET"] == "catalog"
    assert told["/cottoncart/api"] == "environment"
    assert told["/v1"] == "version rule"
    assert told["/manage/my_stores."] == "catalog"
    assert told["format"] == "default"
    assert told["user_id"] == told["debug"] == told["X-Mine"] == told["User-Agent"] == "you"
    assert told["auth_id"] == told["auth_ts"] == told["auth_sig"] == "auth"
    assert told["Host"] == "environment"
    assert told["Accept-Encoding"] == "this program"


def test_a_version_in_the_accept_header_and_a_json_body(session: SessionContext) -> None:
    call = Call(
        vendor="fashionphile",
        endpoint="account_create",
        force=True,
        entries=(Entry(name="email", value="a@b.example"),),
    )
    told = origins(session, call)
    assert told["Accept"] == "version rule"
    assert told["email"] == "you"
    assert told["Content-Type"] == "catalog"
    assert told["Content-Length"] == "httpx"


def test_what_the_form_starts_with_is_yours_once_you_type_it(session: SessionContext) -> None:
    call = Call(vendor="fashionphile", endpoint="cart_update", force=True)
    assert origins(session, Call(vendor="quickstart", endpoint="authorize", force=True))["response_type"] == "default"
    typed = (Entry(name="response_type", value="code"),)
    again = Call(vendor="quickstart", endpoint="authorize", force=True, entries=typed)
    assert origins(session, again)["response_type"] == "you"
    assert origins(session, msgspec.structs.replace(call, method=""))["PATCH"] == "catalog"


def test_an_indexed_group_keeps_its_names_where_gaps_are_closed(session: SessionContext) -> None:
    """line_items[3] is the first of the body when it is alone; it is still the one that was typed."""
    call = Call(
        vendor="endlessaisles",
        endpoint="orders_create",
        force=True,
        entries=(
            Entry(name="line_items[3].id", value="7"),
            Entry(name="line_items[5].id", value="8"),
            Entry(name="nobody.knows", kind="json", value='{"deep": [1, {"x": null}]}'),
        ),
    )
    request = prepare_call(session, call, at=1.0).request
    parts = {part.name: part for part in trace_parts(session, call, request) if part.place == "body"}
    assert parts["line_items[3].id"].text.endswith('"id":7')
    assert parts["line_items[5].id"].text.endswith('"id":8')
    assert parts["nobody.knows"].origin == "you"
    assert parts["nobody.knows"].text == '"knows":{"deep":[1,{"x":null}]}'


@given(
    value=st.text(st.characters(codec="utf-8"), max_size=20),
    name=st.from_regex(r"[A-Za-z_\[\]&=+% ]{1,8}", fullmatch=True),
)
@settings(max_examples=60)
def test_any_value_and_any_undocumented_name_has_its_place(session: SessionContext, value: str, name: str) -> None:
    call = Call(
        vendor="cottoncart",
        endpoint="catalogue_stores",
        force=True,
        entries=(Entry(name="search", value=value), Entry(name="format", value=f"x{value}".replace("/", ""))),
        extra=((name, value),),
    )
    request = prepare_call(session, call, at=1.0).request
    parts = trace_parts(session, call, request)
    assert join_parts(parts) == wire_bytes(request)
    assert [part.origin for part in parts if part.name in ("search", "format", name)].count("you") == 3


def test_a_redirect_is_the_servers_and_a_token_call_the_schemes(session: SessionContext) -> None:
    call = Call(vendor="fashionphile", endpoint="whoami", headers=(("X-Mine", "1"),))
    moved = SentRequest(
        method="GET",
        url="http://127.0.0.1:8710/elsewhere?from=there",
        headers=(("Host", "127.0.0.1:8710"), ("Authorization", "Bearer ••••••"), ("X-Mine", "1")),
    )
    told = {part.name or part.place: part.origin for part in trace_parts(session, call, moved, purpose="redirect")}
    assert told["path"] == told["from"] == told["Host"] == "server"
    assert told["Authorization"] == "auth"
    assert told["X-Mine"] == "you"
    token_call = SentRequest(
        method="POST",
        url="http://127.0.0.1:8710/fashionphile/api/authenticate",
        headers=(("Host", "127.0.0.1:8710"), ("Content-Type", "application/x-www-form-urlencoded")),
        body=b"email=a&password=b",
    )
    parts = trace_parts(session, call, token_call, purpose="auth")
    assert {part.name: part.origin for part in parts if part.place == "body"} == {"email": "auth", "password": "auth"}
    assert join_parts(parts) == wire_bytes(token_call)


def test_a_body_that_cannot_be_cut_is_told_as_a_whole(session: SessionContext) -> None:
    call = Call(vendor="fashionphile", endpoint="account_create", force=True)
    for body, kind in (
        (b'{"email": ', "application/json"),
        (b"\xff\x00", "text/plain"),
        (b"[1,2]", "application/json"),
    ):
        request = SentRequest(
            method="POST",
            url="http://127.0.0.1:8710/fashionphile/api/account",
            headers=(("Host", "127.0.0.1:8710"), ("Content-Type", kind)),
            body=body,
        )
        assert join_parts(trace_parts(session, call, request)) == wire_bytes(request)
