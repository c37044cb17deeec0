"""The paths of a gateway, as a Starlette app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from streams.config.feeds import Feed, FeedsError
from streams.gateway.limits import Limits
from streams.gateway.manual import ManualEventHandler
from streams.gateway.manual_events import MANUAL_EVENTS
from streams.gateway.metrics import UNKNOWN_PATH, GatewayMetrics
from streams.gateway.openapi import openapi
from streams.gateway.requests import Endpoint, EndpointApp, RequestHandler
from streams.gateway.responses import JsonResponse, Refusal
from streams.gateway.secret_files import SecretFiles
from streams.gateway.webhooks import WebhookHandler

DOCUMENT: Final = "/openapi.json"
_RESERVED: Final = frozenset({DOCUMENT, *(f"/{name}" for name in MANUAL_EVENTS)})


def check_paths(feeds: Iterable[Feed]) -> None:
    """Raise FeedsError if a webhook has a path of the gateway itself."""
    for feed in feeds:
        if feed.webhook and feed.webhook.path in _RESERVED:
            raise FeedsError(f"feed {feed.name}: webhook path {feed.webhook.path} is the gateway's own; choose another")


def create_app(
    feeds: Iterable[Feed], tokens: SecretFiles | None, handler: RequestHandler, metrics: GatewayMetrics, limits: Limits
) -> Starlette:
    """Return the app. tokens: those for manual events; None: there are no manual events. Raises FeedsError."""
    feeds = tuple(feeds)
    routes = [*_webhook_routes(feeds, handler, limits), *(_manual_routes(tokens, handler, limits) if tokens else ())]
    document = msgspec.json.encode(openapi(feeds, has_tokens=tokens is not None))

    async def describe(_: Request) -> Response:
        return Response(document, media_type="application/json")

    async def refuse(_: Request, error: Exception) -> Response:
        response = _refusal(error).response
        metrics.count_request(UNKNOWN_PATH, response.status, 0.0)
        return _starlette_response(response)

    routes.append(Route(DOCUMENT, describe, methods=["GET"]))
    app = Starlette(routes=routes, exception_handlers={HTTPException: refuse})
    app.router.redirect_slashes = False  # vendors do not follow redirects, and OpenAPI does not describe them
    return app


def _webhook_routes(feeds: Iterable[Feed], handler: RequestHandler, limits: Limits) -> Iterable[Route]:
    """Yield a route for each feed with a webhook. Raises FeedsError if one has no secret at all."""
    for feed in feeds:
        if feed.webhook:
            webhook = WebhookHandler(feed, feed.webhook, handler, limits)
            if webhook.secrets.problem:
                raise FeedsError(f"feed {feed.name}: there is no secret: {webhook.secrets.problem}")
            yield _route(feed.webhook.path, handler, feed.name, webhook.handle)


def _manual_routes(tokens: SecretFiles, handler: RequestHandler, limits: Limits) -> Iterable[Route]:
    manual_events = ManualEventHandler(tokens, handler, limits)
    for name in MANUAL_EVENTS:
        yield _route(f"/{name}", handler, name, manual_events.endpoint(name))


def _route(path: str, handler: RequestHandler, feed: str, endpoint: Endpoint) -> Route:
    return Route(path, EndpointApp(handler, feed, endpoint), methods=["POST"])


def _refusal(error: Exception) -> Refusal:
    """Return the refusal for a request that Starlette refuses itself: an unknown path, or another method than POST."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    if status == 405:
        return Refusal(405, "this path does not support the method", "use POST", headers)
    return Refusal(404, "there is nothing at this path", f"{DOCUMENT} lists all paths", headers)


def _starlette_response(response: JsonResponse) -> Response:
    return Response(response.body, response.status, response.headers, "application/json")
