"""Every call of every vendor, made wrong in two ways: what the explainer concludes is what the sandbox checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from explorer.core.model import Call, Entry
from explorer.errors import CredentialRefused
from explorer.session.explain import explain_refused, was_refused
from explorer.session.send import send
from tests.session.test_refusals import CHECK, Clock, ended, session  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint
    from explorer.session.context import SessionContext

VENDORS = ("xsellcast", "fashionphile", "cottoncart", "quickstart", "endlessaisles")
SAME = {
    "unknown": {"misspelt"},
    "no_record": {"unknown_id"},
    "accept": {"accept"},
    "required": {"required"},
    "at_least_one": {"required"},
    "exists": {"unknown_reference"},
    "taken": {"complaint"},
    "client_id": {"given_credentials"},
    "invalid_client": {"given_credentials", "required"},
    "invalid_grant": {"required"},
}
"""The sandbox's check → what the explainer may call it."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


def examples(endpoint: Endpoint) -> dict[str, str]:
    """A value for everything that is required."""
    found: dict[str, str] = {}
    for param in endpoint.params.values():
        if param.required and param.type != "file" and param.example:
            group = endpoint.groups.get(param.group or "")
            found[param.name.replace("#", str(group.start if group else 0))] = param.example
    return found


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_explainer_comes_to_what_the_sandbox_checked(session: SessionContext, vendor: str) -> None:  # noqa: F811
    told = 0
    async with ended(session):
        for endpoint in session.vendor(vendor).endpoints.values():
            right = examples(endpoint)
            wrong = {name: "99999999" if name.lower().endswith("id") else value for name, value in right.items()}
            for values, headers in ((wrong, ()), (right, (("Accept", "text/x-none"),))):
                entries = tuple(Entry(name=name, value=value) for name, value in values.items())
                made = Call(vendor=vendor, endpoint=endpoint.id, entries=entries, headers=headers, force=True)
                try:
                    exchange = await send(session, made)
                except CredentialRefused:
                    continue
                if not was_refused(exchange) or exchange.response is None:
                    continue
                check = exchange.response.header(CHECK)
                found = await explain_refused(session, exchange)
                assert found.top is not None, (endpoint.id, check)
                assert found.top.check in SAME[check], (endpoint.id, check, found.headline)
                told += 1
    assert told >= 5
