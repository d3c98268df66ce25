"""Which readings of the documents the sandbox follows; may be changed while it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from explorer.core.catalog import Catalog, Reading


class ServedCatalog:
    """The catalog that is served and the choices in place of its defaults, by ``vendor.reading`` and
    ``vendor.endpoint.reading``. Set from any thread; the server looks at ``turn``, which grows with every change."""

    def __init__(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        check_readings(catalog, readings)
        self.turn = 1
        self._now = (catalog, dict(readings))

    @property
    def catalog(self) -> Catalog:
        """The catalog that is served."""
        return self._now[0]

    @property
    def readings(self) -> Mapping[str, str]:
        """The choices in place of the defaults."""
        return self._now[1]

    def set(self, catalog: Catalog, readings: Mapping[str, str]) -> None:
        """Serve *catalog* under *readings* from the next request on; records and tokens stay.

        Raises:
            UnknownName: a reading or a choice that the catalog has not; nothing is changed.
        """
        check_readings(catalog, readings)
        self._now = (catalog, dict(readings))
        self.turn += 1


def check_readings(catalog: Catalog, readings: Mapping[str, str]) -> None:
    """See that every reading and choice is the catalog's.

    Raises:
        UnknownName: one is not.
    """
    known: dict[str, Reading] = {}
    for vendor in catalog.vendors.values():
        known.update({f"{vendor.id}.{key}": reading for key, reading in vendor.readings.items()})
        for endpoint in vendor.endpoints.values():
            known.update({f"{vendor.id}.{endpoint.id}.{key}": one for key, one in endpoint.readings.items()})
    for key, choice in readings.items():
        if key not in known:
            raise UnknownName("reading", key, known)
        if choice not in known[key].choices:
            raise UnknownName(f"choice of reading {key}", choice, known[key].choices)
