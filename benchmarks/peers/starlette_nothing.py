"""Starlette on uvicorn that reads what is posted and answers: what the framework of the gateway does by itself."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def _taken(request: Request) -> Response:
    await request.body()
    return Response(b'{"stored":false}\n', media_type="application/json")


app = Starlette(routes=[Route("/shopify", _taken, methods=["POST"])])
