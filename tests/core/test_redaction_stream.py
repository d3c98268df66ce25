"""Masking while a body arrives: wherever it is cut, what is given out is the beginning of what masking the whole makes,
so no secret is ever out, not even for a moment."""

from __future__ import annotations

from explorer.core.redaction import Redactor
from explorer.core.redaction_stream import RedactedStream
from explorer.core.text.secret import Secret
from tests.core.shop import vendor
from tests.properties import given, settings, st

SECRETS = (Secret("hunter2hunter"), Secret("abcabcabd"), Secret("zürich & co"))
KINDS = ("application/json", "application/x-www-form-urlencoded", "text/xml", "multipart/form-data")
PARTS = st.sampled_from(
    [
        *('"pin"', ":", " ", '"', "hunter2hunter", "hunter2", "abcabc", "abcabcabd", "abd", "zürich & co", "<pin>"),
        *("</pin>", '<pin a="1">', "<", "\\", '\\"', "12.5", "true", "x" * 30, "&", "pin=", "\n", ",", "{", "é"),
        *("<u pin='", '<u pin="', " token=", "='", "'", "<u ", '">', ">", "/>", "<u pin='secret'>"),
        *('"pin":"secret, \\" value"', "x" * 200),
    ]
)


@settings(deadline=None)
@given(st.lists(PARTS, max_size=25), st.lists(st.integers(1, 40), min_size=1, max_size=10), st.sampled_from(KINDS))
def test_pieces_are_what_masking_the_whole_makes(parts: list[str], steps: list[int], content_type: str) -> None:
    redactor = Redactor(vendor(), None, SECRETS)
    body = "".join(parts).encode()
    whole = redactor.mask_piece(body, content_type)
    stream, out, at, turn = RedactedStream(redactor, content_type), b"", 0, 0
    while at < len(body):
        step = steps[turn % len(steps)]
        out += stream.feed(body[at : at + step])
        assert whole.startswith(out)
        at, turn = at + step, turn + 1
    assert out + stream.end() == whole


def test_a_large_body_is_masked_in_pieces_and_one_without_secrets_is_itself() -> None:
    redactor = Redactor(vendor(), None, SECRETS)
    record = b'{"pin": "1234", "note": "hunter2hunter", "name": "kettle", "text": "' + b"x" * 90 + b'"},'
    body = b"[" + record * 9000 + b"1]"
    assert len(body) > 1_000_000
    assert redactor.body(body, "application/json") == redactor.mask_piece(body, "application/json")
    plain = b"[" + b'{"name": "kettle"},' * 60_000 + b"1]"
    assert redactor.body(plain, "application/json") is plain


def test_what_is_not_secret_is_given_out_while_it_comes() -> None:
    stream = RedactedStream(Redactor(vendor(), None, SECRETS), "application/json")
    out = stream.feed(b'{"name": "kettle", "note": "a long text that is nobody' + b"'" + b's secret", "pin": "12')
    assert out.startswith(b'{"name": "kettle", "note": ')
    assert b'"pin"' not in out
