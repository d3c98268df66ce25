"""Thumbnails for the terminal, decoded in a separate process because image bytes are untrusted.

    {"size", "columns", "rows", "ground"} + body ──► {"columns", "rows", "title", "problem"} + rows × columns × 3 bytes

Two rows of pixels make one line of the terminal. Images with too many pixels are not decoded, and the process has a
limit on memory and CPU time.
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
"""Memory limit of the process, in bytes."""
_SECONDS: Final = 5
"""CPU time limit of the process."""
_TOO_MANY_PIXELS: Final = f"the image has more than {MAX_PIXELS // 1_000_000} million pixels"
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "ICO", "TIFF")


class Pixels(NamedTuple):
    """Thumbnail with three bytes (red, green, blue) per pixel, row by row; or the ``problem`` that prevents it."""

    columns: int = 0
    rows: int = 0
    title: str = ""
    """``PNG, 96 × 72 pixels``."""
    data: bytes = b""
    problem: str = ""


def make_thumbnail(body: bytes, columns: int, rows: int, ground: tuple[int, int, int]) -> Pixels:
    """Scale *body* to at most *columns* × *rows* pixels; transparent pixels become *ground*. Never raises."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return Pixels(problem="the image library (Pillow) is not installed")
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
        return Pixels(problem="the image is damaged, or its format is not supported")
    except MemoryError:
        return Pixels(problem="the image needs too much memory")
    except Exception as error:  # noqa: BLE001 - decoders raise anything on untrusted bytes
        return Pixels(problem=f"the image cannot be decoded: {str(error)[:200] or type(error).__name__}")


def _title(image: Image) -> str:
    frames = int(getattr(image, "n_frames", 1))
    animation = f", the first of {frames} frames" if frames > 1 else ""
    return f"{image.format}, {image.width} × {image.height} pixels{animation}"


def _render(image: Image, title: str, columns: int, rows: int, ground: tuple[int, int, int]) -> Pixels:
    from PIL import Image as Images

    image.draft("RGB", (columns * 2, rows * 2))  # scales a JPEG while decoding it
    scale = min(columns / image.width, rows / image.height, 8.0)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    resampling = Images.Resampling.BOX if scale < 1 else Images.Resampling.NEAREST
    canvas = Images.new("RGBA", size, (*ground, 255))
    canvas.alpha_composite(image.convert("RGBA").resize(size, resampling))
    return Pixels(size[0], size[1], title, canvas.convert("RGB").tobytes())


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Answer one request, after limiting the resources of this process."""
    _limit_resources()
    head: dict[str, Any] = json.loads(source.readline())
    red, green, blue = head["ground"]
    pixels = make_thumbnail(source.read(head["size"]), head["columns"], head["rows"], (red, green, blue))
    answer = {"columns": pixels.columns, "rows": pixels.rows, "title": pixels.title, "problem": pixels.problem}
    answers.write(json.dumps(answer).encode() + b"\n" + pixels.data)
    answers.flush()


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # not available on this system
        return
    for kind, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CPU, _SECONDS)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
