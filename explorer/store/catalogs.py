"""The shipped catalog merged with the user's catalogs and overlays, decoded once and cached."""

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
    """The catalog, the problems of skipped files, and the files that it was read from."""

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
    """Return the option types of every registered auth scheme and paging style."""
    from explorer.core.auth import AUTH_SCHEMES  # a cached catalog needs none of them
    from explorer.core.catalog.load import OptionTypes
    from explorer.core.paging import PAGING_STYLES

    return OptionTypes(
        {name: scheme.options for name, scheme in AUTH_SCHEMES.items()},
        {name: style.options_type for name, style in PAGING_STYLES.items()},
    )


def decode(
    mapping: Mapping[str, Any], file: str, *, digest: str = "", origins: Mapping[tuple[str, ...], str] | None = None
) -> Catalog:
    """Decode the catalog in *mapping* with every registered auth scheme and paging style.

    Raises:
        CatalogError: with every problem, not only the first.
    """
    from explorer.core.catalog import load

    return load.decode(mapping, file, option_types(), digest=digest, origins=origins)


def load_catalog(folders: Folders, *, base: Path | None = None) -> LoadedCatalog:
    """Return the shipped catalog merged with ``<config>/catalogs/*.toml``, then ``overlays/*.toml``, in name order.

    An invalid catalog file is skipped and reported; of an overlay, only the invalid tables are skipped. The result is
    cached, so the next start neither parses nor checks. *base* replaces the shipped file.

    Raises:
        CatalogError: the shipped file itself is missing or invalid.
    """
    first = _read(base or shipped_path("endpoint_catalog.toml"))
    if first.problem:
        raise CatalogError([first.problem])
    own, catalogs_problem = _user_files(folders, "catalogs")
    overlays, overlays_problem = _user_files(folders, "overlays")
    sources = (first, *own, *overlays)
    digest = cache_key(part for source in sources for part in (source.path.name, source.data))
    problems = [problem for problem in (catalogs_problem, overlays_problem) if problem is not None]
    states = (f"{source.path} {source.problem}" for source in sources)
    key = cache_key([digest, *_decoding_context(), *states, str(problems)])
    cached = read_cached(folders.cache, "catalog", key, _CachedCatalog)
    if cached is None:
        cached = _assemble(first, own, overlays, digest, problems)
        write_cached(folders.cache, "catalog", key, cached)
    return LoadedCatalog(cached.catalog, cached.problems, tuple(Path(file) for file in cached.files))


def check_file(path: Path, folders: Folders | None = None, *, base: Path | None = None) -> tuple[CatalogProblem, ...]:
    """Return the problems of a catalog file, checked as it would be used: merged into the shipped catalog.

    With *folders*, the user's files that sort before it are merged first. The shipped file, or *base*, is checked
    alone.
    """
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
        for other in _user_files(folders, "catalogs")[0] if folders else ():
            if other.path.name < path.name and not other.problem:
                below, _ = _apply_overlay(below, other)
        return _merge_checked(below, mapping, str(path))[1]
    except FileError as error:
        return (error.as_problem(),)
    except CatalogError as error:
        return error.problems
    except RecursionError:
        return (_too_deep(path),)


def check_overlay(folders: Folders, path: Path, data: bytes) -> tuple[CatalogProblem, ...]:
    """Return the problems that the overlay at *path* would have with the content *data*.

    Raises:
        CatalogError: the shipped file itself is missing or invalid.
    """
    first = _read(shipped_path("endpoint_catalog.toml"))
    below = _mapping_of(first)
    for other in (*_user_files(folders, "catalogs")[0], *_user_files(folders, "overlays")[0]):
        if other.path != path:
            below, _ = _apply_overlay(below, other)
    return _apply_piecewise(below, _Source(path, data))[1]


def _mapping_of(first: _Source) -> dict[str, Any]:
    if first.problem:
        raise CatalogError([first.problem])
    try:
        return _parsed(first.data, str(first.path))
    except FileError as error:
        raise CatalogError([error.as_problem()]) from None


@lru_cache(maxsize=1)
def _parsed(data: bytes, file: str) -> dict[str, Any]:
    """Return the mapping of the shipped file, cached for the next change of an overlay. Do not modify it."""
    return parse_toml(data, file)


def _assemble(
    first: _Source, own: Sequence[_Source], overlays: Sequence[_Source], digest: str, problems: list[CatalogProblem]
) -> _CachedCatalog:
    """Return the shipped file, which CI has checked, merged with the valid files of the user."""
    from explorer.core.catalog.load import decode_checked

    mapping = _mapping_of(first)
    files = [str(first.path)]
    for source in own:
        mapping, file_problems = _apply_overlay(mapping, source)
        problems.extend(file_problems)
        if not file_problems:
            files.append(str(source.path))
    for source in overlays:
        mapping, file_problems = _apply_piecewise(mapping, source)
        problems.extend(file_problems)
        files.append(str(source.path))
    try:
        catalog = decode_checked(mapping, digest=digest)
    except msgspec.ValidationError:
        catalog = decode(mapping, str(first.path), digest=digest)
    return _CachedCatalog(catalog, tuple(problems), tuple(files))


