"""An image above its bytes: what is drawn, what is said of those that cannot be, and that nothing hangs."""

from __future__ import annotations

import zlib
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from textual.app import App

from explorer.core.body.image_worker import make_thumbnail
from explorer.tui.body.panel import BodyPanel
from explorer.tui.body.picture import PictureView

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.app import ComposeResult
    from textual.pilot import Pilot

RED, BLUE, GROUND = (255, 0, 0), (0, 0, 255), (10, 20, 30)


def image(kind: str = "PNG", size: tuple[int, int] = (4, 4), mode: str = "RGB") -> bytes:
    """The left half red, the right half blue."""
    made = Image.new(mode, size, (*RED, 255)[: len(mode)])
    made.paste((*BLUE, 255)[: len(mode)], (size[0] // 2, 0, *size))
    out = BytesIO()
    made.save(out, kind)
    return out.getvalue()


def pixel(data: bytes, columns: int, x: int, y: int) -> tuple[int, ...]:
    at = (y * columns + x) * 3
    return tuple(data[at : at + 3])


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "WEBP"])
def test_an_image_is_made_small_with_its_colours(kind: str) -> None:
    made = make_thumbnail(image(kind, (400, 200)), 40, 40, GROUND)
    assert (made.columns, made.rows, made.problem) == (40, 20, "")
    assert made.title.startswith(f"{kind}, 400 × 200 pixels")
    left, right = pixel(made.data, 40, 3, 10), pixel(made.data, 40, 36, 10)
    assert left[0] > 240 and left[2] < 15  # noqa: PT018 - one colour
    assert right[2] > 240 and right[0] < 15  # noqa: PT018 - one colour


def test_what_is_transparent_shows_the_ground_and_small_ones_grow() -> None:
    clear = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    out = BytesIO()
    clear.save(out, "PNG")
    made = make_thumbnail(out.getvalue(), 40, 40, GROUND)
    assert (made.columns, made.rows) == (16, 16)
    assert pixel(made.data, 16, 8, 8) == GROUND


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_bomb_is_not_decoded() -> None:
    for width in (8_000, 60_000):
        made = make_thumbnail(png_of(width, width), 40, 40, GROUND)
        assert "million pixels" in made.problem
        assert made.data == b""


@pytest.mark.parametrize(
    "body", [b"", b"\x89PNG\r\n\x1a\nrubbish", image()[:60], b"%!PS-Adobe-3.0 EPSF-3.0\n", png_of(4, 4)]
)
def test_damaged_images_and_programs_are_refused_in_words(body: bytes) -> None:
    made = make_thumbnail(body, 40, 40, GROUND)
    assert made.problem
    assert made.data == b""


class _Panel(App[None]):
    def compose(self) -> ComposeResult:
        yield BodyPanel()


@asynccontextmanager
async def shown(body: bytes, content_type: str = "image/png") -> AsyncIterator[tuple[_Panel, Pilot[None]]]:
    app = _Panel()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(BodyPanel).show(body, content_type)
        for _ in range(200):
            if app.query_one(PictureView).has_class("-shown"):
                break
            await pilot.pause(0.05)
        yield app, pilot


def text(app: _Panel) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def test_it_stands_above_the_bytes_and_a_key_hides_it() -> None:
    async with shown(image("PNG", (40, 20))) as (app, pilot):
        await pilot.pause()
        assert "▀▀▀▀" in text(app)
        assert "PNG, 40 × 20 pixels" in text(app)
        assert "89 50 4e 47" in text(app)
        view = app.query_one(PictureView)
        colours = {segment.style.color.triplet for segment in view._cells(0) if segment.style and segment.style.color}
        assert {tuple(one) for one in colours if one} == {RED, BLUE}
        app.query_one(BodyPanel).view.focus()
        await pilot.press("v")
        await pilot.pause()
        assert "▀▀▀▀" not in text(app)
        await pilot.press("v")
        await pilot.pause()
        assert "▀▀▀▀" in text(app)


async def test_another_body_takes_its_place() -> None:
    async with shown(image()) as (app, pilot):
        app.query_one(BodyPanel).show(b'{"a": 1}', "application/json")
        await pilot.pause()
        assert not app.query_one(PictureView).has_class("-shown")
        assert '"a": 1' in text(app)


async def test_what_cannot_be_drawn_is_said() -> None:
    async with shown(png_of(60_000, 60_000)) as (app, pilot):
        await pilot.pause()
        assert "no preview: the image has more than 50 million pixels" in text(app)
        assert "89 50 4e 47" in text(app)
