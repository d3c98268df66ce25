"""Theme files, shipped and the user's, checked without importing textual."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

import explorer
from explorer.errors import nearest
from explorer.store.decoded_cache import cache_key, read_cached, source_stamp, write_cached
from explorer.store.files import FileError, parse_toml, read_bytes, toml_files
from explorer.store.folders import shipped_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from explorer.store.folders import Folders


BASE: Final = (
    "primary", "secondary", "warning", "error", "success", "accent",
    "foreground", "background", "surface", "panel", "boost",
)  # fmt: skip
METHODS: Final = tuple(f"method-{method}" for method in ("get", "head", "post", "put", "patch", "delete"))
VERDICTS: Final = tuple(f"verdict-{verdict}" for verdict in ("ok", "failed", "partial", "unknown"))
SYNTAX: Final = tuple(
    f"syntax-{token}"
    for token in (
        "key",
        "string",
        "number",
        "constant",
        "punctuation",
        "tag",
        "attribute",
        "comment",
        "error",
        "offset",
    )
)
OWN: Final = (*METHODS, *VERDICTS, *SYNTAX, "guarded", "guarded-text")
"""Variables that only this program defines."""

_DARK: Final = (
    "#7cc7a2 #7cc7a2 #e3b46b #82b1ff #b9a5ff #ff8f8f "  # methods
    "#7fd1a0 #ff8f8f #e8b866 #a9b4c2 "  # verdicts
    "#86b8f2 #a5d6a0 #e5b785 #cfa8f0 #97a3b4 #f09a9a #e5c27d #8e9bab #ff8f8f #8e9bab "  # syntax
    "#a3262f #ffffff"
)
_LIGHT: Final = (
    "#10653f #10653f #805000 #1f4fb0 #5d3bb0 #a81d28 "
    "#10653f #a81d28 #805000 #4d5866 "
    "#1f4fb0 #2d5f1f #8a4300 #6a32a8 #505b69 #a02020 #7a5200 #586371 #a81d28 #586371 "
    "#a81d28 #ffffff"
)

_SHADES: Final = tuple(
    f"{name}-{direction}-{step}"
    for name in (*BASE, "primary-background", "secondary-background")
    for direction in ("lighten", "darken")
    for step in (1, 2, 3)
)
_STYLED_NAMES: Final = """
    block-cursor-text-style block-cursor-blurred-text-style link-style link-style-hover input-cursor-text-style
    markdown-h1-text-style markdown-h2-text-style markdown-h3-text-style markdown-h4-text-style
    markdown-h5-text-style markdown-h6-text-style button-focus-text-style
"""
_AUTOMATIC: Final = ("text", "text-muted", "text-disabled")
_COLORED_NAMES: Final = """
    text-primary text-secondary text-warning text-error text-success text-accent primary-background
    secondary-background primary-muted secondary-muted accent-muted warning-muted error-muted success-muted
    foreground-muted foreground-disabled block-cursor-foreground block-cursor-background
    block-cursor-blurred-foreground block-cursor-blurred-background block-hover-background border border-blurred
    surface-active scrollbar scrollbar-hover scrollbar-active scrollbar-background scrollbar-corner-color
    scrollbar-background-hover scrollbar-background-active link-background link-background-hover link-color
    link-color-hover footer-foreground footer-background footer-key-foreground footer-key-background
    footer-description-foreground footer-description-background footer-item-background input-cursor-background
    input-cursor-foreground input-selection-background input-selection-foreground markdown-h1-color
    markdown-h1-background markdown-h2-color markdown-h2-background markdown-h3-color markdown-h3-background
    markdown-h4-color markdown-h4-background markdown-h5-color markdown-h5-background markdown-h6-color
    markdown-h6-background button-foreground button-color-foreground screen-selection-background
    screen-selection-foreground
"""
_STYLED: Final = tuple(_STYLED_NAMES.split())
_COLORED: Final = tuple(_COLORED_NAMES.split())
VARIABLES: Final = (*OWN, *_AUTOMATIC, *_COLORED, *_STYLED, *_SHADES)
"""Every name allowed in a theme's ``variables``."""


class ThemeFile(msgspec.Struct, frozen=True, kw_only=True):
    """A checked theme. ``colours`` are keyword arguments of Textual's ``Theme``."""

    name: str
    title: str = ""
    dark: bool = True
    colours: dict[str, str] = {}
    variables: dict[str, str] = {}
    file: str = ""


class _CachedThemes(msgspec.Struct, frozen=True):
    themes: tuple[ThemeFile, ...]
    problems: tuple[str, ...]


def default_variables(dark: bool = True) -> dict[str, str]:
    """Return a default color for each variable of this program."""
    return dict(zip(OWN, (_DARK if dark else _LIGHT).split(), strict=True))


def load_themes(folders: Folders) -> tuple[tuple[ThemeFile, ...], tuple[str, ...]]:
    """Return all themes, the shipped ones first, and the problems of the files.

    A user's theme replaces a shipped one of the same name. An invalid file is skipped.
    """
    problems: list[str] = []
    sources: list[tuple[Path, bytes]] = []
    for folder in (shipped_path("themes"), folders.config / "themes"):
        try:
            for path in toml_files(folder):
                _read(path, sources, problems)
        except FileError as error:
            problems.append(str(error))
    contents = (part for path, data in sources for part in (str(path), data))
    key = cache_key([explorer.__version__, source_stamp(Path(__file__).parent), *contents])
    cached = read_cached(folders.cache, "themes", key, _CachedThemes)
    if cached is None:
        cached = _decode_all(sources)
        write_cached(folders.cache, "themes", key, cached)
    return cached.themes, (*problems, *cached.problems)


