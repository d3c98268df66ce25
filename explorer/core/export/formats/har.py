"""HAR: exchanges as an HTTP archive (HAR 1.2, the W3C draft of 2012), for browsers and proxies."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from explorer import __version__
from explorer.core.export.format import ExportFormat
from explorer.core.text.media_type import FORM
from explorer.core.text.url_pairs import decode_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from explorer.core.export.format import ExportSource
    from explorer.core.model import Exchange, Header, ReceivedResponse, SentRequest, Timings


def har(exchanges: Iterable[Exchange]) -> dict[str, Any]:
    """Return the archive of *exchanges* as a JSON value. Hops are entries too. Mask the exchanges first if required."""
    entries = [entry for exchange in exchanges for entry in _entries(exchange)]
    creator = {"name": "api-explorer", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _entries(exchange: Exchange) -> list[dict[str, Any]]:
    started = datetime.fromtimestamp(exchange.started_at, UTC).isoformat(timespec="milliseconds")
    rows: list[dict[str, Any]] = []
    for hop in exchange.hops:
        timings = {"send": 0.0, "wait": 0.0, "receive": 0.0}
        rows.append(_entry(started, hop.request, hop.response, timings, f"{hop.purpose}, before the call"))
    verdict = exchange.verdict
    comment = f"{exchange.call.address} ({exchange.call.environment}): {verdict.outcome}"
    if exchange.failure is not None:
        comment = f"{exchange.call.address} ({exchange.call.environment}): {exchange.failure.title}"
    rows.append(_entry(started, exchange.request, exchange.response, _timings(exchange.timings), comment))
    return rows


def _entry(
    started: str, request: SentRequest, response: ReceivedResponse | None, timings: dict[str, float], comment: str
) -> dict[str, Any]:
    return {
        "startedDateTime": started,
        "time": round(sum(value for value in timings.values() if value > 0), 3),
        "request": _request(request),
        "response": _response(response),
        "cache": {},
        "timings": timings,
        "comment": comment,
    }


def _request(request: SentRequest) -> dict[str, Any]:
    query = decode_pairs(urlsplit(request.url).query.encode())
    table: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
        table["postData"] = {"mimeType": kind, "text": request.body.decode("utf-8", "replace")}
        if kind.startswith(FORM):
            table["postData"]["params"] = _pairs(decode_pairs(request.body))
    return table


def _response(response: ReceivedResponse | None) -> dict[str, Any]:
    if response is None:
        empty = {"size": 0, "mimeType": "x-unknown"}
        return _response_table(0, "", "", [], empty, -1)
    content: dict[str, Any] = {"size": len(response.body), "mimeType": response.header("content-type") or "x-unknown"}
    try:
        content["text"] = response.body[:].decode("utf-8")
    except UnicodeDecodeError:
        content["text"] = base64.b64encode(response.body).decode("ascii")
        content["encoding"] = "base64"
    if response.truncated:
        content["comment"] = f"incomplete: {response.truncated}"
    headers = _pairs(response.headers)
    version = response.http_version
    return _response_table(response.status, response.reason, version, headers, content, response.wire_size)


def _response_table(
    status: int, reason: str, version: str, headers: list[dict[str, str]], content: dict[str, Any], size: int
) -> dict[str, Any]:
    return {
        "status": status,
        "statusText": reason,
        "httpVersion": version,
        "cookies": [],
        "headers": headers,
        "content": content,
        "redirectURL": next((header["value"] for header in headers if header["name"].lower() == "location"), ""),
        "headersSize": -1,
        "bodySize": size,
    }


def _pairs(pairs: Sequence[Header]) -> list[dict[str, str]]:
    """Return name and value of each pair. Invalid UTF-8 is replaced, since the file is UTF-8."""
    return [{"name": _valid_utf8(name), "value": _valid_utf8(value)} for name, value in pairs]


def _valid_utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _timings(timings: Timings) -> dict[str, float]:
    """Return the milliseconds of each phase; -1 for a phase that did not occur."""
    connected = timings.connected or 0.0
    sent = timings.sent if timings.sent is not None else connected
    first = timings.first_byte if timings.first_byte is not None else sent
    phases = {
        "connect": -1.0 if timings.connected is None else connected * 1000,
        "send": max(0.0, sent - connected) * 1000,
        "wait": max(0.0, first - sent) * 1000,
        "receive": max(0.0, timings.total - first) * 1000,
    }
    return {name: round(value, 3) for name, value in phases.items()}


def _write(source: ExportSource) -> bytes:
    return (json.dumps(har(source.exchanges()), indent=2) + "\n").encode()


FORMAT: Final = ExportFormat(
    id="har",
    title="HAR",
    description="an archive of requests and responses, for browsers and proxies",
    extension=".har",
    kind="archive",
    write=_write,
)