def _apply_overlay(base: dict[str, Any], source: _Source) -> tuple[dict[str, Any], tuple[CatalogProblem, ...]]:
    """Return *base* merged with a user's file, or *base* unchanged and the problems of the file."""
    if source.problem:
        return base, (source.problem,)
    try:
        return _merge_checked(base, parse_toml(source.data, str(source.path)), str(source.path))
    except FileError as error:
        return base, (error.as_problem(),)
    except RecursionError:
        return base, (_too_deep(source.path),)


def _apply_piecewise(base: dict[str, Any], source: _Source) -> tuple[dict[str, Any], tuple[CatalogProblem, ...]]:
    """Return *base* merged with an overlay, and the problems, which name the line.

    The tables of an invalid overlay are merged one by one. An entry that a newer catalog has dropped then does not
    disable the others.
    """
    whole, problems = _apply_overlay(base, source)
    if not problems or source.problem:
        return whole, problems
    try:
        overlay = parse_toml(source.data, str(source.path))
    except FileError:
        return base, problems
    problems = ()
    for piece in _tables(overlay):
        orphan = _orphan_problem(base, piece, str(source.path))
        if orphan is None:
            base, piece_problems = _merge_checked(base, piece, str(source.path))
        problems += piece_problems if orphan is None else (orphan,)
    text = source.data.decode("utf-8-sig")
    return base, tuple(_with_line(problem, text) for problem in problems)


def _tables(overlay: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the plain values of each table of *overlay*, each as a mapping from the top level."""
    plain = {key: value for key, value in overlay.items() if not isinstance(value, dict)}
    if plain or not overlay:
        yield plain
    for key, value in overlay.items():
        if isinstance(value, dict):
            for inner in _tables(value):
                yield {key: inner}


def _orphan_problem(base: dict[str, Any], piece: dict[str, Any], file: str) -> CatalogProblem | None:
    """Return the problem of an overlay table whose target is not in the catalog, or None."""
    from explorer.core.catalog.table import format_toml_path

    path: tuple[str, ...] = ()
    while len(piece) == 1 and isinstance(inner := next(iter(piece.values())), dict):
        path = (*path, next(iter(piece)))
        below = base.get(path[-1])
        if below is None and len(path) > 1 and path[-2] in _NAMED:
            kind = _NAMED[path[-2]]
            return CatalogProblem(
                file, format_toml_path(path), f"the catalog has no {kind} {path[-1]!r}", "delete the table"
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
    """Return *base* merged with *overlay* if the vendors that it changes are still valid, else *base* and the problems.

    *base* was valid before, so every problem is *file*'s.
    """
    from explorer.core.catalog.load import merge

    merged = merge(base, overlay, file, {})
    vendors = merged.get("vendors")
    changed = overlay.get("vendors", {})
    probe: dict[str, Any] = {key: value for key, value in merged.items() if key != "vendors" and key in overlay}
    if isinstance(vendors, dict) and isinstance(changed, dict):
        probe["vendors"] = {key: vendors[key] for key in changed}
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
        return _Source(path, problem=error.as_problem())
    if data is None:
        return _Source(path, problem=CatalogProblem(str(path), "(file)", "the file does not exist"))
    return _Source(path, data)


def _user_files(folders: Folders, kind: str) -> tuple[list[_Source], CatalogProblem | None]:
    try:
        return [_read(path) for path in toml_files(folders.config / kind)], None
    except FileError as error:
        return [], error.as_problem()


def _decoding_context() -> tuple[str, ...]:
    """Return what determines the decoding besides the files: the program's version and code."""
    core = Path(explorer.__file__).parent / "core"
    return (explorer.__version__, *(source_stamp(core / package) for package in ("catalog", "auth", "paging")))


def _too_deep(path: Path) -> CatalogProblem:
    return CatalogProblem(str(path), "(file)", "is nested too deeply", "a few levels are enough")


_HEADER: Final = re.compile(r"\s*\[\[?(?P<path>[^\]]*(?:\"[^\"]*\"[^\]]*)*?)\]\]?\s*(?:#.*)?$")
KeyPath = tuple[str, ...]


def line_of(text: str, path: str) -> int:
    """Return the line (from 1) of the key at a dotted *path*, or 0.

    If the key is not written, this is the line of the first key below it or of the innermost table around it.
    """
    wanted = _keys(re.sub(r"\.?\[\d+\]", "", path))
    best, line = 0, 0
    for number, key_path in _key_lines(text):
        common = key_path[: len(wanted)] if key_path[: len(wanted)] == wanted else key_path
        if len(common) > best and wanted[: len(common)] == common:
            best, line = len(common), number
    return line


def _key_lines(text: str) -> list[tuple[int, KeyPath]]:
    """Return every line that starts a table or a key, with its full path."""
    lines: list[tuple[int, KeyPath]] = []
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line) if line.lstrip().startswith("[") else None
        if header is not None:
            table = _keys(header["path"].strip("[]"))
            lines.append((number, table))
        elif "=" in line and not line.lstrip().startswith("#"):
            keys = _before_equals(line)
            if keys:
                lines.append((number, (*table, *keys)))
    return lines


def _before_equals(line: str) -> KeyPath:
    for match in re.finditer("=", line):
        keys = _keys(line[: match.start()])
        if keys:
            return keys
    return ()


def _keys(dotted: str) -> KeyPath:
    """Return the parts of a dotted key, which can be quoted; none if it is not a key."""
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
