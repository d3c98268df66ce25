"""One table of keys: whatever a screen or widget binds, and whatever its footer shows, is a row of it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from textual.binding import Binding
from textual.dom import DOMNode

import explorer
from explorer.tui.actions import ACTIONS, BY_ID, SCOPES, SCREENS, WIDGETS, keymap_actions
from explorer.tui.app import usable_keymap
from explorer.tui.kit.key_bar import KeyBar
from tests.conftest import ROOT
from tests.tui.driving import driven

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from explorer.session.context import SessionContext


TABLE: Final = ("explorer/tui/actions.py", "explorer/tui/kit/key_bar.py")
"""Where bindings and hints are made. Nothing else is allowed to; textual's own widgets bring their own."""
TWICE: Final = {("body_view", "enter")}
"""Keys of two actions: enter follows a marked id, and folds where there is none."""
DEEPEST: Final = 3
"""Steps from a class to the farthest of its ancestors in the package."""


def modules() -> Iterator[Path]:
    """Every module of the app."""
    yield from sorted((ROOT / "explorer" / "tui").rglob("*.py"))


@pytest.mark.parametrize("name", ["Binding", "Hint"])
def test_bindings_and_hints_are_made_from_the_table_only(name: str) -> None:
    makers = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
                makers.add(path.relative_to(ROOT).as_posix())
    assert makers <= set(TABLE)


def test_no_two_actions_have_the_same_id() -> None:
    assert len(BY_ID) == len(ACTIONS)


def test_no_two_actions_of_a_screen_or_widget_have_the_same_key() -> None:
    for scope in (*WIDGETS, *SCREENS):
        keys = [key for action in scope.actions if action.run and action.bound for key in action.keys.split(",")]
        assert {key for key in keys if keys.count(key) > 1} <= {key for name, key in TWICE if name == scope.id}


@pytest.fixture(scope="module")
def kinds() -> list[type[object]]:
    """Every class of the package."""
    names = [name for _, name, _ in pkgutil.walk_packages(explorer.__path__, "explorer.") if "__main__" not in name]
    modules = [importlib.import_module(name) for name in names]
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__
    ]


def bindings_of(kinds: list[type[object]]) -> Iterator[Binding]:
    """Every binding that a class of the package declares."""
    for kind in kinds:
        if issubclass(kind, DOMNode):
            for binding in kind.__dict__.get("BINDINGS", ()):
                assert isinstance(binding, Binding)
                yield binding


def test_every_scope_of_the_table_is_bound_by_a_class(kinds: list[type[object]]) -> None:
    bound = {BY_ID[binding.id].scope for binding in bindings_of(kinds) if binding.id in BY_ID}
    assert bound == {action.scope for action in ACTIONS if action.run and action.bound}
    assert bound <= {*SCOPES, *(scope.id for scope in (*WIDGETS, *SCREENS))}


def test_every_binding_of_the_app_can_be_given_another_key(kinds: list[type[object]]) -> None:
    known = {action.id for action in keymap_actions()}
    assert {binding.id for binding in bindings_of(kinds)} <= known


def test_no_class_has_an_ancestor_of_the_package_more_than_three_steps_away(kinds: list[type[object]]) -> None:
    def steps(kind: type[object]) -> int:
        bases = [base for base in kind.__bases__ if base.__module__.startswith("explorer.")]
        return max((steps(base) + 1 for base in bases), default=0)

    assert {kind.__qualname__: steps(kind) for kind in kinds if steps(kind) > DEEPEST} == {}


def test_ids_that_settings_may_name_stay_valid() -> None:
    keymap = {"ways.stay": "f6", "trusted.close": "f7", "body.copy": "f8", "response.next_tab": "f9", "send": "f12"}
    assert usable_keymap(keymap) == (keymap, ())


async def test_the_footer_of_a_screen_shows_the_key_of_the_settings(session: SessionContext) -> None:
    session.settings = msgspec.structs.replace(session.settings, keymap={"tracks.close": "f6"})
    async with driven(session, (80, 24)) as app:
        await app.keys("escape", "J")
        await app.until(lambda: app.app.screen.query(KeyBar) and app.app.screen is not app.main, "the tracks")
        await app.see("F6 Close")
        await app.keys("f6")
        await app.until(lambda: app.app.screen is app.main, "the main screen")
