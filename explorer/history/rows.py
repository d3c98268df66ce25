"""An exchange as it is kept: a packed blob, the columns of a list, the words of a search."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from explorer.core.exchange import Exchange, Outcome
from explorer.errors import StoreError

if TYPE_CHECKING:
    from explorer.core.text.data import Data

EntryState = Literal["sent", "done", "failed", "interrupted"]
"""``sent``: on its way; ``done``: answered; ``failed``: no whole answer; ``interrupted``: the program ended first."""

SEARCHED_BYTES: Final = 65_536
"""Bytes of each body that a search looks at."""
_FAST_PACK_FROM: Final = 1_000_000
"""Bytes from which packing is made quick rather than small."""


class HistoryRow(msgspec.Struct, frozen=True):
    """One line of the list. ``size`` counts the bytes of the decoded body, ``seconds`` the whole exchange."""

    id: int
    started_at: float
    vendor: str
    endpoint: str
    environment: str
    method: str
    url: str
    status: int | None = None
    outcome: Outcome = "UNKNOWN"
    size: int = 0
    seconds: float = 0.0
    state: EntryState = "sent"
    origin: int = 0
    """The entry that it was a replay of, or 0."""
    note: str = ""
    tags: str = ""
    """The tags in alphabetical order, a blank before and after each (`` later slow ``), or empty."""

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags one by one."""
        return tuple(self.tags.split())

    @property
    def address(self) -> str:
        """``vendor.endpoint``."""
        return f"{self.vendor}.{self.endpoint}"


COLUMNS: Final = HistoryRow.__struct_fields__[1:]
"""The columns of the table ``entries`` that a row shows, its id left out."""
ADDED_COLUMNS: Final = ("note", "tags")
"""Those of them that a person adds afterwards."""


def columns(exchange: Exchange) -> dict[str, Any]:
    """What a list shows of an exchange."""
    response = exchange.response
    state: EntryState = "sent"
    if exchange.failure is not None:
        state = "failed"
    elif response is not None:
        state = "done"
    return {
        "started_at": exchange.started_at,
        "vendor": drop_surrogates(exchange.call.vendor),
        "endpoint": drop_surrogates(exchange.call.endpoint),
        "environment": drop_surrogates(exchange.call.environment),
        "method": drop_surrogates(exchange.request.method),
        "url": drop_surrogates(exchange.request.url),
        "status": response.status if response else None,
        "outcome": exchange.verdict.outcome,
        "size": len(response.body) if response else 0,
        "seconds": exchange.timings.total,
        "state": state,
        "origin": exchange.origin,
    }


def row(values: tuple[Any, ...]) -> HistoryRow:
    """A row of ``id, *COLUMNS`` as a value."""
    return HistoryRow(*values)


def search_columns(exchange: Exchange, note: str = "", tags: str = "") -> tuple[str, str, str, str]:
    """What a search finds: address and URL; form; bodies; verdict or failure, note and tags."""
    call = exchange.call
    place = f"{call.vendor} {call.endpoint} {call.environment} {exchange.request.method} {exchange.request.url}"
    form = " ".join(f"{entry.name} {entry.value}" for entry in call.entries)
    bodies = [exchange.request.body, exchange.response.body if exchange.response else b""]
    said = f"{exchange.verdict.code} {exchange.verdict.message}"
    if exchange.failure:
        said += f" {exchange.failure.title} {exchange.failure.message}"
    said += f"\n{note}\n{tags}"
    return (
        drop_surrogates(place),
        drop_surrogates(form[:SEARCHED_BYTES]),
        "\n".join(_readable(one) for one in bodies),
        drop_surrogates(said),
    )


def pack(exchange: Exchange) -> bytes:
    """The whole exchange as one blob."""
    data = msgspec.msgpack.encode(_storable(exchange))
    return zlib.compress(data, 1 if len(data) >= _FAST_PACK_FROM else 6)


def unpack(blob: bytes, number: int) -> Exchange:
    """The exchange in a blob, with its number.

    Raises:
        StoreError: the blob is damaged.
    """
    try:
        exchange = msgspec.msgpack.decode(zlib.decompress(blob), type=Exchange)
    except (zlib.error, msgspec.MsgspecError, RecursionError) as error:
        raise StoreError(
            f"entry {number} of the history is damaged and cannot be shown",
            hint=f"The other entries are not touched by it ({type(error).__name__}).",
        ) from error
    return msgspec.structs.replace(exchange, id=number)


def _storable(exchange: Exchange) -> Exchange:
    """*exchange* itself, or a copy without lone surrogates (from file names), which no encoding can hold."""
    try:
        msgspec.json.encode(exchange)
    except UnicodeEncodeError:
        return msgspec.convert(_without_surrogates(msgspec.to_builtins(exchange, builtin_types=(bytes,))), Exchange)
    return exchange


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return drop_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(one) for one in value]
    return value


def drop_surrogates(text: str) -> str:
    """*text* as SQLite can keep it: without lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def _readable(body: Data) -> str:
    """The beginning of a body as text; nothing of one that is not text."""
    start = body[:SEARCHED_BYTES]
    return "" if b"\0" in start[:1024] else start.decode("utf-8", "ignore")
