"""A keymap is checked before the terminal library sees it, which would take anything."""

from __future__ import annotations

import pytest
from textual.keys import Keys, _character_to_key

from explorer.store.keymap import KeymapAction, check_keymap, normal_key

ACTIONS = [
    KeymapAction("send", "f5,ctrl+r"),
    KeymapAction("find", "slash", "body"),
    KeymapAction("filter", "slash", "tree"),
    KeymapAction("quit", "ctrl+q"),
]


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("f6", "f6"),
        (" F6 , ctrl+T ", "f6,ctrl+t"),
        ("?", "question_mark"),
        ("/", "slash"),
        (",", "comma"),
        ("ctrl++", "ctrl+plus"),
        ("shift+ctrl+x", "ctrl+shift+x"),
        ("X", "X"),
        ("é", "é"),
        ("left_square_bracket", "left_square_bracket"),
        ("hyphen_minus", "minus"),
        ("f6,f6", "f6"),
    ],
)
def test_keys_in_the_library_s_spelling(keys: str, wanted: str) -> None:
    assert check_keymap({"send": keys}, [KeymapAction("send", "f5")]) == ({"send": wanted}, ())


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("", "a key is missing"),
        ("f6,", "a key is missing"),
        ("not a key", "is not a key"),
        ("retrun", "is not a key"),
        ("return", "did you mean 'enter'"),
        ("esc", "did you mean 'escape'"),
        ("ctr+x", "did you mean 'ctrl'"),
        ("f99", "is not a key"),
        ("ctrl+", "is not a key"),
        ("ctrl+i", "is the same as tab"),
        ("ctrl+m", "is the same as enter"),
        ("ctrl+h", "is the same as backspace"),
        ("ctrl+[", "is the same as escape"),
        ("ctrl+q", "is already the key of 'quit'"),
    ],
)
def test_what_is_wrong_is_told(keys: str, told: str) -> None:
    good, problems = check_keymap({"send": keys}, ACTIONS, "my/settings.toml")
    assert good == {}
    assert len(problems) == 1
    assert problems[0].startswith("my/settings.toml: keymap.send: ")
    assert told in problems[0]


def test_an_unknown_action_is_told_with_the_nearest() -> None:
    good, problems = check_keymap({"sned": "f6"}, ACTIONS)
    assert good == {}
    assert "did you mean 'send'" in problems[0]


def test_a_key_that_its_owner_gives_up_is_free() -> None:
    assert check_keymap({"send": "ctrl+q", "quit": "f10"}, ACTIONS)[0] == {"send": "ctrl+q", "quit": "f10"}


def test_a_pane_may_shadow_a_key_and_one_scope_has_it_once() -> None:
    assert check_keymap({"find": "f", "filter": "f"}, ACTIONS)[1] == ()
    assert check_keymap({"find": "f", "quit": "f"}, ACTIONS)[1] == ()
    assert "'f' is already the key of" in check_keymap({"send": "f", "quit": "f"}, ACTIONS)[1][0]


def test_every_key_of_the_library_is_known() -> None:
    for key in Keys:
        if key.value.startswith("<") or "-" in key.value or key.value in {"return", "ignore"}:
            continue  # events of the terminal that no one can press
        problem = normal_key(key.value)[1]
        assert not problem or "is the same as" in problem, problem
    for sign in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ä":
        assert normal_key(sign)[0] == _character_to_key(sign)
