"""What every registered export format keeps: from the command line and from the dialog, secrets are variables; what it
cannot hold it refuses with a reason; what can be run gets the vendor's verdict. A format is one object and one
registration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from explorer.cli import main
from explorer.core.export.format import ExportFormat, recipe_writer
from explorer.core.export.formats import FORMATS, archive_formats
from explorer.core.text.secret import Secret
from explorer.sandbox.server import SandboxServer
from tests.cli.test_cli import Shell
from tests.conftest import seed_catalog
from tests.contracts.exports import (
    CALLS,
    MARKED,
    SECRET_CALLS,
    TYPED,
    body_of,
    directly,
    exported,
    told,
)
from tests.secrets_world import CARD, CVV
from tests.tui.driving import driven
from tests.tui.test_history_screen import BALANCE, opened, sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from explorer.core.catalog import Catalog
    from explorer.session.context import SessionContext
    from tests.tui.driving import Driver

SECRETS: Final = (*MARKED.values(), TYPED, CARD, CVV)
TOY: Final = ExportFormat(
    id="toy",
    title="Toy",
    description="a format of this test",
    extension=".toy",
    kind="shell",
    write=recipe_writer(lambda recipe, _: f"toy {recipe.address} {[variable.name for variable in recipe.variables]}"),
)
formats = pytest.mark.parametrize("export_format", FORMATS.values(), ids=list(FORMATS))
running = pytest.mark.parametrize(
    "export_format", [row for row in FORMATS.values() if row.runs], ids=[row.id for row in FORMATS.values() if row.runs]
)


@pytest.fixture(scope="module")
def server(shipped: Catalog) -> Iterator[SandboxServer]:
    sandbox = SandboxServer(shipped)
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def shell(environ: Mapping[str, str], capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(environ, capfd)


@pytest.fixture
def toy() -> Iterator[ExportFormat]:
    """A format registered as one more file would be, after every shell is imported."""
    import explorer.cli.export_commands
    import explorer.tui.screens.export  # noqa: F401 - loaded before the format is registered

    with FORMATS.added(TOY.id, TOY):
        yield TOY


def refusal(shell: Shell) -> str:
    """The refusal of an export: what the format cannot hold, and what to take instead."""
    assert shell.code == 2, shell.err
    others = "|".join(FORMATS)
    assert re.search(rf"(Export it|take|use|curl makes) .*\b({others}|again)\b", shell.err), shell.err
    return shell.err


# --- the command line ------------------------------------------------------------------------------------------------


def check_help(shell: Shell, export_format: ExportFormat) -> None:
    text = " ".join(str(shell.run("export", "--help")).split())
    assert re.search(rf"--as \[(\w+\|)*{export_format.id}[|\]]", text)
    assert f"{export_format.id} {export_format.description}" in text
    assert export_format.title in text


@formats
def test_the_command_line_lists_it(shell: Shell, export_format: ExportFormat) -> None:
    check_help(shell, export_format)
    assert re.fullmatch(r"[a-z][a-z0-9]*", export_format.id)
    assert re.fullmatch(r"\.[a-z]+", export_format.extension)


@pytest.fixture(scope="module")
def past(decoded_catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a home whose history holds the calls with secrets."""
    folder = tmp_path_factory.mktemp("past")
    seed_catalog(folder, decoded_catalog)
    environ = {"API_EXPLORER_HOME": str(folder), **MARKED}
    for call in SECRET_CALLS:
        main(("send", *call, "--force", "--json"), environ)
    return environ


@formats
def test_no_secret_is_in_an_export(shell: Shell, past: Mapping[str, str], export_format: ExportFormat) -> None:
    shell.environ = dict(past)
    named = 0
    for number, call in enumerate(SECRET_CALLS, 1):
        for command in (["export", str(number)], ["export", *call, "--force"]):
            shell.run(*command, "--as", export_format.id)
            assert shell.code == 0, shell.err
            for secret in SECRETS:
                assert secret not in shell.out + shell.err, (command, secret)
            named += "API_EXPLORER_" in shell.out
    if export_format.kind != "archive":
        assert named >= 2 * len(SECRET_CALLS) - 4
    shell.run("export", "endlessaisles.stock", "--show-secrets", "--as", export_format.id)
    assert MARKED["API_EXPLORER_ENDLESSAISLES_TOKEN"] in shell.out


@formats
def test_several_entries_fit_into_an_archive_alone(shell: Shell, export_format: ExportFormat) -> None:
    for _ in range(2):
        shell.run("send", "endlessaisles.stock", "sku=81001", "--json")
    shell.run("export", "1", "2", "--as", export_format.id)
    if export_format.kind == "archive":
        assert shell.code == 0
        assert export_format.id in archive_formats()
    else:
        assert f"{export_format.id} cannot hold 2 entries" in refusal(shell)


