"""What a JSON Web Token says of itself (RFC 7519), read without checking its signature: only the vendor can do that."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Final

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_utc

_TIMES: Final = ("exp", "nbf", "iat", "auth_time")
_MAX_LENGTH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Claims:
    """Header and claims of a token; never its signature."""

    header: dict[str, object]
    claims: dict[str, object]

    def moment(self, name: str) -> float | None:
        """A time among the claims, in Unix seconds, or None."""
        found = self.claims.get(name)
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None

    def lines(self) -> tuple[str, ...]:
        """Every claim as ``name: value``, times in UTC beside the number."""
        return tuple(f"{sanitize_line(str(name))}: {_shown(name, value)}" for name, value in self.claims.items())


def read_claims(token: str) -> Claims | None:
    """The claims of a token, or None where it is no JSON Web Token."""
    parts = token.strip().split(".")
    if len(parts) != 3 or len(token) > _MAX_LENGTH:
        return None
    header, claims = _part(parts[0]), _part(parts[1])
    return Claims(header, claims) if header is not None and claims is not None and "alg" in header else None


def _part(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _shown(name: str, value: object) -> str:
    text = sanitize_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    if name in _TIMES and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return f"{text} ({format_utc(value, '%Y-%m-%d %H:%M:%S UTC')})"
        except (ValueError, OverflowError, OSError):
            return text
    return text
