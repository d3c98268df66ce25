"""The signature debugger against programs that really make the mistakes: PHP signs wrongly, the debugger says how."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from explorer.core.auth.signature_recipe import SignatureInput, SignatureParameter, SignatureRecipe
from explorer.core.explain.signature.byte_diff import align_rows, diff_bytes, make_visible
from explorer.core.explain.signature.case import SearchContext, SigningCase, SigningKey
from explorer.core.explain.signature.diagnosis import Diagnosis, diagnose
from explorer.core.explain.signature.mistakes import MISTAKES
from explorer.core.explain.signature.pasted_text import SignatureNames, read_other_client_input
from explorer.core.text.secret import Secret

needs_php = pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")
VECTORS = json.loads((Path(__file__).parents[1] / "data" / "signing_vectors.json").read_text("utf-8"))["signing"]
NAMES = SignatureNames("auth_id", "auth_ts", "auth_sig")
MOST_TRIED = 8_000
"""Signatures that one search computes at most: about a second of work."""
SECRET, OTHER, STAMP = "aB3dE6gH9jK2mN5p", "Zz9yY8xX7wW6vV5u", 1329130234
PARAMS = {
    "name": "Caffè & Tea+Co ",
    "item10_size": "L",
    "item2_size": "S",
    "Zone": "a/b",
    "description": "",
    "_draft": "1",
    "auth_id": "user123@mystore",
    "auth_ts": str(STAMP),
}

PRELUDE = """
$in = json_decode(stream_get_contents(STDIN), true);
$p = $in["params"]; $key = $in["key"]; $other = $in["other"]; $path = "v1/manage/edit_store";
function joined($p) { $q = []; foreach ($p as $k => $v) { $q[] = "$k=$v"; } return implode("&", $q); }
function sorted($p) { ksort($p, SORT_STRING); return $p; }
function hmac($text, $key) { return hash_hmac("sha256", $text, $key); }
$base = null; $sig = null;
"""
EPILOGUE = 'if ($sig === null) { $sig = hmac($base, $key); } echo json_encode(["base" => $base, "sig" => $sig]);'

PHP = {
    "escaped": "$base = $path . '?' . http_build_query(sorted($p), '', '&', PHP_QUERY_RFC3986);",
    "plus_for_space": "$base = $path . '?' . http_build_query(sorted($p));",
    "double_encoding": "foreach ($p as &$v) $v = urlencode(rawurlencode($v)); $base = "
    "$path . '?' . joined(sorted($p));",
    "unsorted": "$base = $path . '?' . joined($p);",
    "natural_order": "ksort($p, SORT_NATURAL); $base = $path . '?' . joined($p);",
    "locale_order": "uksort($p, 'strcasecmp'); $base = $path . '?' . joined($p);",
    "format": "$base = $path . '.json?' . joined(sorted($p));",
    "host": "$base = 'https://api.example/root/' . $path . '?' . joined(sorted($p));",
    "root_path": "$base = '/root/' . $path . '?' . joined(sorted($p));",
    "version_missing": "$base = 'manage/edit_store?' . joined(sorted($p));",
    "leading_slash": "$base = '/' . $path . '?' . joined(sorted($p));",
    "path_case": "$base = strtolower($in['path']) . '?' . joined(sorted($p));",
    "method": "$base = \"POST\\n\" . $path . '?' . joined(sorted($p));",
    "separator": "$base = $path . '&' . joined(sorted($p));",
    "files": "$p['logo_file'] = 'logo.png'; $base = $path . '?' . joined(sorted($p));",
    "empty_dropped": "$base = $path . '?' . joined(sorted(array_filter($p, 'strlen')));",
    "signature_included": "$p['auth_sig'] = ''; $base = $path . '?' . joined(sorted($p));",
    "auth_missing": "unset($p['auth_ts']); $base = $path . '?' . joined(sorted($p));",
    "place_missing": "unset($p['Zone']); $base = $path . '?' . joined(sorted($p));",
    "trimmed": "$base = $path . '?' . joined(sorted(array_map('trim', $p)));",
    "html": "$base = htmlspecialchars($path . '?' . joined(sorted($p)), ENT_NOQUOTES, 'UTF-8', false);",
    "newline": "$base = $path . '?' . joined(sorted($p)) . PHP_EOL;",
    "milliseconds": "$p['auth_ts'] = $p['auth_ts'] . '000'; $base = $path . '?' . joined(sorted($p));",
    "lost_at": "$p['auth_id'] = str_replace('@', '', $p['auth_id']); $base = $path . '?' . joined(sorted($p));",
}
"""Mistakes that are seen in the base string."""
PHP_DIGEST = {
    "charset": "$t = $path . '?' . joined(sorted($p)); $sig = hmac(iconv('UTF-8', 'ISO-8859-1', $t), $key);",
    "upper_hex": "$sig = strtoupper(hmac($path . '?' . joined(sorted($p)), $key));",
    "base64": "$sig = base64_encode(hash_hmac('sha256', $path . '?' . joined(sorted($p)), $key, true));",
    "wrong_secret": "$sig = hmac($path . '?' . joined(sorted($p)), $other);",
    "newline_in_key": '$sig = hmac($path . "?" . joined(sorted($p)), $key . "\\n");',
    "key_decoded": "$sig = hmac($path . '?' . joined(sorted($p)), base64_decode($key));",
    "no_hmac": "$sig = hash('sha256', $key . $path . '?' . joined(sorted($p)));",
    "swapped": "$sig = hmac($key, $path . '?' . joined(sorted($p)));",
    "digest": "$sig = hash_hmac('sha1', $path . '?' . joined(sorted($p)), $key);",
    "clock": "$p['auth_ts'] += 7200 + 3; $sig = hmac($path . '?' . joined(sorted($p)), $key);",
}
"""Mistakes that only the signature shows."""


def php(code: str, **more: Any) -> dict[str, str]:
    """What a program in PHP makes of the parameters with that mistake in it."""
    data = {"params": PARAMS, "key": SECRET, "other": OTHER, **more}
    done = subprocess.run(
        ["php", "-r", PRELUDE + code + EPILOGUE], input=json.dumps(data).encode(), capture_output=True, check=True
    )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def case_of(path: str = "/v1/manage/edit_store.json", *, body: tuple[str, ...] = ()) -> SigningCase:
    """The same request as it should be signed."""
    parts = [
        SignatureParameter(
            name, value, "auth" if name in ("auth_id", "auth_ts") else "query" if name in body else "body"
        )
        for name, value in PARAMS.items()
    ]
    parts.insert(0, SignatureParameter("logo_file", "/home/me/logo.png", "file"))
    material = SignatureInput(path, tuple(parts), "POST", "https://api.example", "/root")
    return SigningCase(SignatureRecipe(), material, SigningKey("secret of sandbox", Secret(SECRET)))


def known_of(**more: Any) -> SearchContext:
    return SearchContext("auth_id", "auth_ts", 300.0, (SigningKey("secret of production", Secret(OTHER)),), **more)


def asked(text: str, case: SigningCase | None = None, **more: Any) -> Diagnosis:
    case = case or case_of()
    return diagnose(case, read_other_client_input(text, NAMES, case.material), known_of(**more))


def ids(diagnosis: Diagnosis) -> list[str]:
    return [cause.mistake.id for cause in diagnosis.causes]


def world_of(mistake: str) -> SigningCase:
    if mistake == "path_case":
        return case_of("/V1/Manage/edit_store.json")
    return case_of(body=("Zone",)) if mistake == "place_missing" else case_of()


@needs_php
@pytest.mark.parametrize("mistake", PHP)
def test_a_mistake_in_the_base_string_is_named_from_either(mistake: str) -> None:
    made = php(PHP[mistake], path="V1/Manage/edit_store")
    case = world_of(mistake)
    for pasted in (made["base"], made["sig"]):
        found = asked(pasted, case)
        assert ids(found) == [mistake], found.verdict
        assert not found.same
        assert found.their_base == made["base"]
        assert found.our_base == case.base
        cause = found.causes[0].mistake
        assert cause.why
        assert cause.fix


@needs_php
@pytest.mark.parametrize("mistake", PHP_DIGEST)
def test_a_mistake_in_the_digest_is_named(mistake: str) -> None:
    found = asked(php(PHP_DIGEST[mistake])["sig"])
    assert ids(found) == [mistake], found.verdict
    assert SECRET not in repr(found)
    assert OTHER not in repr(found)


def test_every_mistake_that_is_known_is_tried_here() -> None:
    assert {one.id for one in MISTAKES} | {"clock"} == {*PHP, *PHP_DIGEST}


@needs_php
@pytest.mark.parametrize(
    ("code", "mistakes"),
    [
        ("$base = '/' . $path . '.json?' . joined(sorted($p));", {"format", "leading_slash"}),
        ("$base = $path . '?' . http_build_query($p);", {"plus_for_space", "unsorted"}),
        ("$base = $path . '?' . joined($p) . PHP_EOL;", {"unsorted", "newline"}),
        ("$sig = strtoupper(hmac($path . '?' . joined($p), $key));", {"unsorted", "upper_hex"}),
        ("$sig = hmac($path . '.json?' . joined(sorted($p)), $other);", {"format", "wrong_secret"}),
    ],
)
def test_two_mistakes_together_are_named(code: str, mistakes: set[str]) -> None:
    made = php(code)
    found = asked(made["sig"])
    assert found.tried <= MOST_TRIED
    assert set(ids(found)) == mistakes
    if made["base"]:
        assert set(ids(asked(made["base"]))) == mistakes


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: str(one["id"]))
def test_the_vectors_of_php_are_the_same(vector: dict[str, Any]) -> None:
    parts = [SignatureParameter(name, value, "query") for name, value in vector["params"]]
    parts += [SignatureParameter(name, value, "file") for name, value in vector["files"].items()]
    parts += [
        SignatureParameter("auth_id", vector["auth_id"], "auth"),
        SignatureParameter("auth_ts", str(vector["auth_ts"]), "auth"),
    ]
    material = SignatureInput(f"/{vector['version']}/{vector['call']}.{vector['format']}", tuple(parts))
    case = SigningCase(SignatureRecipe(), material, SigningKey("the secret", Secret(vector["secret"])))
    for text in (vector["base"], vector["sig"], f"auth_sig={vector['sig']}", f"DEBUG base: {vector['base']}"):
        found = asked(text, case)
        assert found.same, text
        assert found.verdict == "the same"
        assert (found.our_base, found.our_signature) == (vector["base"], vector["sig"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [("0123456789abcdef" * 4, "signature"), ("complete nonsense", "base"), ("v1/manage/edit_store?what=ever", "base")],
)
def test_nonsense_fits_no_known_mistake(text: str, kind: str) -> None:
    found = asked(text)
    assert found.tried <= MOST_TRIED
    assert (found.kind, found.causes, found.same) == (kind, (), False)
    assert "no known mistake explains it" in found.verdict


def test_the_search_is_bounded_whatever_is_asked() -> None:
    case = case_of()
    many = tuple(SignatureParameter(f"p{number}", "some value", "body") for number in range(300))
    large = SigningCase(
        case.recipe, SignatureInput(case.material.path, (*case.material.parts, *many), "POST"), case.key
    )
    keys = tuple(SigningKey(f"key {number}", Secret(f"key-{number}")) for number in range(100))
    for asked_of in (case, large):
        found = diagnose(
            asked_of,
            read_other_client_input("f" * 64, NAMES, case.material),
            SearchContext("auth_id", "auth_ts", 300.0, keys),
        )
        assert found.tried <= MOST_TRIED


def test_what_is_near_a_mistake_is_told_as_the_nearest() -> None:
    theirs = (
        case_of()
        .with_recipe(strip_suffix=False, values="percent", keep_empty=False)
        .base.replace("_draft=1", "_draft=2")
    )
    found = asked(theirs)
    assert found.causes == ()
    assert "_draft has a different value in theirs" in found.notes
    one = case_of().with_recipe(values="percent").base.replace("_draft=1", "_draft=2")
    assert asked(one).nearest is not None
    assert asked(one).nearest.mistake.id == "escaped"  # type: ignore[union-attr]  # it is there


PATH = "/root/v1/manage/edit_store.json"
URL = PATH + "?name=a%20b&auth_id=user123@mystore&auth_ts=1329130234&auth_sig="


def signed_by_openssl(base: str, key: str = SECRET) -> str:
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", key], input=base.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().split()[-1]


RIGHT = "v1/manage/edit_store?auth_id=user123@mystore&auth_ts=1329130234&name=a b"


@pytest.mark.parametrize(
    "line",
    [
        "https://api.example" + URL + "{}",
        '10.0.0.1 - - [13/Feb/2012:10:50:34 +0000] "GET ' + URL + '{} HTTP/1.1" 200 512',
        "curl -s 'https://api.example" + URL + "{}'",
        "curl https://api.example"
        + PATH
        + " -d name='a b' -d auth_id=user123@mystore -d auth_ts=1329130234 -d auth_sig={}",
        '{{"url":"https:\\/\\/api.example' + URL.replace("/", "\\/").replace("&", "\\u0026") + '{}"}}',
        "name=a+b&auth_id=user123%40mystore&auth_ts=1329130234&auth_sig={}",
    ],
    ids=["url", "log", "curl", "curl-form", "json-log", "form"],
)
def test_a_request_is_judged_by_what_it_holds(line: str) -> None:
    assert asked(line.format(signed_by_openssl(RIGHT))).same
    found = asked(line.format(signed_by_openssl(RIGHT.replace("a b", "a%20b").replace("@", "%40"))))
    assert (found.kind, ids(found)) == ("request", ["escaped"])
    assert found.our_base == RIGHT


def test_what_can_be_read_off_a_request_is_told_beside_its_signature() -> None:
    late = RIGHT.replace("1329130234", "1329130234123")
    line = "https://api.example" + URL.replace("1329130234", "1329130234123") + signed_by_openssl(late)
    assert ids(asked(line)) == ["milliseconds"]
    lost = "https://api.example" + URL.replace("@", "") + signed_by_openssl(RIGHT)
    assert ids(asked(lost)) == ["lost_at"]
    right = "https://api.example" + URL + signed_by_openssl(RIGHT)
    assert asked(right, at=1329130234 + 299).same
    found = asked(right, at=1329130234 + 7200)
    assert ids(found) == ["clock"]
    assert "7,200 seconds (2 h) behind" in found.verdict


def test_a_clock_in_another_base_string_is_named_when_the_moment_is_known() -> None:
    theirs = case_of().with_value("auth_ts", str(STAMP + 86_400)).base
    assert ids(asked(theirs, at=float(STAMP))) == ["clock"]
    found = asked(theirs)
    assert found.same
    assert "their timestamp" in found.notes[0]


def test_a_signature_of_a_moment_ago_is_the_same_and_says_so() -> None:
    made = case_of().with_value("auth_ts", str(STAMP - 41))
    found = asked(made.sign(made.base))
    assert found.same
    assert "41 seconds behind" in found.notes[0]


def test_the_first_byte_that_differs_is_told_with_its_bytes() -> None:
    diff = diff_bytes("a=é b", "a=é+b")
    assert diff.first == 4  # a, =, and two bytes for é (RFC 3629)
    assert (diff.before_hex, diff.left_hex, diff.right_hex) == ("61 3d c3 a9", "20 62", "2b 62")
    assert diff.summary == "byte 4: a space / +"
    assert diff_bytes("same", "same").same
    assert diff_bytes("ab", "abc").summary == "byte 2: the end / c"


def test_both_stand_one_below_the_other_in_columns() -> None:
    rows = align_rows(diff_bytes("x=a b&日=1", "x=a%20b&日=1"), 8)
    assert [(row.left, row.marks, row.right) for row in rows] == [
        ("x=a·░░b&", "   ^^^  ", "x=a%20b&"),
        ("日=1", "    ", "日=1"),
    ]
    assert [row.offset for row in rows] == [0, 6]
    assert make_visible("a b\tc\r\n\x1b\u200b\u00a0") == "a·b→c␍␊␛⍰⍽"


def test_long_texts_are_compared_in_time() -> None:
    left = "v1/a?" + "&".join(f"key{at}=value number {at}" for at in range(2000))
    right = left.replace(" ", "+")
    started = time.process_time()
    diff = diff_bytes(left, right)
    assert align_rows(diff, 80)
    assert time.process_time() - started < 1.0
    assert "".join(piece.right for piece in diff.pieces) == right