HARD: Final = {
    "NUL": ("xsellcast.users_create", "firstname=a\0b", "lastname=L"),
    "upload": ("fashionphile.big_vision_authenticate", "brand=x", "class=y", "itemId=1", "images[0]=@{file}"),
    "headers": ("endlessaisles.stock", "sku=1", "--header", "X-Tag: a", "--header", "X-Tag: b"),
    "empty": ("endlessaisles.stock", "sku=1", "--header", "X-Tag:"),
    "backslash": ("endlessaisles.stock", "sku=1", "--header", "X-Tag: a\\:b"),
    "HEAD": ("xsellcast.brands_list", "--method", "HEAD"),
}


@formats
@pytest.mark.parametrize("name", HARD)
def test_it_holds_a_hard_call_or_says_why_not(
    shell: Shell, tmp_path: Path, export_format: ExportFormat, name: str
) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    call = [word.replace("{file}", str(tmp_path / "photo.png")) for word in HARD[name]]
    shell.run("export", *call, "--force", "--as", export_format.id)
    if shell.code == 0:
        assert shell.out.strip()
    else:
        assert export_format.title in refusal(shell) or "NUL" in shell.err


# --- what is written runs --------------------------------------------------------------------------------------------


@running
@pytest.mark.parametrize("call", CALLS, ids=[call[0] for call in CALLS])
def test_what_is_exported_gets_the_same_verdict(
    shell: Shell,
    shipped: Catalog,
    server: SandboxServer,
    call: tuple[str, ...],
    tmp_path: Path,
    export_format: ExportFormat,
) -> None:
    photo = tmp_path / 'a "photo"; one, two.png'
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    words = tuple(word.replace("{photo}", str(photo)) for word in call)
    text = exported(shell, shipped, server, words, export_format.id)
    if not text:
        assert words != call, f"{shell.err}: only an upload may be refused"
        assert export_format.title in refusal(shell)
        return
    expected = directly(shell, shipped, server, words)
    body = body_of(export_format, text, tmp_path)
    assert told(shipped, call[0], expected[1], body) == expected


# --- the dialog ------------------------------------------------------------------------------------------------------


async def copied(app: Driver, export_format: ExportFormat) -> None:
    """Copy what the dialog shows now; it is in that format and holds no secret."""
    await app.see("secrets are variables")
    await app.keys("y")
    await app.see(f"✓ Copied as {export_format.title}")
    assert MARKED["API_EXPLORER_COTTONCART_SECRET"] not in app.text + app.app.clipboard


async def check_dialog(app: Driver, folder: Path) -> None:
    """Walk through the formats of the open dialog, by arrow and by number; copy and save each."""
    for number, export_format in enumerate(FORMATS.values(), 1):
        assert f" {number} {export_format.title} " in app.text
        await copied(app, export_format)
        path = folder / f"stats_balance{export_format.extension}"
        path.unlink(missing_ok=True)
        await app.keys("s", "enter")
        await app.see("✓ Saved as")
        assert path.read_bytes().decode() == app.app.clipboard
        await app.keys("right")
    for number, export_format in enumerate(FORMATS.values(), 1):
        await app.see("secrets are variables")
        await app.keys("y")
        await app.see("✓ Copied as")
        await app.keys(str(number))
        await copied(app, export_format)
        await app.keys("left")


async def shown_in_the_dialog(session: SessionContext, folder: Path) -> None:
    secret = Secret(MARKED["API_EXPLORER_COTTONCART_SECRET"])
    session.vault.remember(session.vendor("cottoncart"), "sandbox", "secret", secret)
    await sent(session, BALANCE)
    async with driven(session) as app:
        await opened(app)
        await app.keys("X")
        await app.see("Export ·")
        await check_dialog(app, folder)


async def test_the_dialog_offers_every_format(
    session: SessionContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await shown_in_the_dialog(session, tmp_path)


# --- one object and one registration ---------------------------------------------------------------------------------


async def test_a_format_that_is_registered_is_offered_everywhere(
    toy: ExportFormat, session: SessionContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await shown_in_the_dialog(session, tmp_path)


def test_a_format_that_is_registered_is_written(toy: ExportFormat, shell: Shell) -> None:
    check_help(shell, toy)
    shell.run("send", "endlessaisles.stock", "sku=81001", "--json")
    for target in (["1"], ["endlessaisles.stock", "sku=81001"]):
        text = shell.run("export", *target, "--as", "toy")
        assert text == "toy endlessaisles.stock ['API_EXPLORER_ENDLESSAISLES_TOKEN']\n"


def test_an_id_is_registered_once() -> None:
    with pytest.raises(ValueError, match="curl"), FORMATS.added("curl", TOY):
        pass
