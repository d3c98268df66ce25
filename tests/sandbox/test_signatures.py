"""Signed calls (002:28-44): the sandbox agrees with PHP's vectors and with openssl, and refuses everything else."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.world import World, check, reason, signed

if TYPE_CHECKING:
    from tests.sandbox.conftest import Serve

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "signing_vectors.json").read_text())["signing"]
AUTH = ("signature", "timestamp", "key_id")


def send(world: World, vector: dict[str, Any], sig: str) -> Any:
    pairs = [
        *map(tuple, vector["params"]),
        ("auth_id", vector["auth_id"]),
        ("auth_ts", str(vector["auth_ts"])),
        ("auth_sig", sig),
    ]
    path = f"/{vector['version']}/{vector['call']}.{vector['format']}"
    if vector["call"] != "manage/edit_store":
        return world.call("cottoncart", "GET", path, params=pairs)
    files: list[tuple[str, Any]] = [(name, (None, value)) for name, value in pairs]
    files += [(name, (file, b"GIF89a", "image/gif")) for name, file in vector["files"].items()]
    return world.call("cottoncart", "POST", path, files=files)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_php_signatures_are_good_and_altered_ones_are_not(serve: Serve, vector: dict[str, Any]) -> None:
    accounts = {
        "API_EXPLORER_COTTONCART_AUTH_ID": vector["auth_id"],
        "API_EXPLORER_COTTONCART_SECRET": vector["secret"],
    }
    world = serve(accounts=accounts, now=float(vector["auth_ts"]))
    good = send(world, vector, vector["sig"])
    assert check(good) not in AUTH, reason(good)
    last = "0" if vector["sig"][-1] != "0" else "1"
    bad = send(world, vector, vector["sig"][:-1] + last)
    assert check(bad) == "signature"
    assert bad.status_code == 200
    assert bad.json()["success"] is False
    assert bad.json()["errorCode"] == 401


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here")
def test_a_signature_by_openssl_is_good(world: World) -> None:
    base = f"v1/stats/store_sales?auth_id=demo1@demostore&auth_ts={int(world.now)}&store_id=demostore"
    command = ["openssl", "dgst", "-sha256", "-hmac", "Qm7rT2xKp9LwZ4sB"]
    made = subprocess.run(command, input=base, capture_output=True, text=True, check=True).stdout.split()[-1]
    url = world.url("cottoncart", "/v1/stats/store_sales.json")
    query = f"?store_id=demostore&auth_id=demo1%40demostore&auth_ts={int(world.now)}&auth_sig={made}"
    answer = world.client.get(url + query)
    assert answer.json()["success"] is True


@pytest.mark.parametrize(("off", "expected"), [(300, ""), (-300, ""), (301, "timestamp"), (-301, "timestamp")])
def test_the_timestamp_may_be_five_minutes_off(world: World, off: int, expected: str) -> None:
    answer = world.cotton("manage/store_options.json", key={"stamp": int(world.now) + off})
    assert check(answer) == expected


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(world: World) -> None:
    assert check(world.cotton("stats/balance.json", key={"secret": "another"})) == "signature"
    assert check(world.cotton("stats/balance.json", key={"auth_id": "nobody@nowhere"})) == "key_id"
    assert check(world.call("cottoncart", "GET", "/v1/stats/balance.json")) == "key_id"


def test_the_reason_shows_the_base_string_that_was_expected(world: World) -> None:
    answer = world.cotton("stats/balance.json", key={"secret": "another"})
    assert f"v1/stats/balance?auth_id=demo1@demostore&auth_ts={int(world.now)}" in reason(answer)


def test_the_format_is_not_signed(world: World) -> None:
    assert world.cotton("stats/balance.xml").text.startswith('<?xml version="1.0"')


def test_without_an_id_a_catalogue_call_is_anonymous_whatever_else_is_sent(world: World) -> None:
    answer = world.call("cottoncart", "GET", "/v1/catalogue/stores.json?count=1&auth_ts=1&auth_sig=nonsense")
    assert answer.json()["success"] is True


def test_with_an_id_a_catalogue_call_is_verified(world: World) -> None:
    path = "/v1/catalogue/stores.json"
    pairs = signed(
        "v1/catalogue/stores",
        [("count", "1")],
        auth_id="demo1@demostore",
        secret="Qm7rT2xKp9LwZ4sB",
        stamp=int(world.now),
    )
    assert world.call("cottoncart", "GET", path, params=pairs).json()["success"] is True
    assert check(world.call("cottoncart", "GET", path, params=[*pairs[:-1], ("auth_sig", "0" * 64)])) == "signature"


def test_keys_differ_in_what_they_may(world: World) -> None:
    single = {"auth_id": "demo2@lighthouse", "secret": "bV5nC8xZ1kJ6hG3f"}
    assert [store["store_id"] for store in world.cotton("manage/my_stores.json", key=single).json()["stores"]] == [
        "lighthouse"
    ]
    refused = world.cotton("manage/my_users.json", key=single)
    assert refused.status_code == 200
    assert refused.json()["errorCode"] == 403
