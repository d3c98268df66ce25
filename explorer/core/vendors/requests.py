"""The request's side of the comparison: authentication, versions, bodies, paging, side effects, contradictions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from explorer.core.auth import options_of
from explorer.core.paging import style_of
from explorer.core.text.media_type import essence
from explorer.core.vendors.cell import ComparisonCell, build_cell, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.catalog.model import Endpoint, Vendor

_WRITES: Final = {"create": "creates", "update": "changes", "delete": "deletes", "order": "orders"}


def size(vendor: Vendor) -> ComparisonCell:
    """How much there is."""
    calls, inferred = vendor.endpoints.values(), [one.id for one in vendor.endpoints.values() if one.inferred]
    params = sum(len(one.params) for one in calls)
    points = [pluralize(len(calls), "call"), pluralize(params, "parameter")]
    points += [f"{len(inferred)} inferred"] if inferred else []
    groups = Counter(one.group for one in calls)
    details = [vendor.summary, "Groups: " + ", ".join(f"{name} ({count})" for name, count in groups.items())]
    return build_cell(vendor, points, details, next(iter(vendor.endpoints), ""))


def environments(vendor: Vendor) -> ComparisonCell:
    """Where it is served."""
    points = [f"{name}{' (asks first)' if one.guarded else ''}" for name, one in vendor.environments.items()]
    details = [f"{name}: {one.base_url}. {one.note}" for name, one in vendor.environments.items()]
    lines = next((one.lines for one in vendor.environments.values() if one.lines), "")
    return build_cell(vendor, points or ["no host is named"], details, lines=lines)


def auth(vendor: Vendor) -> ComparisonCell:
    """How a request proves who sends it."""
    ways = list(vendor.auth.values())
    points = [one.title or one.scheme for one in ways]
    anonymous = sum(one.auth == "none" for one in vendor.endpoints.values())
    points += [f"{pluralize(anonymous, 'call')} without"] if anonymous else []
    details = [one.note for one in ways]
    details += [f"{one.title}. {one.note}".strip() for one in vendor.credentials.values()]
    return build_cell(vendor, points, details, _first_with_auth(vendor), ways[0].lines if ways else "")


def credential_place(vendor: Vendor) -> ComparisonCell:
    """In which part of a request the proof stands."""
    points, details = [], []
    for one in vendor.auth.values():
        where, more = options_of(one).placement
        points.append(where)
        details.append(more)
    return build_cell(vendor, points, details, _first_with_auth(vendor))


def token(vendor: Vendor) -> ComparisonCell:
    """Where a token comes from."""
    sources = [options_of(auth).token_source for auth in vendor.auth.values()]
    points = [point for source in sources for point in source.points]
    details = [detail for source in sources for detail in source.details]
    endpoint = next((source.endpoint for source in reversed(sources) if source.endpoint), "")
    return build_cell(vendor, points or ["no token"], details, endpoint)


def version(vendor: Vendor) -> ComparisonCell:
    """How versions are told apart."""
    one = vendor.version
    words = {"accept": f"Accept: {one.accept}", "path": f"path: /{one.value}/", "none": "none"}
    points = [words[one.style]]
    if one.style != "accept" and one.accept:
        points.append(f"Accept: {one.accept}")
    return build_cell(vendor, points, [one.note], lines=one.lines)


def bodies(vendor: Vendor) -> ComparisonCell:
    """What goes out and what comes back."""
    calls = vendor.endpoints.values()
    sent = Counter(one.body for one in calls if one.body != "none")
    back = Counter(essence(sample.media_type) for one in calls for sample in one.samples)
    points = [f"{name} ×{count}" for name, count in sent.most_common()] or ["query only"]
    points.append("answers " + ", ".join(_short_type(name) for name, _ in back.most_common()) if back else "")
    files = [one.id for one in calls if any(param.type == "file" for param in one.params.values())]
    details = [f"Files: {', '.join(files)}." if files else "No call takes a file."]
    sending = next((one.id for one in calls if one.body != "none"), "")
    return build_cell(vendor, points, details, files[0] if files else sending)


def _short_type(media_type: str) -> str:
    return media_type.rpartition("/")[2] or media_type


def lists(vendor: Vendor) -> ComparisonCell:
    """How a parameter repeats."""
    found: dict[str, list[tuple[Endpoint, str]]] = {}
    for endpoint in vendor.endpoints.values():
        for name, param in endpoint.params.items():
            kinds = [param.repeat or "", "nested" if "." in name else ""]
            for kind in filter(None, kinds):
                found.setdefault(kind, []).append((endpoint, name))
    words = {"index": "numbered", "append": "again and again", "key": "by key", "comma": "comma list", "nested": "JSON"}
    points = [f"{words[kind]}: {places[0][1]}" for kind, places in found.items()]
    details = [
        f"{words[kind]}: {', '.join(dict.fromkeys(name for _, name in places))}." for kind, places in found.items()
    ]
    first = next(iter(found.values()))[0][0].id if found else ""
    return build_cell(vendor, points or ["none repeats"], details, first)


def paging(vendor: Vendor) -> ComparisonCell:
    """How a long list is read."""
    paged = [one for one in vendor.endpoints.values() if one.pagination]
    points, details = [], []
    for rule in vendor.pagination.values():
        style = style_of(rule)
        points.append(" and ".join(name for name in style.params if name))
        points.append(f"{style.default_size} to a page" if style.default_size else "")
        points.append("total told" if style.options.total else "total not told")
        points.append("" if style.links_are_followable else "links not to be followed")
        points.append("only when asked for" if style.opt_in else "")
        details.append(f"{rule.title}. {rule.note}".strip())
    details.append(f"Calls that page: {', '.join(one.id for one in paged)}." if paged else "")
    lines = next((one.lines for one in vendor.pagination.values() if one.lines), "")
    return build_cell(vendor, points or ["no paging"], details, paged[0].id if paged else "", lines)


def effects(vendor: Vendor) -> ComparisonCell:
    """What changes something."""
    points, details = [], []
    writing = [one for one in vendor.endpoints.values() if _strongest_effect(one) in _WRITES]
    for effect, word in _WRITES.items():
        some = [one for one in writing if _strongest_effect(one) == effect]
        if some:
            methods = ", ".join(dict.fromkeys(one.method for one in some))
            points.append(f"{word} ×{len(some)} by {methods}")
            details.append(f"{word}: {', '.join(one.id for one in some)}.")
    conditional = list(_conditional(vendor))
    details += conditional
    gravest = next((one.id for one in writing if _strongest_effect(one) == "order"), writing[0].id if writing else "")
    return build_cell(vendor, points or ["reads only"], details, gravest)


def _strongest_effect(endpoint: Endpoint) -> str:
    return endpoint.effect_when[0].effect if endpoint.effect_when else endpoint.effect


def _conditional(vendor: Vendor) -> Iterator[str]:
    for endpoint in vendor.endpoints.values():
        for when in endpoint.effect_when:
            yield f"{endpoint.id} {_WRITES.get(when.effect, when.effect)} only with {when.param}={when.equals}."


def contradictions(vendor: Vendor) -> ComparisonCell:
    """Where the document disagrees with itself."""
    own = sum(len(one.readings) for one in vendor.endpoints.values())
    total = own + len(vendor.readings)
    changing = sum(reading.changes_request for reading in vendor.readings.values())
    changing += sum(reading.changes_request for one in vendor.endpoints.values() for reading in one.readings.values())
    most = max(vendor.endpoints.values(), key=lambda one: len(one.readings), default=None)
    points = [f"{total}", f"{changing} change the request"]
    details = [
        f"{len(vendor.readings)} about every call, {own} about single ones.",
        f"Most at {most.id}: {len(most.readings)}." if most is not None and most.readings else "",
        *(reading.about for reading in list(vendor.readings.values())[:4]),
    ]
    return build_cell(vendor, points, details, most.id if most is not None else "")


def _first_with_auth(vendor: Vendor) -> str:
    calls = [one for one in vendor.endpoints.values() if one.auth != "none"]
    return next((one.id for one in calls if one.effect == "read"), calls[0].id if calls else "")
