"""The calls that hostile responses are sent to: one for each kind of sign-in, of body and of paging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.hostile.server import Kind

ENVIRONMENT: Final = "hostile"
SECRET: Final = "attack-secret-4f1d"
VENDORS: Final = ("endlessaisles", "cottoncart", "quickstart", "fashionphile", "xsellcast")
CALLS: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "json": (["endlessaisles.products_list"], ["ENDLESSAISLES_TOKEN"]),
    "xml": (["cottoncart.manage_my_stores", "format=xml"], ["COTTONCART_AUTH_ID", "COTTONCART_SECRET"]),
    "head": (["xsellcast.brands_list", "--method", "HEAD"], ["XSELLCAST_ACCESS_TOKEN"]),
    "oauth2": (
        ["quickstart.customers_list"],
        ["QUICKSTART_CLIENT_ID", "QUICKSTART_CLIENT_SECRET", "QUICKSTART_REFRESH_TOKEN"],
    ),
    "oauth2-token": (["quickstart.customers_list"], ["QUICKSTART_ACCESS_TOKEN"]),
    "rotating": (["fashionphile.account_fetch"], ["FASHIONPHILE_EMAIL", "FASHIONPHILE_PASSWORD"]),
    "rotating-token": (["fashionphile.account_fetch"], ["FASHIONPHILE_TOKEN"]),
    "mint": (["xsellcast.brands_list"], ["XSELLCAST_CLIENT_ID", "XSELLCAST_CLIENT_SECRET"]),
    "pages": (["endlessaisles.products_list", "--all-pages", "--max-pages", "30"], ["ENDLESSAISLES_TOKEN"]),
    "pages-two": (["endlessaisles.products_list", "--max-pages", "2"], ["ENDLESSAISLES_TOKEN"]),
    "pages-ndjson": (["endlessaisles.products_list", "--all-pages", "--ndjson"], ["ENDLESSAISLES_TOKEN"]),
    "pages-numbered": (["xsellcast.brands_list", "--all-pages", "--max-pages", "30"], ["XSELLCAST_ACCESS_TOKEN"]),
    "pages-links": (
        ["fashionphile.order_list", "filter=unpaid", "--all-pages", "--max-pages", "30"],
        ["FASHIONPHILE_TOKEN"],
    ),
    "pages-offset": (
        ["cottoncart.manage_my_stores", "--all-pages", "--max-pages", "30"],
        ["COTTONCART_AUTH_ID", "COTTONCART_SECRET"],
    ),
}
"""Name of a call → the words of the command, and the credentials that it has."""


def write_home(home: Path, origin: str, seconds: int) -> None:
    """Give every vendor of that home an environment at *origin*, chosen in the app, and that time limit."""
    (home / "config" / "catalogs").mkdir(parents=True, exist_ok=True)
    tables = [f'[vendors.{vendor}.environments.{ENVIRONMENT}]\nbase_url = "{origin}"\n' for vendor in VENDORS]
    (home / "config" / "catalogs" / "hostile.toml").write_text("\n".join(tables), encoding="utf-8")
    chosen = "".join(f'{vendor} = "{ENVIRONMENT}"\n' for vendor in VENDORS)
    settings = f"timeout_seconds = {seconds}.0\n[environments]\n{chosen}"
    (home / "config" / "settings.toml").write_text(settings, encoding="utf-8")


def words(kind: Kind) -> list[str]:
    """Return the arguments of the command line that call it."""
    return ["send", *CALLS[kind.call][0], "--env", ENVIRONMENT, "--timeout", str(kind.seconds)]


def credentials(kind: Kind) -> dict[str, str]:
    """Return the environment variables with the credentials that the call has."""
    return {f"API_EXPLORER_{name}": SECRET for name in CALLS[kind.call][1]}
