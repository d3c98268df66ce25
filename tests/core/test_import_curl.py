"""A pasted curl line becomes the call that it makes, and what has no place is said."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from explorer.core.curl.importing import ImportedCall, import_curl
from explorer.core.curl.match import VendorBaseUrl
from explorer.core.curl.request_line import read_curl
from explorer.core.model import Entry
from explorer.core.text.secret import MASK
from explorer.errors import UsageError
from tests.properties import given, st

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog

SANDBOX = "http://127.0.0.1:8710"


def places(catalog: Catalog) -> list[VendorBaseUrl]:
    found = [
        VendorBaseUrl(vendor.id, name, one.base_url)
        for vendor in catalog.vendors.values()
        for name, one in vendor.environments.items()
    ]
    found.append(VendorBaseUrl("cottoncart", "sandbox", f"{SANDBOX}/cottoncart/api", any_port=True))
    return found


def read(shipped: Catalog, text: str, **variables: str) -> ImportedCall:
    return import_curl(shipped, text, places(shipped), variables)


def values(found: ImportedCall) -> dict[str, str]:
    return {entry.name: entry.value for entry in found.call.entries}


def test_the_host_tells_the_environment_and_the_path_the_call(shipped: Catalog) -> None:
    found = read(shipped, "curl 'https://app.endlessaisles.io/api/stock?sku=81001'")
    assert (found.call.address, found.call.environment) == ("endlessaisles.stock", "production")
    assert found.call.entries == (Entry(name="sku", value="81001"),)
    assert found.notes == ()
    found = read(shipped, "curl https://app-qa.endlessaisles.io/api/stock?sku=1")
    assert found.call.environment == "test"


def test_a_sandbox_on_any_port_is_the_sandbox(shipped: Catalog) -> None:
    found = read(shipped, "curl http://127.0.0.1:40001/cottoncart/api/v1/stats/balance.json")
    assert (found.call.address, found.call.environment) == ("cottoncart.stats_balance", "sandbox")
    assert found.call.base_url == ""


def test_the_format_in_the_path_is_a_value(shipped: Catalog) -> None:
    found = read(shipped, f"curl {SANDBOX}/cottoncart/api/v1/stats/balance.xml")
    assert values(found) == {"format": "xml"}


def test_credentials_of_the_scheme_are_left_out_with_a_word(shipped: Catalog) -> None:
    line = f"curl '{SANDBOX}/cottoncart/api/v1/stats/balance.json?auth_id=a%40b&auth_ts=1&auth_sig=00'"
    found = read(shipped, line)
    assert found.call.entries == ()
    assert found.call.extra == ()
    assert any("auth_id, auth_ts, auth_sig" in note for note in found.notes)
    found = read(shipped, "curl https://app.endlessaisles.io/api/stock?sku=1 -H 'x-ea-request-token: hush-hush'")
    assert found.call.headers == ()
    assert "hush-hush" not in repr(found)


def test_json_fields_stand_under_the_names_of_the_form(shipped: Catalog) -> None:
    body = {"shipping": {"city": "Cary"}, "line_items": [{"id": 81001, "price": 25.5}, {"id": 2}], "odd": [1]}
    line = f"""curl -X PUT https://app-qa.endlessaisles.io/api/orders -H 'Content-Type: application/json' \\
  --data-raw '{json.dumps(body)}'"""
    found = read(shipped, line)
    assert found.call.address == "endlessaisles.orders_create"
    assert values(found) == {
        "shipping.city": "Cary",
        "line_items[0].id": "81001",
        "line_items[0].price": "25.5",
        "line_items[1].id": "2",
        "odd": "[1]",
    }
    assert any(note.startswith("odd is not a field") for note in found.notes)


def test_the_same_address_is_told_by_its_fields(shipped: Catalog) -> None:
    found = read(shipped, "curl http://www.fashionphile.test/api/authenticate -F email=a@b.co -F 'password=x y'")
    assert found.call.address == "fashionphile.sign_in"
    assert values(found) == {"email": "a@b.co", "password": "x y"}
    found = read(shipped, "curl http://www.fashionphile.test/api/authenticate -F token=abc")
    assert found.call.address == "fashionphile.sign_in_facebook"


def test_uploads_keep_their_path(shipped: Catalog) -> None:
    line = f"""curl {SANDBOX}/cottoncart/api/v1/manage/edit_store.json -F store_id=me \\
        -F 'logo_file=@"/tmp/a; \\"b\\".png";type=image/png' --form-string 'name=@home;type=x'"""
    found = read(shipped, line)
    assert found.call.entries == (
        Entry(name="store_id", value="me"),
        Entry(name="logo_file", kind="file", value='/tmp/a; "b".png'),
        Entry(name="name", value="@home;type=x"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "curl -sSL -G https://app.endlessaisles.io/api/stock -d sku=5",
        "curl -G 'https://app.endlessaisles.io/api/stock' --data-urlencode sku=5",
        "curl --url https://app.endlessaisles.io/api/stock?sku=5 --compressed -o out.json",
        "curl https://app.endlessaisles.io/api/stock --url-query sku=5 | python3 -m json.tool > out.json",
        "curl \\\n  -X GET \\\n  $'https://app.endlessaisles.io/api/stock?sku=\\x35' # mine",
        'NUMBER=5; curl "https://app.endlessaisles.io/api/stock?sku=$NUMBER"',
        'curl "https://app.endlessaisles.io/api/stock?sku=${NUMBER:-5}"',
        'curl.exe ^\r\n  "https://app.endlessaisles.io/api/stock?sku=5"',
        "cd /tmp && /usr/bin/curl -XGET http://app.endlessaisles.io/api/stock?sku=5",
    ],
)
def test_ways_to_write_the_same_line(shipped: Catalog, line: str) -> None:
    found = read(shipped, line)
    assert (found.call.address, values(found)) == ("endlessaisles.stock", {"sku": "5"})


def test_what_has_no_place_is_kept_and_said(shipped: Catalog) -> None:
    line = "curl -k --proxy http://p.example 'https://app.endlessaisles.io/api/stock?sku=5&debug=1' -H 'X-Mine: a b'"
    found = read(shipped, f"{line} -u me:you")
    assert found.call.extra == (("debug", "1"),)
    assert found.call.headers == (("X-Mine", "a b"), ("Authorization", "Basic bWU6eW91"))
    told = "\n".join(found.notes)
    for word in ("debug", "--insecure", "--proxy"):
        assert word in told


def test_an_unknown_host_with_a_known_path_becomes_the_base_url(shipped: Catalog) -> None:
    found = read(shipped, "curl https://shop.example/v9/customers?page=2 -H 'Authorization: Bearer x'")
    assert (found.call.address, found.call.base_url) == ("quickstart.customers_list", "https://shop.example/v9")
    assert any("shop.example" in note for note in found.notes)


def test_a_reading_is_chosen_where_the_line_fits_to_it_alone(shipped: Catalog) -> None:
    line = f"curl '{SANDBOX}/cottoncart/api/v1/catalogue/stores.json?auth_id=a%40b&auth_ts=1&auth_sig=00'"
    assert read(shipped, line).call.readings == {"catalogue_auth": "signed"}
    bare = line.partition("?")[0] + "'"
    assert read(shipped, bare).call.readings == {}


def test_a_variable_is_looked_up_or_has_to_be_given_again(shipped: Catalog) -> None:
    name = "API_EXPLORER_FASHIONPHILE_PASSWORD"
    line = f'curl http://www.fashionphile.test/api/authenticate -F email=a@b.co -F "password=${name}"'
    assert values(read(shipped, line, **{name: "from outside"}))["password"] == "from outside"
    assert values(read(shipped, line))["password"] == MASK


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://app.endlessaisles.io/api/stock", "HOME"),
        ("https://app.endlessaisles.io/api/stock", "API_EXPLORER_FASHIONPHILE_PASSWORD"),
        ("http://app.endlessaisles.io/api/stock", "API_EXPLORER_ENDLESSAISLES_TOKEN"),
        ("https://nowhere.example/api/stock", "API_EXPLORER_ENDLESSAISLES_TOKEN"),
        ("https://app.endlessaisles.io.nowhere.example/api/stock", "API_EXPLORER_ENDLESSAISLES_TOKEN"),
        (
            "https://${API_EXPLORER_ENDLESSAISLES_TOKEN:-app.endlessaisles.io}/api/stock",
            "API_EXPLORER_ENDLESSAISLES_TOKEN",
        ),
    ],
)
@pytest.mark.parametrize("spelled", ["${}", "${{{}}}"])
def test_a_line_reads_no_variable_but_a_credential_of_the_vendor_at_its_url(
    shipped: Catalog, url: str, name: str, spelled: str
) -> None:
    written = spelled.format(name)
    imported = read(shipped, f'curl "{url}?sku={written}"', **{name: "from-outside"})
    assert "from-outside" not in repr(imported)
    assert values(imported)["sku"] == written
    assert any(name in note and "not expanded" in note for note in imported.notes)


def test_a_credential_of_the_vendor_fills_a_line_to_its_host_and_to_the_sandbox(shipped: Catalog) -> None:
    name = "API_EXPLORER_ENDLESSAISLES_TOKEN"
    for url in ("https://app.endlessaisles.io/api/stock", "https://app-qa.endlessaisles.io/api/stock"):
        imported = read(shipped, f'curl "{url}?sku=${name}"', **{name: "from-outside"})
        assert values(imported)["sku"] == "from-outside"


@pytest.mark.parametrize(
    ("options", "file"),
    [
        ("-d @body.json", "body.json"),
        ("--data-binary @body.json", "body.json"),
        ("--json @body.json", "body.json"),
        ("-d @-", "standard input"),
        ("-X PUT --data-binary @-", "standard input"),
        ("-X PUT --data-urlencode @body.txt", "body.txt"),
    ],
)
def test_a_body_in_a_file_keeps_the_method_and_is_asked_for(shipped: Catalog, options: str, file: str) -> None:
    url = "https://app-qa.endlessaisles.io/api/orders" if "-X" in options else f"{SANDBOX}/fashionphile/api/account"
    imported = read(shipped, f"curl {options} {url}")
    expected = "endlessaisles.orders_create" if "-X" in options else "fashionphile.account_create"
    assert imported.call.address == expected
    assert imported.unread == (("-",) if file == "standard input" else (file,))
    assert any(file in note and "not read" in note for note in imported.notes)


def test_an_upload_is_a_put_and_its_body_is_asked_for(shipped: Catalog) -> None:
    imported = read(shipped, "curl -T order.json https://app-qa.endlessaisles.io/api/orders")
    assert (imported.call.address, imported.unread) == ("endlessaisles.orders_create", ("order.json",))
    assert read_curl("curl -T a/b.json https://host.example/in/", {}).url == "https://host.example/in/b.json"
    assert read_curl("curl -X POST -T b.json https://host.example/in", {}).method == "POST"


def test_a_file_that_may_be_read_is_the_body(shipped: Catalog) -> None:
    body = b'{"email": "a@b.co",\r\n "password": "p4ss"}\n'
    for option in ("-d", "--data-binary", "--json"):
        line = f"curl {option} @body.json {SANDBOX}/fashionphile/api/account -H 'Content-Type: application/json'"
        imported = import_curl(shipped, line, places(shipped), {}, {"body.json": body}.get)
        assert values(imported) == {"email": "a@b.co", "password": "p4ss"}
        assert imported.unread == ()


def test_a_field_whose_value_is_in_a_file_stays_a_file(shipped: Catalog) -> None:
    line = f"curl {SANDBOX}/fashionphile/api/authenticate -F email=a@b.co -F 'password=<secret.txt'"
    assert Entry(name="password", kind="file", value="secret.txt") in read(shipped, line).call.entries
    line = "curl -X POST --data-urlencode grant_type@grant.txt https://host.example/oauth/token"
    assert Entry(name="grant_type", kind="file", value="grant.txt") in read(shipped, line).call.entries


def test_what_would_be_sent_otherwise_is_said(shipped: Catalog) -> None:
    line = 'curl \'http://www.fashionphile.test/api/authenticate\' --json \'{"email": "a@b.co", "password": "p4ss"}\''
    told = read(shipped, line).notes
    assert told == ("the command sends application/json; this call sends multipart/form-data",)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("wget https://app.endlessaisles.io/api/stock", "no curl command"),
        ("curl -X PATCH https://app.endlessaisles.io/api/stock", "accepts GET"),
        ("curl https://nowhere.example/zzz", "has no call matching"),
        ("curl 'https://app.endlessaisles.io", "not closed"),
        ("curl -v", "has no URL"),
        ("curl http://[::1/x", "is not a valid URL"),
        ("", "no curl command"),
        ("curl https://app.endlessaisles.io/api/stock?sku=%ff", "not UTF-8"),
    ],
)
def test_a_line_that_cannot_be_taken_says_why(shipped: Catalog, line: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        read(shipped, line)
    assert told in error.value.message


@given(st.lists(st.sampled_from([*"'\"$`\\ \n;&|(){}=@#%-", "curl ", "-F ", "-d ", "$'", "$(", "x", "é", "\udcff"])))
def test_whatever_is_pasted_nothing_breaks(pieces: list[str]) -> None:
    with contextlib.suppress(UsageError):
        read_curl("curl " + "".join(pieces), {})
