"""A request in which marks stand → a message with holes; only what a person chose or the vendor needs is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth import multipart
from explorer.core.export.recipe import Message, RecipePart
from explorer.core.request import ACCEPT_ENCODING, USER_AGENT, upload_of
from explorer.core.text.media_type import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx

    from explorer.core.export.marks import MarkGenerator
    from explorer.core.export.recipe import Code
    from explorer.core.form import FileRef
    from explorer.core.request import Upload

_OWN_HEADERS = {"accept-encoding": ACCEPT_ENCODING, "user-agent": USER_AGENT}
"""Headers that are this program's own business, where a person did not set them otherwise."""
_TRANSPORT = ("host", "content-length", "connection", "transfer-encoding")


def build_message(request: httpx.Request, files: Sequence[FileRef], marks: MarkGenerator) -> Message:
    """The message of *request*; *files* are the uploads of its multipart body, in order."""
    kind = request.headers.get("content-type", "")
    boundary = multipart.boundary_of(kind)
    parts: tuple[RecipePart, ...] = ()
    body = ""
    if boundary is not None and request.content:
        parts = tuple(_parts(request.content, boundary, files, marks))
    else:
        body = request.content.decode("utf-8", "surrogateescape")
    code: Code = "url" if kind.startswith(FORM) else "json" if "json" in kind else "raw"
    headers = []
    for raw_name, raw_value in request.headers.raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        low = name.lower()
        if low not in _TRANSPORT and _OWN_HEADERS.get(low) != value and not (parts and low == "content-type"):
            headers.append((name, marks.split(value)))
    url = marks.split(str(request.url), "url")
    return Message(request.method, url, tuple(headers), marks.split(body, code), parts)


def _parts(content: bytes, boundary: bytes, files: Sequence[FileRef], marks: MarkGenerator) -> Iterator[RecipePart]:
    waiting = iter(files)
    for one in multipart.split_fields(content, boundary):
        name = one.name.replace("%22", '"')
        if one.filename is None:
            yield RecipePart(name, marks.split(one.value.decode("utf-8", "surrogateescape")))
        else:
            path = next(waiting).path
            yield RecipePart(name, (), path, unread_upload(path).media_type)


def unread_upload(path: str) -> Upload:
    """The upload that a file would make, without its content."""
    return upload_of(path, b"")
