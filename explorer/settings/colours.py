"""The colours that a theme file may name, checked without the terminal library (which ends the app on a bad one)."""

from __future__ import annotations

import re
from typing import Final

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
EXPECTED: Final = 'a colour, as in "#1e90ff", "rgb(30, 144, 255)" or "dodgerblue"'
EXPECTED_STYLE: Final = 'a text style, as in "bold underline" or "none"'


def is_color(text: str) -> bool:
    """Whether *text*, in small letters, is a plain colour."""
    return text in NAMES or _HEX_OR_FUNCTION.fullmatch(text) is not None


def is_auto_color(text: str) -> bool:
    """Whether *text* is black or white as the background asks, at a share: ``auto 60%``."""
    return _AUTO.fullmatch(text) is not None


def is_style(text: str) -> bool:
    """Whether *text* is a text style."""
    words = text.split()
    return bool(words) and STYLES.issuperset(words) and words[-1] != "not"
