"""Inputs of a signature that are changed one by one: what follows, what is shown of them, and the way back."""

from __future__ import annotations

import hashlib
import hmac

from explorer.core.explain.signature.case import SigningKey, steps_of
from explorer.core.explain.signature.worksheet import SheetLine, SigningSheet
from explorer.core.text.secret import Secret
from tests.core.test_debugging import SECRET, case_of


def sheet() -> SigningSheet:
    keys = (
        SigningKey("secret of sandbox", Secret(SECRET)),
        SigningKey("secret of production", Secret("other-secret-1")),
    )
    return SigningSheet(case_of(), "auth_id", "auth_ts", keys, lambda name: name == "_draft")


def line(of: SigningSheet, label: str) -> SheetLine:
    return next(one for one in of.lines() if one.label == label)


def signed(of: SigningSheet) -> str:
    return of.case.sign(of.case.base)


def test_each_change_gives_what_python_signs_for_it() -> None:
    first = sheet()
    changed = first.typed(line(first, "Zone"), "b c")
    base = first.case.base.replace("Zone=a/b", "Zone=b c")
    assert changed.case.base == base
    assert signed(changed) == hmac.new(SECRET.encode(), base.encode(), hashlib.sha256).hexdigest()
    out = first.with_next_choice(line(first, "Zone"))
    assert out.case.base == first.case.base.replace("Zone=a/b&", "")
    assert out.changes() == ("Zone",)
    assert out.with_next_choice(line(out, "Zone")).case.base == first.case.base
    assert out.back().case == first.case
    assert not out.back().changed


def test_choices_go_round_and_the_key_comes_from_the_vault_or_is_typed() -> None:
    first = sheet()
    other = first.with_next_choice(line(first, "key"))
    assert line(other, "key").shown.startswith("secret of production (")
    assert signed(other) == hmac.new(b"other-secret-1", first.case.base.encode(), hashlib.sha256).hexdigest()
    assert first.with_next_choice(line(first, "key"), 2).case == first.case
    typed = first.typed(line(first, "key"), "typed-key")
    assert signed(typed) == hmac.new(b"typed-key", first.case.base.encode(), hashlib.sha256).hexdigest()
    assert typed.typed(line(typed, "key"), "") == typed
    turned = first
    for _ in range(4):
        turned = turned.with_next_choice(line(turned, "hash"))
    assert turned.case == first.case
    assert (
        first.with_next_choice(line(first, "output"), 1).with_next_choice(line(first, "output"), -1).case == first.case
    )


def test_what_is_secret_is_masked_and_not_put_into_a_box() -> None:
    first = sheet()
    draft, key = line(first, "_draft"), line(first, "key")
    assert (draft.shown, draft.secret, first.text_of(draft)) == ("••••••", True, "")
    assert first.text_of(key) == ""
    assert SECRET not in repr(first.lines())
    assert SECRET not in repr(first)


def test_the_steps_tell_what_was_left_out_and_why() -> None:
    steps = {step.title: step for step in steps_of(sheet().case)}
    assert steps["Left out"].text == "logo_file"
    assert steps["Left out"].detail == "it is an uploaded file"
    assert steps["Sorted"].text == "Zone _draft auth_id auth_ts description item10_size item2_size name"
    assert steps["Base string"].literal
    assert SECRET not in repr(steps)
