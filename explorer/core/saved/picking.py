"""Values out of an answer by JMESPath: of JSON with its number tokens as they were sent, of XML below its root."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.body_value import UnreadableBody, json_text, read_body, read_raw
from explorer.core.document.filtering import Filter
from explorer.core.text.media_type import essence, is_xml

if TYPE_CHECKING:
    from explorer.core.exchange import ReceivedResponse


class PickedValue(NamedTuple):
    """A JSON value as it is written; or ``problem``, why there is none."""

    json: bytes = b""
    problem: str = ""


class ResponsePicker:
    """Picks values out of one answer, which is parsed once."""

    def __init__(self, response: ReceivedResponse) -> None:
        self._problem = ""
        self._filter: Filter | None = None
        try:
            value = read_body(response) if is_xml(essence(response.header("content-type"))) else None
            source = json_text(response) if value is None else json.dumps(value, default=read_raw).encode()
        except UnreadableBody as error:
            self._problem = str(error)
            return
        if not source.strip():
            self._problem = "the body is empty"
        else:
            self._filter = Filter("json", source)

    def pick(self, path: str) -> PickedValue:
        """What *path* gives; ``null`` where nothing is there."""
        if self._filter is None:
            return PickedValue(problem=self._problem)
        found = self._filter.run(path)
        return PickedValue(problem=found.problem) if found.problem else PickedValue(found.body)
