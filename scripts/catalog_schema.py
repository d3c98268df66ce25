"""Write the JSON Schema of catalog files. Run: python scripts/catalog_schema.py [--write]

The schema is made from the catalog's model: a table is a class, a key is a field, and the docstring below a field is
its description. The options of an auth scheme or paging style are those of the descriptor that is registered. Files
are laid over one another key by key, so a table that may hold a single key requires none; `check` demands the rest.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402 - after the path

from explorer.core.auth import AUTH_SCHEMES  # noqa: E402
from explorer.core.catalog.model import Catalog  # noqa: E402
from explorer.core.paging import PAGING_STYLES  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA: Final = ROOT / "explorer" / "_data" / "catalog.schema.json"
_MERGED: Final = ("Vendor", "Endpoint", "Parameter", "Environment", "Credential", "Auth", "Pagination", "Reading")
"""Tables that another file may change key by key."""


_SHARED: Final = {
    "title": "The name that a user sees.",
    "note": "What a user must know, in our own words.",
    "header": "The header that carries the credential.",
    "prefix": "What precedes the credential in the header, such as Bearer.",
    "page_param": "The parameter with the page number.",
    "size_param": "The parameter with the page size.",
    "total": "Path of the number of all records.",
    "lines": "Lines of the vendor's document that say so, such as 83,110-118.",
}
"""Keys that mean the same in every table."""


def field_descriptions(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Return key → the docstring below the field, for *struct* and its bases."""
    descriptions: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if base.__module__.startswith("explorer"):
            names = {field.name: field.encode_name for field in msgspec.structs.fields(base)}
            body = ast.parse(inspect.getsource(base)).body[0]
            assert isinstance(body, ast.ClassDef)
            descriptions |= {names[name]: text for name, text in _documented(body) if name in names}
    return descriptions


def _documented(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = getattr(below.value, "value", None)
            if isinstance(text, str):
                yield field.target.id, " ".join(text.split())


def _structs(struct: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """Return every struct that *struct* reaches, by name."""
    structs: dict[str, type[msgspec.Struct]] = {}

    def walk(info: Any) -> None:
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls.__name__ in structs:
                return
            structs[info.cls.__name__] = info.cls
            for field in info.fields:
                walk(field.type)
        for name in ("key_type", "value_type", "item_type", "types"):
            inner = getattr(info, name, ())
            for each in inner if isinstance(inner, tuple) else (inner,):
                walk(each)

    walk(msgspec.inspect.type_info(struct))
    return structs


def _described(struct: type[msgspec.Struct], table: dict[str, Any]) -> dict[str, Any]:
    shared = {key: text for key, text in _SHARED.items() if key in table["properties"]}
    for key, text in (shared | field_descriptions(struct)).items():
        table["properties"][key] = {"description": text, **table["properties"][key]}
    table["description"] = " ".join(table.get("description", "").split())
    if struct.__name__ in _MERGED:
        table.pop("required", None)
    return table


def _by_kind(
    key: str, options: dict[str, type[msgspec.Struct]], definitions: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the schema of the kind's key, and one condition for each kind on its ``options``."""
    conditions = []
    for name, struct in options.items():
        schema = msgspec.json.schema(struct, ref_template="#/$defs/{name}")
        definitions.update(schema["$defs"])
        for title, inner in _structs(struct).items():
            _described(inner, definitions[title])
        conditions.append(
            {
                "if": {"properties": {key: {"const": name}}, "required": [key]},
                "then": {"properties": {"options": {"$ref": f"#/$defs/{struct.__name__}"}}},
            }
        )
    return {"enum": sorted(options)}, conditions


def catalog_schema() -> dict[str, Any]:
    """Return the schema of a catalog file as JSON Schema 2020-12."""
    schema = msgspec.json.schema(Catalog)
    definitions = schema["$defs"]
    for name, struct in _structs(Catalog).items():
        _described(struct, definitions[name])
    schemes = {name: scheme.options for name, scheme in AUTH_SCHEMES.items()}
    styles = {name: style.options_type for name, style in PAGING_STYLES.items()}
    for table, key, options in (("Auth", "scheme", schemes), ("Pagination", "style", styles)):
        kind, conditions = _by_kind(key, dict(options), definitions)
        definitions[table]["properties"][key] = {**definitions[table]["properties"][key], **kind}
        definitions[table]["allOf"] = conditions
    catalog = definitions["Catalog"]
    catalog["properties"].pop("digest", None)
    catalog["properties"]["schema"] = {"const": 1, "description": "The version of this format."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "API Explorer catalog",
        **schema,
    }


def render() -> str:
    """Return the text of the file."""
    return json.dumps(catalog_schema(), indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def main() -> int:
    """Print the schema, or write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {SCHEMA.relative_to(ROOT)}")
    if parser.parse_args().write:
        SCHEMA.write_text(render(), encoding="utf-8")
    else:
        sys.stdout.write(render())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
