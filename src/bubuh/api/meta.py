"""The API about itself: `/openapi.json`, made once at start."""

from __future__ import annotations

from litestar import Response, get

from bubuh.api.reply import AnyRequest, Reply
from bubuh.edge.calls import JSON
from bubuh.edge.guards import Public


@get("/openapi.json", guards=[Public("pages")])
async def get_openapi(request: AnyRequest) -> Reply:
    """The OpenAPI 3.1 document of everything below `/v1`."""
    return Response(
        content=request.app.state.openapi,
        media_type=JSON,
        headers={"Cache-Control": "public, max-age=300"},
    )


HANDLERS = [get_openapi]
