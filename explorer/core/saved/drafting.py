"""A call as a new saved request, before its secrets are taken out (``public``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from explorer.core.saved.model import SavedRequest
from explorer.core.saved.placeholders import escape
from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from explorer.core.exchange import Call


def draft_request(call: Call, *, keep_environment: bool = False) -> SavedRequest:
    """A new saved request of *call*."""
    return SavedRequest(call=call if keep_environment else msgspec.structs.replace(call, environment=""))


def draft_from_history(call: Call) -> Call:
    """The call of an entry of the history with a placeholder for what was masked when it was kept."""
    from explorer.core.text.env_names import saved_variable_name

    def shown(name: str, value: str) -> str:
        return escape(value).replace(MASK, f"${{{saved_variable_name(name)}}}") if MASK in value else escape(value)

    return msgspec.structs.replace(
        call,
        base_url=escape(call.base_url),
        entries=tuple(msgspec.structs.replace(one, value=shown(one.name, one.value)) for one in call.entries),
        extra=tuple((name, shown(name, value)) for name, value in call.extra),
        headers=tuple((name, shown(name, value)) for name, value in call.headers),
    )
