"""Theme files as the terminal library's themes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.theme import Theme

from explorer.settings.themes import default_variables

if TYPE_CHECKING:
    from explorer.settings.themes import ThemeFile


def as_theme(file: ThemeFile) -> Theme:
    """The theme of a file whose values have been checked, with a value for each of our own variables."""
    theme = Theme(name=file.name, primary=file.colours["primary"], dark=file.dark)
    theme.variables = {**default_variables(file.dark), **file.variables}
    for name, colour in file.colours.items():
        setattr(theme, name, colour)
    return theme
