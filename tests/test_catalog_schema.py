"""The JSON Schema of catalog files: fresh, true of the shipped catalog, and of use in an editor."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.scripts import script

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "endpoint_catalog.toml"
SCHEMA = ROOT / "explorer" / "_data" / "catalog.schema.json"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def problems(validator: jsonschema.Draft202012Validator, catalog: Any) -> dict[str, str]:
    return {".".join(map(str, error.absolute_path)): error.message for error in validator.iter_errors(catalog)}


def test_the_file_is_fresh() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == script("catalog_schema").render(), (
        "run python scripts/catalog_schema.py --write"
    )


def test_the_shipped_catalog_is_valid_and_names_the_schema(validator: jsonschema.Draft202012Validator) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert problems(validator, tomllib.loads(text)) == {}
    named = text.partition("#:schema ")[2].partition("\n")[0]
    assert (SHIPPED.parent / named).resolve() == SCHEMA


def test_three_mistakes_are_found_where_they_are(validator: jsonschema.Draft202012Validator) -> None:
    catalog = copy.deepcopy(tomllib.loads(SHIPPED.read_text(encoding="utf-8")))
    vendor = catalog["vendors"]["cottoncart"]
    scheme = next(key for key, auth in vendor["auth"].items() if auth["scheme"] == "hmac_query")
    vendor["auth"][scheme]["options"]["digset"] = "sha256"
    vendor["endpoints"]["stats_sales"]["methdo"] = "GET"
    vendor["endpoints"]["stats_sales"]["params"]["start_date"]["in"] = "qeury"
    found = problems(validator, catalog)
    assert set(found) == {
        f"vendors.cottoncart.auth.{scheme}.options",
        "vendors.cottoncart.endpoints.stats_sales",
        "vendors.cottoncart.endpoints.stats_sales.params.start_date.in",
    }
    assert "digset" in found[f"vendors.cottoncart.auth.{scheme}.options"]
    assert "methdo" in found["vendors.cottoncart.endpoints.stats_sales"]


def test_a_file_may_change_one_key_of_a_vendor(validator: jsonschema.Draft202012Validator) -> None:
    assert problems(validator, {"vendors": {"quickstart": {"environments": {"own": {"guarded": True}}}}}) == {}


def test_every_key_has_a_description() -> None:
    tables = script("catalog_schema").catalog_schema()["$defs"]
    assert [
        f"{name}.{key}"
        for name, table in tables.items()
        for key, schema in table.get("properties", {}).items()
        if not schema.get("description")
    ] == []
