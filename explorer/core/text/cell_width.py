"""Count the terminal cells of a string (UAX 11: wide and full-width characters take two).

Accurate enough to size scrollbars and to find a window in a long line; the painting widget uses its terminal library.
Do not import ``rich`` here.
"""

from __future__ import annotations

import re

_WIDE = re.compile(
    "[\u1100-\u115f\u231a\u231b\u2329\u232a\u23e9-\u23ec\u23f0\u23f3\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3"
    "\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\U0001f300-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f900-\U0001f9ff\U00020000-\U0003fffd]"
)
_NONE = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u200b-\u200d\u20d0-\u20f0\ufe00-\ufe0f]"
)


def cells(text: str) -> int:
    """Return the number of cells of *text* (sanitized, one line)."""
    if text.isascii():
        return len(text)
    return len(text) + len(_WIDE.findall(text)) - len(_NONE.findall(text))
