"""An image made small enough for a terminal, in a process of its own: decoders read bytes that strangers made.

    {"size", "columns", "rows", "ground"} + body ──► {"columns", "rows", "title", "problem"} + rows × columns × 3 bytes

A *row* of pixels is half a line of the terminal. Nothing is decoded of an image that has too many pixels, and the
process may use only so much memory and time.
"""

from __future__ import annotations

import json
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS: Final = 50_000_000
MAX_BYTES: Final = 32_000_000
_MEMORY: Final = 1 << 30
"""Bytes that the process may take."""
_SECONDS: Final = 5
_TOO_MANY_PIXELS: Final = f"more than {MAX_PIXELS // 1_000_000} million pixels are not drawn"
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "ICO", "TIFF")


class Pixels(NamedTuple):
    """A small image: three bytes (red, green, blue) a pixel, row by row. ``problem`` says why there is none."""

    columns: int = 0
    rows: int = 0
    title: str = ""
    """``PNG, 96 × 72 pixels``."""
    data: bytes = b""
    problem: str = ""


def make_thumbnail(body: bytes, columns: int, rows: int, ground: tuple[int, int, int]) -> Pixels:
    """*body* as an image of at most *columns* × *rows* pixels on *ground* (where it is transparent). Never raises."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return Pixels(problem="the library for images (Pillow) is not installed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(BytesIO(body), formats=FORMATS)
            title = _title(image)
            if image.width * image.height > MAX_PIXELS:
                return Pixels(title=title, problem=_TOO_MANY_PIXELS)
            return _render(image, title, columns, rows, ground)
    except Image.DecompressionBombError:
        return Pixels(problem=_TOO_MANY_PIXELS)
    except UnidentifiedImageError:
        return Pixels(problem="the image cannot be read: its header is damaged, or of a format that is not known here")
    except MemoryError:
        return Pixels(problem="the image takes too much memory")
    except Exception as error:  # noqa: BLE001 - decoders raise whatever strangers' bytes lead them to
        return Pixels(problem=f"the image cannot be read: {str(error)[:200] or type(error).__name__}")


def _title(image: Image) -> str:
    frames = int(getattr(image, "n_frames", 1))
    many = f", the first of {frames} frames" if frames > 1 else ""
    return f"{image.format}, {image.width} × {image.height} pixels{many}"


def _render(image: Image, title: str, columns: int, rows: int, ground: tuple[int, int, int]) -> Pixels:
    from PIL import Image as Images

    image.draft("RGB", (columns * 2, rows * 2))  # a JPEG is decoded small at once
    scale = min(columns / image.width, rows / image.height, 8.0)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    whole = image.convert("RGBA")
    shrinks = scale < 1
    whole = whole.resize(size, Images.Resampling.BOX if shrinks else Images.Resampling.NEAREST)
    base = Images.new("RGBA", size, (*ground, 255))
    base.alpha_composite(whole)
    return Pixels(size[0], size[1], title, base.convert("RGB").tobytes())


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Answer one request. Meant for a process of its own, which it limits first."""
    _limit_resources()
    head: dict[str, Any] = json.loads(source.readline())
    red, green, blue = head["ground"]
    made = make_thumbnail(source.read(head["size"]), head["columns"], head["rows"], (red, green, blue))
    told = {"columns": made.columns, "rows": made.rows, "title": made.title, "problem": made.problem}
    answers.write(json.dumps(told).encode() + b"\n" + made.data)
    answers.flush()


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # a system without such limits
        return
    for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _SECONDS)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
