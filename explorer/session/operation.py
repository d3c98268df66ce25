"""A call resolved against the catalog, and its signed request."""

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
    """A vendor and endpoint with the chosen readings applied."""

    vendor: Vendor
    endpoint: Endpoint
    environment: Environment | None
    """None: the sandbox."""


@dataclass(frozen=True)
class Prepared:
    """The exact signed request, unsent."""

    request: SentRequest
    problems: tuple[Problem, ...]
    before: str
    """What would be requested first, such as a token from ``sign_in``, or empty."""
    missing: tuple[str, ...]
    """Missing credentials of the auth scheme."""
    steps: tuple[SigningStep, ...]
    redactor: Redactor

    @property
    def shown(self) -> SentRequest:
        """The redacted request."""
        return self.redactor.request(self.request)


def resolve_operation(vendor: Vendor, endpoint: Endpoint, call: Call) -> Operation:
    """Return the vendor and endpoint of *call* with its readings applied, and its environment.

    Raises:
        UnknownName: the environment, reading or choice is unknown.
    """
    from explorer.core.catalog.readings import apply_readings

    vendor, endpoint = apply_readings(vendor, endpoint, call.readings)
    if call.environment == SANDBOX:
        return Operation(vendor, endpoint, None)
    if call.environment not in vendor.environments:
        raise UnknownName(f"environment of {vendor.id}", call.environment, [SANDBOX, *vendor.environments])
    return Operation(vendor, endpoint, vendor.environments[call.environment])
