"""What every registered paging style keeps: the page after, before, first, last and of a number; where it ends; what is
known of the total; and all pages fetched from what its own sandbox side slices. A style is one object and one
registration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from explorer.core.paging import PAGING_STYLES, PageInfo, PageSlice, Style
from explorer.core.paging.base import Numbered, NumberedOptions, count_records, parse_whole_number
from explorer.core.text.json_path import put_at
from explorer.core.vendor_comparison import paging
from explorer.errors import CatalogError, UsageError
from explorer.store.catalogs import decode
from tests.conftest import ROOT
from tests.session.world import Query, Reply, all_of, ids, world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from explorer.core.text.url_pairs import Pairs
    from explorer.core.vendor_comparison import ComparisonCell

URL: Final = "https://shop.example/items"
SIZE: Final = 7
RECORDS: Final = [{"id": number} for number in range(45)]
KEPT: Final[Pairs] = (("filter[brands][]", "a b"), ("sort", "-name"))
styles = pytest.mark.parametrize("name", list(PAGING_STYLES))


class ToyOptions(NumberedOptions, frozen=True, kw_only=True):
    """Options of the style of this test."""

    page_param: str = "leaf"
    size_param: str = "leaf_size"
    default_size: int = 9


class Toy(Numbered[ToyOptions]):
    """A page says its number and whether there is more."""

    name = "toy"
    options_type = ToyOptions

    def page_info(self, values: Mapping[str, str], body: Any) -> PageInfo:
        number = parse_whole_number(values.get(self.options.page_param)) or 1
        more = isinstance(body, dict) and body.get("more") is True
        size = self.requested_size(values) or self.options.default_size
        return PageInfo(number, size, None, None, more, number > 1, count_records(body, self.options.items) or 0)

    def next_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        return self.at(query, (info.number or 1) + 1) if info.has_next else None

    def previous_params(self, query: Sequence[tuple[str, str]], body: Any) -> Pairs | None:
        info = self.page_info(dict(query), body)
        return self.at(query, (info.number or 1) - 1) if info.has_previous else None

    def slice(self, query: Mapping[str, str], records: Sequence[Any], url: str) -> PageSlice:  # noqa: ARG002 - the base class's
        size = self.requested_size(query) or self.options.default_size
        text = query.get(self.options.page_param, "1")
        if not text.isdecimal() or text == "0":
            return PageSlice(problem=f"{self.options.page_param} is no page", problem_param=self.options.page_param)
        start = (int(text) - 1) * size
        return PageSlice(tuple(records[start : start + size]), {"more": start + size < len(records)})


@pytest.fixture
def toy() -> Iterator[str]:
    with PAGING_STYLES.added(Toy.name, Toy):
        yield Toy.name


def style_of_defaults(name: str) -> Style:
    return PAGING_STYLES[name].from_options({})


def first_query(style: Style) -> Pairs:
    """The query of the first page, of a size of our own where the style has one."""
    size = style.params[1]
    return style.first_params((*KEPT, (size, str(SIZE))) if size else KEPT)


def body_of(style: Style, query: Sequence[tuple[str, str]], records: Sequence[Any] = RECORDS) -> Any:
    """What the sandbox answers."""
    cut = style.slice(dict(query), records, URL)
    assert (cut.problem, cut.wanted) == ("", True)
    return json.loads(json.dumps(put_at({}, style.options.items, list(cut.records)) | cut.envelope))


def walked(style: Style) -> list[tuple[Pairs, Any]]:
    """Query and body of every page, from the first on."""
    pages: list[tuple[Pairs, Any]] = []
    query: Pairs | None = first_query(style)
    while query is not None:
        assert len(pages) < len(RECORDS)
        pages.append((query, body_of(style, query)))
        query = style.next_params(*pages[-1])
    return pages


# --- pages -----------------------------------------------------------------------------------------------------------


def check_pages(style: Style) -> None:
    pages = walked(style)
    shown = [record for _, body in pages for record in body[style.options.items]]
    assert shown == RECORDS
    for number, (query, body) in enumerate(pages, style.first_number):
        assert query[: len(KEPT)] == KEPT
        info = style.page_info(dict(query), body)
        assert (info.number, info.records) == (number, len(body[style.options.items]))
        assert info.has_previous == (number > style.first_number)
        assert dict(style.goto_params(query, number, body)) == dict(query)
        before = style.previous_params(query, body)
        assert (None if before is None else dict(before)) == (
            dict(pages[number - style.first_number - 1][0]) if number > style.first_number else None
        )
    last = style.page_info(dict(pages[-1][0]), pages[-1][1])
    assert (last.has_next, last.certain) == (False, True)
    with pytest.raises(UsageError, match="does not exist"):
        style.goto_params(pages[0][0], style.first_number - 1, pages[0][1])


def check_total(style: Style) -> None:
    """A total is told only where the response has one; then the last page can be gone to."""
    query = first_query(style)
    body = body_of(style, query)
    info = style.page_info(dict(query), body)
    assert info.total == (len(RECORDS) if style.options.total else None)
    last = style.last_params(query, body)
    if info.pages is None:
        assert last is None
    else:
        assert last is not None
        assert style.next_params(last, body_of(style, last)) is None
        with pytest.raises(UsageError, match="does not exist"):
            style.goto_params(query, style.first_number + info.pages, body)
    silent = put_at({}, style.options.items, RECORDS[:SIZE])
    assert style.page_info(dict(query), silent).total is None
    bodies: tuple[Any, ...] = (None, {}, [], "text", {"error": "x"})
    for nothing in bodies:
        assert style.next_params(query, nothing) is None


def check_slice(style: Style) -> None:
    """The sandbox cuts what is asked for, names the parameter that is wrong, and pages when it is told to."""
    place, size = style.params
    query = dict(first_query(style))
    wrong = style.slice({**query, place: "x"}, RECORDS, URL)
    assert (wrong.problem_param, wrong.records) == (place, ())
    assert place in wrong.problem
    bare = style.slice({}, RECORDS, URL)
    assert bare.wanted != (style.opt_in and not bare.envelope)
    if style.default_size and bare.wanted:
        assert len(bare.records) == style.default_size
    if size and not style.opt_in:
        assert len(style.slice({size: "3"}, RECORDS, URL).records) == 3
    assert style.slice(style.opted_in(query), RECORDS, URL) == style.slice(query, RECORDS, URL)


checks = pytest.mark.parametrize("check", [check_pages, check_total, check_slice])


@styles
@checks
def test_a_style_turns_its_pages(name: str, check: Any) -> None:
    check(style_of_defaults(name))


# --- through the catalog, the session and the wire -------------------------------------------------------------------


def catalog_of(name: str, **options: Any) -> dict[str, Any]:
    style = PAGING_STYLES[name].from_options({})
    endpoint = {
        "title": "List",
        "group": "G",
        "path": "/items",
        "pagination": "pages",
        "params": {param: {"in": "query", "type": "integer"} for param in style.params if param},
    }
    shop = {
        "title": "Shop",
        "pagination": {"pages": {"style": name, "title": "By pages", "options": options}},
        "verdict": {"error": "error"},
        "endpoints": {"list": endpoint},
    }
    return {"vendors": {"shop": shop}}


async def check_collected(name: str, environ: Mapping[str, str]) -> None:
    """Every record comes once; several pages at once where the first tells how many there are."""
    style = style_of_defaults(name)

    def answer(query: Query) -> Reply:
        return 200, {}, json.dumps(body_of(style, tuple(query.items()))).encode()

    query = style.first_params(((style.params[1], str(SIZE)),) if style.params[1] else ())
    pages = style.page_info(dict(query), body_of(style, query)).pages
    async with world(environ, answer, catalog=catalog_of(name)) as here:
        collector = here.collector(here.call("list", **dict(query)), at_once=3)
        plan = await collector.plan()
        assert (plan.calls, plan.concurrency) == (pages, 1 if pages is None else 3)
        assert ids(await all_of(collector)) == list(range(len(RECORDS)))
        assert (collector.state, collector.findings, collector.verdict.outcome) == ("done", (), "OK")


async def check_circle(name: str, environ: Mapping[str, str]) -> None:
    """A vendor that gives the first page for ever is left, and it is said."""
    style = style_of_defaults(name)
    query = style.first_params(((style.params[1], str(SIZE)),) if style.params[1] else ())
    body = body_of(style, query)
    async with world(environ, lambda _: (200, {}, json.dumps(body).encode()), catalog=catalog_of(name)) as here:
        collector = here.collector(here.call("list", **dict(query)))
        await all_of(collector)
        pages = style.page_info(dict(query), body).pages or 2
        assert len(here.asked) <= pages
        assert collector.state == "done"
        assert collector.findings


def check_catalog(name: str) -> None:
    """A catalog may name it, with its own options alone; the comparison of vendors says how it pages."""
    vendor = decode(catalog_of(name), "test").vendors["shop"]
    style = style_of_defaults(name)
    cell: ComparisonCell = paging(vendor)
    text = " ".join(str(point) for point in cell.points)
    assert all(param in text for param in style.params)
    assert ("opt-in" in text) == style.opt_in
    with pytest.raises(CatalogError, match="nonsense"):
        decode(catalog_of(name, nonsense=1), "test")


@styles
async def test_all_pages_are_fetched(name: str, environ: Mapping[str, str]) -> None:
    await check_collected(name, environ)


@styles
async def test_a_vendor_that_does_not_turn_pages_is_left(name: str, environ: Mapping[str, str]) -> None:
    await check_circle(name, environ)


@styles
def test_a_catalog_names_it(name: str) -> None:
    check_catalog(name)
    assert f"| `{name}` |" in (ROOT / "docs" / "CATALOG.md").read_text("utf-8")


# --- one object and one registration ---------------------------------------------------------------------------------


@checks
def test_a_style_that_is_registered_turns_its_pages(toy: str, check: Any) -> None:
    check(style_of_defaults(toy))


async def test_a_style_that_is_registered_is_fetched_and_named(toy: str, environ: Mapping[str, str]) -> None:
    await check_collected(toy, environ)
    await check_circle(toy, environ)
    check_catalog(toy)


def test_a_style_that_is_not_registered_is_unknown_to_a_catalog() -> None:
    with PAGING_STYLES.added(Toy.name, Toy):
        table = catalog_of(Toy.name)
        with pytest.raises(ValueError, match="toy"), PAGING_STYLES.added(Toy.name, Toy):
            pass
    with pytest.raises(CatalogError, match="toy"):
        decode(table, "test")
