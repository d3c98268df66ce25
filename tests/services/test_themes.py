"""Themes: readable by the arithmetic of WCAG 2.2, and a bad file is a message that the terminal library never sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Button, DataTable, Footer, Input, Label, Tree

from explorer.store.folders import Folders
from explorer.store.themes import (
    NAMES,
    OWN,
    VARIABLES,
    ThemeFile,
    decode_theme,
    default_variables,
    is_color,
    load_themes,
)
from explorer.tui.app import as_theme

ROOT = Path(__file__).parents[2]


def shipped_themes(home: Path) -> dict[str, ThemeFile]:
    themes, problems = load_themes(Folders.from_environ({"API_EXPLORER_HOME": str(home)}))
    assert problems == ()
    return {theme.name: theme for theme in themes}


SHIPPED = sorted(path.stem for path in (ROOT / "themes").glob("*.toml"))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.from_environ({"API_EXPLORER_HOME": str(tmp_path)})


def variables_of(theme: ThemeFile) -> dict[str, str]:
    made = as_theme(theme)
    return {**made.to_color_system().generate(), **made.variables}


def luminance(colour: Color) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""

    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


def contrast(text: str, ground: str, variables: dict[str, str]) -> float:
    """The contrast ratio of a variable on another, 1 to 21; see-through colours lie on the background."""
    below = Color.parse(variables["background"]) + Color.parse(variables[ground])
    value = variables[text]
    if value.startswith("auto"):
        colour = below + below.get_contrast_text(int(value[5:-1]) / 100)
    else:
        colour = below + Color.parse(value)
    low, high = sorted((luminance(colour), luminance(below)))
    return (high + 0.05) / (low + 0.05)


def test_the_ratio_is_that_of_the_recommendation() -> None:
    extremes = {"background": "#000000", "white": "#ffffff", "grey": "#777777"}
    assert contrast("white", "background", extremes) == pytest.approx(21)
    assert contrast("grey", "white", extremes) == pytest.approx(4.48, abs=0.005)


TEXTS = (
    *(name for name in OWN if not name.startswith("guarded")),
    "foreground", "text", "text-muted", "foreground-muted", "foreground-disabled", "primary", "secondary", "accent",
    "success", "warning", "error", "text-primary", "text-secondary", "text-accent", "text-success", "text-warning",
    "text-error", "footer-key-foreground", "link-color", "markdown-h6-color",
)  # fmt: skip
PAIRS = (
    ("guarded-text", "guarded"),
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("input-selection-foreground", "input-selection-background"),
    ("input-cursor-foreground", "input-cursor-background"),
    ("button-foreground", "surface"),
    *(("button-color-foreground", name) for name in ("primary", "success", "warning", "error")),
    *((f"text-{name}", f"{name}-muted") for name in ("primary", "accent", "success", "warning", "error")),
    ("link-color-hover", "link-background-hover"),
)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_text_can_be_read_on_every_ground(name: str, tmp_path: Path) -> None:
    least = 7.0 if name == "high-contrast" else 4.5
    variables = variables_of(shipped_themes(tmp_path)[name])
    pairs = [(text, ground) for text in TEXTS for ground in ("background", "surface", "panel")] + list(PAIRS)
    poor = {pair: round(contrast(*pair, variables), 2) for pair in pairs if contrast(*pair, variables) < least}
    assert poor == {}


@pytest.mark.parametrize("dark", [True, False])
def test_our_defaults_can_be_read_in_the_library_s_own_themes(dark: bool) -> None:
    built_in = Theme(name="plain", primary="#0178d4", dark=dark).to_color_system().generate()
    variables = {**built_in, **default_variables(dark)}
    texts = [name for name in OWN if not name.startswith("guarded")]
    poor = {
        (text, ground): round(contrast(text, ground, variables), 2)
        for text in texts
        for ground in ("background", "surface")
        if contrast(text, ground, variables) < 4.5
    }
    assert poor == {}
    assert contrast("guarded-text", "guarded", variables) >= 4.5


def test_there_are_a_dark_a_light_and_a_high_contrast_theme(tmp_path: Path) -> None:
    themes = shipped_themes(tmp_path)
    assert set(SHIPPED) == set(themes) >= {"explorer-dark", "explorer-light", "high-contrast"}
    assert len(themes) >= 4
    assert {theme.dark for theme in themes.values()} == {True, False}
    for theme in themes.values():
        assert set(OWN) <= set(theme.variables), theme.name


@pytest.mark.parametrize("name", SHIPPED)
async def test_the_library_takes_every_shipped_theme(name: str, tmp_path: Path) -> None:
    theme = shipped_themes(tmp_path)[name]

    class Small(App[None]):
        CSS = "Label { color: $method-get; background: $guarded; } Input { color: $verdict-ok; }"

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return default_variables()

        def compose(self) -> ComposeResult:
            yield Label("GET")
            yield Input("x")
            yield Button("Send", variant="primary")
            yield Tree("t")
            yield DataTable()
            yield Footer()

    app = Small()
    async with app.run_test() as pilot:
        app.register_theme(as_theme(theme))
        app.theme = name
        await pilot.pause()
        label = app.query_one(Label)
        assert label.styles.color == Color.parse(theme.variables["method-get"])


def own(folders: Folders, name: str, text: str | bytes) -> Path:
    path = folders.config / "themes" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_theme_of_ones_own(folders: Folders) -> None:
    own(
        folders,
        "mine.toml",
        'dark = false\n[colours]\nprimary = "Dodgerblue"\n[variables]\nguarded = "rgb( 1, 2,3 )"\n',
    )
    own(folders, "over.toml", 'name = "dusk"\ntitle = "My dusk"\n[colours]\nprimary = "#ABC"\n')
    for _ in range(2):
        themes, problems = load_themes(folders)
        assert problems == ()
        named = {theme.name: theme for theme in themes}
        assert named["mine"].colours == {"primary": "dodgerblue"}
        assert named["mine"].dark is False
        assert named["dusk"].title == "My dusk"
        assert len(themes) == len(SHIPPED) + 1
    assert Color.parse(named["mine"].variables["guarded"]) == Color(1, 2, 3)


GOOD = '[colours]\nprimary = "red"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[colours]\nprimary = "red; background: blue"', ["colours.primary", "'red; background: blue'", "#1e90ff"]),
        ('[colours]\nprimary = "redd"', ["colours.primary", "did you mean 'red'"]),
        ('[colours]\nprimary = "#12"', ["colours.primary", "'#12'"]),
        ('[colours]\nprimary = "$accent"', ["colours.primary"]),
        ('[colours]\nprimary = "red\\n}"', ["colours.primary"]),
        ('[colours]\nprimary = "ansi_red"', ["colours.primary"]),
        ("[colours]\nprimary = 3", ["colours.primary", "3"]),
        ('[colours]\nprimry = "red"', ["colours.primry", "did you mean 'primary'"]),
        ('[colors]\nprimary = "red"', ["colors", "did you mean 'colours'"]),
        ('[colours]\naccent = "red"', ["colours.primary", "is missing"]),
        ("colours = 3", ["colours", "is not a table"]),
        (GOOD + '[variables]\nmethod-gte = "red"', ["variables.method-gte", "did you mean 'method-get'"]),
        (GOOD + '[variables]\nmethod-get = "auto 50%"', ["variables.method-get"]),
        (GOOD + '[variables]\nlink-style = "blinking"', ["variables.link-style", "bold underline"]),
        (GOOD + '[variables]\nlink-style = "bold; x"', ["variables.link-style"]),
        ('name = "../../x"\n' + GOOD, ["name", "lowercase letters"]),
        ("name = 3\n" + GOOD, ["name"]),
        ('title = "\\u001b[31m"\n' + GOOD, ["title"]),
        ('dark = "yes"\n' + GOOD, ["dark", "true or false"]),
        ("[colours", ["line 1", "not TOML"]),
        (b"\xff", ["UTF-8"]),
        ("", ["colours.primary"]),
    ],
)
def test_a_bad_theme_is_told_and_left_out(folders: Folders, text: str | bytes, told: list[str]) -> None:
    path = own(folders, "mine.toml", text)
    for _ in range(2):
        themes, problems = load_themes(folders)
        assert sorted(theme.name for theme in themes) == SHIPPED
        assert len(problems) == 1
        for part in (str(path), *told):
            assert part in problems[0]


def test_two_of_the_same_name_are_told(folders: Folders) -> None:
    first = own(folders, "a.toml", 'name = "same"\n' + GOOD)
    second = own(folders, "b.toml", 'name = "same"\n' + GOOD)
    problems = load_themes(folders)[1]
    assert len(problems) == 1
    assert str(first) in problems[0]
    assert str(second) in problems[0]


def test_what_we_take_for_a_colour_the_library_takes_too() -> None:
    written = [
        "#abc",
        "#abcd",
        "#aabbcc",
        "#aabbccdd",
        "rgb( 1 , 2,3 )",
        "rgba(1,2,3,0.5)",
        "hsl(10,20%,30%)",
        "hsla(1,2%,3%,0.5)",
    ]
    for text in (*NAMES, *written):
        assert is_color(text)
        Color.parse(text)
    for text in (
        "",
        "#ab",
        "#ggg",
        "rgb(1,2)",
        "rgb(1 2 3)",
        "hsl(1,2,3)",
        "red ",
        "red 50%",
        "auto",
        "transparent",
        "#abc\n",
    ):
        assert not is_color(text)


def test_every_variable_that_may_be_named_is_one(tmp_path: Path) -> None:
    known = Theme(name="x", primary="red").to_color_system().generate()
    assert set(VARIABLES) - set(OWN) - set(known) == set()
    assert len(VARIABLES) == len(set(VARIABLES))


async def test_every_variable_can_be_set_without_harm() -> None:
    lines = [f'{name} = "{"bold" if "style" in name else "#336699"}"' for name in VARIABLES]
    theme, problems = decode_theme(
        ("[colours]\nprimary = 'red'\n[variables]\n" + "\n".join(lines)).encode(), "all.toml", "all"
    )
    assert problems == []
    assert theme is not None

    class Small(App[None]):
        def compose(self) -> ComposeResult:
            yield Input("x")
            yield Button("Send", variant="primary")
            yield DataTable()
            yield Footer()

    app = Small()
    async with app.run_test() as pilot:
        app.register_theme(as_theme(theme))
        app.theme = "all"
        await pilot.pause()
        assert app.query_one(Button).display
