"""Answers of the routes that are read from disk on request: JSON with a weak ETag, 304 and gzip."""

from collections.abc import Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from aion.live.snapshot import accepts_gzip, content_tag, matches
from aion.store.document.base import Document
from aion.store.document.piece import encode
from aion.store.file import gzip_bytes

MIN_GZIP_BYTES = 1024  # below this a packet holds it either way


def told(document: Document) -> Response:
    """Return `document` as the answer to a change."""
    return Response(encode(document), media_type="application/json")


def answer(request: Request, value: Document | Mapping[str, object]) -> Response:
    """Return `value`, a document or JSON types, as the answer to a conditional GET.

    It is encoded and packed here, so call this in a worker thread.
    """
    body = encode(value) if isinstance(value, Document) else orjson.dumps(value)
    headers = {"etag": content_tag(body), "vary": "Accept-Encoding"}
    if matches(",".join(request.headers.getlist("if-none-match")), headers["etag"]):
        return Response(status_code=304, headers=headers)
    if len(body) >= MIN_GZIP_BYTES and accepts_gzip(request.headers.get("accept-encoding", "")):
        body = gzip_bytes(body, level=1)
        headers["content-encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/json")