def _read(path: Path, sources: list[tuple[Path, bytes]], problems: list[str]) -> None:
    try:
        data = read_bytes(path)
    except FileError as error:
        problems.append(f"{error} (theme skipped)")
        return
    if data is not None:
        sources.append((path, data))


def _decode_all(sources: Iterable[tuple[Path, bytes]]) -> _CachedThemes:
    themes: dict[str, ThemeFile] = {}
    problems: list[str] = []
    for path, data in sources:
        theme, theme_problems = decode_theme(data, str(path), path.stem)
        problems += [f"{problem} (theme skipped)" for problem in theme_problems]
        if theme is None:
            continue
        duplicate = themes.get(theme.name)
        if duplicate and Path(duplicate.file).parent == path.parent:
            problems.append(f"{path}: name: {duplicate.file} is also named {theme.name!r}; rename one of them")
            continue
        themes[theme.name] = theme
    return _CachedThemes(tuple(themes.values()), tuple(problems))


def decode_theme(data: bytes, file: str, name: str = "") -> tuple[ThemeFile | None, list[str]]:
    """Decode the theme in a file, or return None and all its problems. *name* is the default name."""
    try:
        table = parse_toml(data, file)
    except FileError as error:
        return None, [str(error)]
    problems: list[FileError] = []

    def report(where: str, message: str, expected: str) -> None:
        problems.append(FileError(file, where, message, expected))

    known = ("name", "title", "dark", "colours", "variables")
    for key in table:
        if key not in known:
            report(key, "unknown key", _suggest(key, known))
    theme_name: object = table.get("name", name)
    if not isinstance(theme_name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", theme_name):
        report("name", f"{theme_name!r:.80} is not a theme name", "use up to 41 lowercase letters, digits and hyphens")
    title = table.get("title", "")
    if not isinstance(title, str) or not title.isprintable() or len(title) > 60:
        report("title", f"{title!r:.80} is not a title", "use one line of up to 60 characters")
    if not isinstance(table.get("dark", True), bool):
        report("dark", f"{table['dark']!r:.80} is invalid", "use true or false")
    colours = _values(table.get("colours", {}), "colours", BASE, report)
    variables = _values(table.get("variables", {}), "variables", VARIABLES, report)
    if "primary" not in colours and not problems:
        report("colours.primary", "is missing", 'add a color, such as primary = "#1e90ff"')
    if problems or not isinstance(theme_name, str):
        return None, [str(problem) for problem in problems]
    dark = table.get("dark", True)
    theme = ThemeFile(
        name=theme_name, title=title or theme_name, dark=dark, colours=colours, variables=variables, file=file
    )
    return theme, []


def _values(table: Any, where: str, known: tuple[str, ...], report: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        report(where, "is not a table", f"write [{where}]")
        return {}
    valid: dict[str, str] = {}
    for key, value in table.items():
        at = f"{where}.{key}"
        text = value.strip().lower() if isinstance(value, str) else ""
        expected = EXPECTED_STYLE if key in _STYLED else EXPECTED
        if key not in known:
            report(at, "unknown name", _suggest(key, known))
        elif not _allowed(key, text):
            near = nearest(text, NAMES) if text.isalpha() else None
            report(at, f"{value!r:.80} is invalid", expected + (f"; did you mean {near!r}?" if near else ""))
        else:
            valid[key] = text
    return valid


def _allowed(key: str, text: str) -> bool:
    if key in _STYLED:
        return is_style(text)
    if key in _AUTOMATIC and is_auto_color(text):
        return True
    return is_color(text) or (key.endswith("-background") and text == "transparent")


def _suggest(key: str, known: tuple[str, ...]) -> str:
    near = "colours" if key == "colors" else nearest(key, known)
    return f"did you mean {near!r}?" if near else f"known: {', '.join(known[:12])}" + (" …" if len(known) > 12 else "")


_NUMBER: Final = r"\s*\d{1,3}(?:\.\d+)?\s*"
_PERCENT: Final = r"\s*\d{1,3}(?:\.\d+)?%\s*"
_HEX_OR_FUNCTION: Final = re.compile(
    rf"#(?:[0-9a-f]{{3}}|[0-9a-f]{{4}}|[0-9a-f]{{6}}|[0-9a-f]{{8}})"
    rf"|rgb\({_NUMBER},{_NUMBER},{_NUMBER}\)|rgba\({_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}\)"
    rf"|hsl\({_NUMBER},{_PERCENT},{_PERCENT}\)|hsla\({_NUMBER},{_PERCENT},{_PERCENT},{_NUMBER}\)",
)
_AUTO: Final = re.compile(r"auto (?:\d{1,2}|100)%")

_NAMES: Final = """aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown
    burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod
    darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon
    darkseagreen darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey
    dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey
    honeydew hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral
    lightcyan lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue
    lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine
    mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered
    orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple
    rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue
    slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white
    whitesmoke yellow yellowgreen"""
_STYLES: Final = "none not bold b dim italic i underline u reverse strike"
NAMES: Final = frozenset(_NAMES.split())
STYLES: Final = frozenset(_STYLES.split())
EXPECTED: Final = 'use a color, such as "#1e90ff", "rgb(30, 144, 255)" or "dodgerblue"'
EXPECTED_STYLE: Final = 'use a text style, such as "bold underline" or "none"'


def is_color(text: str) -> bool:
    """Return whether *text*, in lowercase, is a plain color."""
    return text in NAMES or _HEX_OR_FUNCTION.fullmatch(text) is not None


def is_auto_color(text: str) -> bool:
    """Return whether *text* is black or white by the background, with an opacity: ``auto 60%``."""
    return _AUTO.fullmatch(text) is not None


def is_style(text: str) -> bool:
    """Return whether *text* is a text style."""
    words = text.split()
    return bool(words) and STYLES.issuperset(words) and words[-1] != "not"
