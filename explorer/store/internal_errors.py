"""What is told of a defect of this program: types and places, never a value, since any value may be a secret.

unexpected exception ─► text_of: types, files, lines, functions ─► <data>/defects/defect-N.txt
                                                                └► one sentence on the terminal
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

from explorer import __version__
from explorer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from explorer.store.folders import Folders

MAX_REPORTS: Final = 20
"""Files of defects that are kept; the oldest goes first."""
EXIT_CODE: Final = 70
"""What both shells end with; EX_SOFTWARE of BSD's ``sysexits.h``, apart from what a vendor or a user can cause."""
_DEPTH: Final = 60
"""Places of one exception that are written; of a deeper one, the innermost."""


def format_error(error: BaseException) -> str:
    """The exception, and those it came from, as types and places."""
    head = f"API Explorer {__version__}, Python {platform.python_version()}, {platform.system()}\n"
    return head + "\n".join(_chain(error)) + "\n"


def _chain(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield (
            f"\n{type(current).__module__}.{type(current).__qualname__}"
            if len(seen) == 1
            else (f"\ncame from {type(current).__module__}.{type(current).__qualname__}")
        )
        yield from _places(current.__traceback__)
        for inner in getattr(current, "exceptions", ()):
            yield f"  holds {type(inner).__module__}.{type(inner).__qualname__}"
            yield from _places(inner.__traceback__)
        wrapped = getattr(current, "error", None)  # a worker's failure carries the error that it failed with
        following = current.__cause__ or current.__context__
        current = following or (wrapped if isinstance(wrapped, BaseException) else None)


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"  {_relative_path(code.co_filename)}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return places[-_DEPTH:]


def _relative_path(file: str) -> str:
    """A file's path without what is a person's own: from the package or the library on."""
    parts = Path(file).parts
    for mark in ("site-packages", "lib"):
        if mark in parts:
            return "/".join(parts[parts.index(mark) + 1 :])
    if "explorer" in parts:
        return "/".join(parts[len(parts) - 1 - parts[::-1].index("explorer") :])
    return parts[-1] if parts else file


def write_crash_report(error: BaseException, folders: Folders) -> str:
    """Write the details into the data folder, and give the sentence for a person. Blocks."""
    from explorer.store.files import write_atomic

    text = format_error(error)
    kind = type(error).__name__
    folder = folders.data / "defects"
    try:
        path = _next(folder)
        write_atomic(path, text.encode("utf-8", "replace"))
    except (OSError, StoreError):
        return f"A defect of this program ended it ({kind}). No details could be written to {folder}:\n{text}"
    return (
        f"A defect of this program ended it ({kind}). Nothing that was kept is lost. Please report it with {path}, "
        "which names types and places in the program, and no values."
    )


def _next(folder: Path) -> Path:
    """The next free name in *folder*; files beyond those that are kept are taken away."""
    numbers = sorted(
        int(number) for one in folder.glob("defect-*.txt") if (number := one.stem.removeprefix("defect-")).isdigit()
    )
    for old in numbers[: max(0, len(numbers) - MAX_REPORTS + 1)]:
        (folder / f"defect-{old}.txt").unlink(missing_ok=True)
    return folder / f"defect-{(numbers[-1] if numbers else 0) + 1}.txt"
