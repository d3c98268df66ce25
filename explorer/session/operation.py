"""What a call comes to: the operation it means, and the exact request it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.model import SANDBOX
from explorer.errors import UnknownName

if TYPE_CHECKING:
    from explorer.core.auth.base import SigningStep
    from explorer.core.catalog.model import Endpoint, Environment, Vendor
    from explorer.core.model import Call, SentRequest
    from explorer.core.redaction import Redactor
    from explorer.errors import Problem


@dataclass(frozen=True)
class Operation:
    """An endpoint and its vendor as they are under the chosen readings."""

    vendor: Vendor
    endpoint: Endpoint
    environment: Environment | None
    """None in the sandbox."""


@dataclass(frozen=True)
class Prepared:
    """The exact signed request, not sent."""

    request: SentRequest
    problems: tuple[Problem, ...]
    before: str
    """What would be asked for first (``a token is requested from sign_in first``), or empty."""
    missing: tuple[str, ...]
    """Credentials that the scheme needs and has not."""
    steps: tuple[SigningStep, ...]
    redactor: Redactor

    @property
    def shown(self) -> SentRequest:
        """The request with its secrets masked."""
        return self.redactor.request(self.request)


def resolve_operation(vendor: Vendor, endpoint: Endpoint, call: Call) -> Operation:
    """Return vendor and endpoint of *call* under its readings, and its environment.

    Raises:
        UnknownName: environment, reading or choice is not known.
    """
    from explorer.core.catalog.readings import apply_readings

    vendor, endpoint = apply_readings(vendor, endpoint, call.readings)
    if call.environment == SANDBOX:
        return Operation(vendor, endpoint, None)
    if call.environment not in vendor.environments:
        raise UnknownName(f"environment of {vendor.id}", call.environment, [SANDBOX, *vendor.environments])
    return Operation(vendor, endpoint, vendor.environments[call.environment])
