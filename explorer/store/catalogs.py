"""The shipped catalog with the user's own laid over it, decoded once and cached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

import explorer
from explorer.core.catalog.model import Catalog
from explorer.errors import CatalogError, CatalogProblem
from explorer.store.decoded_cache import cache_key, read_cached, source_stamp, write_cached
from explorer.store.files import FileError, parse_toml, read_bytes, toml_files
from explorer.store.folders import Folders, shipped_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.catalog.load import OptionTypes


class LoadedCatalog(msgspec.Struct, frozen=True):
    """The catalog, what is wrong with files that were left out of it, and the files that it is made of."""

    catalog: Catalog
    problems: tuple[CatalogProblem, ...] = ()
    files: tuple[Path, ...] = ()


class _CachedCatalog(msgspec.Struct, frozen=True):
    catalog: Catalog
    problems: tuple[CatalogProblem, ...]
    files: tuple[str, ...]


class _Source(NamedTuple):
    path: Path
    data: bytes = b""
    problem: CatalogProblem | None = None


def option_types() -> OptionTypes:
    """Return the options of every auth scheme and paging style that is registered."""
    from explorer.core.auth import AUTH_SCHEMES  # a catalog that comes from the cache needs none of them
    from explorer.core.catalog.load import OptionTypes
    from explorer.core.paging import PAGING_STYLES

    return OptionTypes(
        {name: scheme.options for name, scheme in AUTH_SCHEMES.items()},
        {name: style.options_type for name, style in PAGING_STYLES.items()},
    )


def decode(
    mapping: Mapping[str, Any], file: str, *, digest: str = "", origins: Mapping[tuple[str, ...], str] | None = None
) -> Catalog:
    """Return the catalog in *mapping*, with every registered auth scheme and paging style.

    Raises:
        CatalogError: with every problem found, not only the first.
    """
    from explorer.core.catalog import load

    return load.decode(mapping, file, option_types(), digest=digest, origins=origins)


def load_catalog(folders: Folders, *, base: Path | None = None) -> LoadedCatalog:
    """The shipped catalog and the user's (``<config>/catalogs/*.toml``, then ``overlays/*.toml``, by their names).

    A user's file that is wrong is left out and reported; of an overlay only what is wrong. What was decoded is kept in
    the cache folder, so that the next start neither parses nor checks. *base*: a file in the place of the shipped one.

    Raises:
        CatalogError: the shipped file itself is missing or wrong.
    """
    first = _read(base or shipped_path("endpoint_catalog.toml"))
    if first.problem:
        raise CatalogError([first.problem])
    own, no_list = _own_files(folders, "catalogs")
    over, no_overlays = _own_files(folders, "overlays")
    sources = (first, *own, *over)
    digest = cache_key(part for one in sources for part in (one.path.name, one.data))
    unlisted = [one for one in (no_list, no_overlays) if one is not None]
    key = cache_key([digest, *_decoding_context(), *(f"{one.path} {one.problem}" for one in sources), str(unlisted)])
    found = read_cached(folders.cache, "catalog", key, _CachedCatalog)
    if found is None:
        found = _assemble(first, own, over, digest, unlisted)
        write_cached(folders.cache, "catalog", key, found)
    return LoadedCatalog(found.catalog, found.problems, tuple(Path(one) for one in found.files))


def check_file(path: Path, folders: Folders | None = None, *, base: Path | None = None) -> tuple[CatalogProblem, ...]:
    """What is wrong with a catalog file, as it would be used: laid over the shipped catalog (and, with *folders*,
    over the user's other files whose names come before its own). The shipped file, or *base* in its place, is checked
    by itself."""
    source = _read(path)
    if source.problem:
        return (source.problem,)
    base_path = base or shipped_path("endpoint_catalog.toml")
    try:
        mapping = parse_toml(source.data, str(path))
        if base_path.exists() and path.samefile(base_path):
            decode(mapping, str(path))
            return ()
        below = parse_toml(_read(base_path).data, str(base_path))
        for other in _own_files(folders, "catalogs")[0] if folders else ():
            if other.path.name < path.name and not other.problem:
                below, _ = _apply_overlay(below, other)
        return _merge_checked(below, mapping, str(path))[1]
    except FileError as error:
        return (_problem(error),)
    except CatalogError as error:
        return error.problems
    except RecursionError:
        return (_too_deep(path),)


def check_overlay(folders: Folders, path: Path, data: bytes) -> tuple[CatalogProblem, ...]:
    """What would be wrong with the overlay at *path* if it held *data*: over the shipped catalog and the user's files.

    Raises:
        CatalogError: the shipped file itself is missing or wrong.
    """
    first = _read(shipped_path("endpoint_catalog.toml"))
    below = _mapping_of(first)
    for other in (*_own_files(folders, "catalogs")[0], *_own_files(folders, "overlays")[0]):
        if other.path != path:
            below, _ = _apply_overlay(below, other)
    return _apply_piecewise(below, _Source(path, data))[1]


def _mapping_of(first: _Source) -> dict[str, Any]:
    if first.problem:
        raise CatalogError([first.problem])
    try:
        return _parsed(first.data, str(first.path))
    except FileError as error:
        raise CatalogError([_problem(error)]) from None


@lru_cache(maxsize=1)
def _parsed(data: bytes, file: str) -> dict[str, Any]:
    """The shipped file's mapping, kept for the next change of an overlay; nobody writes into it."""
    return parse_toml(data, file)


def _assemble(
    first: _Source, own: Sequence[_Source], over: Sequence[_Source], digest: str, problems: list[CatalogProblem]
) -> _CachedCatalog:
    """The shipped file, which CI has checked, with those of the user's files over it that are well."""
    from explorer.core.catalog.load import decode_checked

    mapping = _mapping_of(first)
    files = [str(first.path)]
    for source in own:
        mapping, wrong = _apply_overlay(mapping, source)
        problems.extend(wrong)
        if not wrong:
            files.append(str(source.path))
    for source in over:
        mapping, wrong = _apply_piecewise(mapping, source)
        problems.extend(wrong)
        files.append(str(source.path))
    try:
        catalog = decode_checked(mapping, digest=digest)
    except msgspec.ValidationError:
        catalog = decode(mapping, str(first.path), digest=digest)
    return _CachedCatalog(catalog, tuple(problems), tuple(files))


def _apply_overlay(base: dict[str, Any], source: _Source) -> tuple[dict[str, Any], tuple[CatalogProblem, ...]]:
    """*base* with a user's file over it, or *base* as it was and what is wrong with the file."""
    if source.problem:
        return base, (source.problem,)
    try:
        return _merge_checked(base, parse_toml(source.data, str(source.path)), str(source.path))
    except FileError as error:
        return base, (_problem(error),)
    except RecursionError:
        return base, (_too_deep(source.path),)


def _apply_piecewise(base: dict[str, Any], source: _Source) -> tuple[dict[str, Any], tuple[CatalogProblem, ...]]:
    """*base* with an overlay over it. Where that is wrong, each table of it is laid over by itself, so that an entry
    that a newer catalog has outlived takes no other with it; problems name the line."""
    whole, problems = _apply_overlay(base, source)
    if not problems or source.problem:
        return whole, problems
    try:
        overlay = parse_toml(source.data, str(source.path))
    except FileError:
        return base, problems
    problems = ()
    for piece in _tables(overlay):
        gone = _orphan_problem(base, piece, str(source.path))
        if gone is None:
            base, wrong = _merge_checked(base, piece, str(source.path))
        problems += wrong if gone is None else (gone,)
    text = source.data.decode("utf-8-sig")
    return base, tuple(_with_line(one, text) for one in problems)


def _tables(overlay: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plain values of each table of *overlay*, each as a mapping from the top."""
    plain = {key: value for key, value in overlay.items() if not isinstance(value, dict)}
    if plain or not overlay:
        yield plain
    for key, value in overlay.items():
        if isinstance(value, dict):
            for inner in _tables(value):
                yield {key: inner}


def _orphan_problem(base: dict[str, Any], piece: dict[str, Any], file: str) -> CatalogProblem | None:
    """What to say of a table of an overlay that is about something the catalog does not have."""
    from explorer.core.catalog.table import format_toml_path

    path: tuple[str, ...] = ()
    while len(piece) == 1 and isinstance(inner := next(iter(piece.values())), dict):
        path = (*path, next(iter(piece)))
        below = base.get(path[-1])
        if below is None and len(path) > 1 and path[-2] in _NAMED:
            kind = _NAMED[path[-2]]
            return CatalogProblem(
                file, format_toml_path(path), f"the catalog has no {kind} {path[-1]!r}", "take the table out"
            )
        base, piece = below if isinstance(below, dict) else {}, inner
    return None


_NAMED = {"vendors": "vendor", "endpoints": "endpoint", "readings": "reading"}


def _with_line(problem: CatalogProblem, text: str) -> CatalogProblem:
    line = line_of(text, problem.path)
    where = f"line {line}, {problem.path}" if line else problem.path
    return CatalogProblem(problem.file, where, problem.message, problem.expected, problem.near)


def _merge_checked(
    base: dict[str, Any], overlay: dict[str, Any], file: str
) -> tuple[dict[str, Any], tuple[CatalogProblem, ...]]:
    """*base* with *overlay* over it if the vendors that it touches are well then; the blame for all else is *file*'s,
    since *base* was well before."""
    from explorer.core.catalog.load import merge

    merged = merge(base, overlay, file, {})
    vendors = merged.get("vendors")
    touched = overlay.get("vendors", {})
    probe: dict[str, Any] = {key: value for key, value in merged.items() if key != "vendors" and key in overlay}
    if isinstance(vendors, dict) and isinstance(touched, dict):
        probe["vendors"] = {key: vendors[key] for key in touched}
    elif "vendors" in overlay:
        probe["vendors"] = vendors
    try:
        decode(probe, file)
    except CatalogError as error:
        return base, error.problems
    return merged, ()


def _read(path: Path) -> _Source:
    try:
        data = read_bytes(path)
    except FileError as error:
        return _Source(path, problem=_problem(error))
    if data is None:
        return _Source(path, problem=CatalogProblem(str(path), "(file)", "there is no such file"))
    return _Source(path, data)


def _own_files(folders: Folders, kind: str) -> tuple[list[_Source], CatalogProblem | None]:
    try:
        return [_read(one) for one in toml_files(folders.config / kind)], None
    except FileError as error:
        return [], _problem(error)


def _decoding_context() -> tuple[str, ...]:
    """What besides the files decides how they are decoded."""
    core = Path(explorer.__file__).parent / "core"
    return (explorer.__version__, *(source_stamp(core / room) for room in ("catalog", "auth", "paging")))


def _problem(error: FileError) -> CatalogProblem:
    return CatalogProblem(error.file, error.where or "(file)", error.message, error.expected)


def _too_deep(path: Path) -> CatalogProblem:
    return CatalogProblem(str(path), "(file)", "is nested too deeply", "a few levels are enough")


_HEADER: Final = re.compile(r"\s*\[\[?(?P<path>[^\]]*(?:\"[^\"]*\"[^\]]*)*?)\]\]?\s*(?:#.*)?$")
KeyPath = tuple[str, ...]


def line_of(text: str, path: str) -> int:
    """The line (from 1) of the key at a dotted *path*, of the first key below it, or of the innermost table around it
    that is written there; 0 where none of it is."""
    wanted = _keys(re.sub(r"\.?\[\d+\]", "", path))
    best, line = 0, 0
    for number, place in _places(text):
        common = place[: len(wanted)] if place[: len(wanted)] == wanted else place
        if len(common) > best and wanted[: len(common)] == common:
            best, line = len(common), number
    return line


def _places(text: str) -> list[tuple[int, KeyPath]]:
    """Every line that begins a table or a statement, with its whole path."""
    found: list[tuple[int, KeyPath]] = []
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line) if line.lstrip().startswith("[") else None
        if header is not None:
            table = _keys(header["path"].strip("[]"))
            found.append((number, table))
        elif "=" in line and not line.lstrip().startswith("#"):
            keys = _before_equals(line)
            if keys:
                found.append((number, (*table, *keys)))
    return found


def _before_equals(line: str) -> KeyPath:
    for at in (found.start() for found in re.finditer("=", line)):
        keys = _keys(line[:at])
        if keys:
            return keys
    return ()


def _keys(dotted: str) -> KeyPath:
    """The parts of a dotted key, quotes understood; none where it is no key."""
    import tomllib

    try:
        value: object = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(value, Mapping) and len(value) == 1:
        part = next(iter(value))
        parts.append(part)
        value = value[part]
    return tuple(parts)
