"""The paths of a gateway, put together as a Starlette app."""

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
from streams.gateway.manual import ManualEvents
from streams.gateway.manual_events import SPOKEN
from streams.gateway.metrics import NOBODY, GatewayMetrics
from streams.gateway.openapi import openapi
from streams.gateway.requests import App, RequestHandler
from streams.gateway.responses import JsonResponse, Refusal
from streams.gateway.secret_files import SecretFiles
from streams.gateway.webhooks import WebhookHandler

DOCUMENT: Final = "/openapi.json"
_OURS: Final = frozenset({DOCUMENT, *(f"/{name}" for name in SPOKEN)})


def check_paths(feeds: Iterable[Feed]) -> None:
    """Raise FeedsError where a webhook is posted to a path of our own."""
    for feed in feeds:
        if feed.webhook and feed.webhook.path in _OURS:
            raise FeedsError(f"feed {feed.name}: webhook path {feed.webhook.path} is the gateway's own; choose another")


def hooks_of(feeds: Iterable[Feed], desk: RequestHandler, limits: Limits) -> list[tuple[Feed, WebhookHandler]]:
    """Whoever takes the webhooks of each feed that has one. Raises FeedsError where one has no secret at all."""
    found = [(feed, WebhookHandler(feed, feed.webhook, desk, limits)) for feed in feeds if feed.webhook]
    for feed, hook in found:
        if hook.secrets.trouble:
            raise FeedsError(f"feed {feed.name}: there is no secret: {hook.secrets.trouble}")
    return found


def service(
    feeds: Iterable[Feed], tokens: SecretFiles | None, desk: RequestHandler, meters: GatewayMetrics, limits: Limits
) -> Starlette:
    """The app. tokens: of whom may post by hand; without, nobody may. Raises FeedsError."""
    feeds = tuple(feeds)
    hooks = hooks_of(feeds, desk, limits)
    routes = [
        Route(feed.webhook.path, App(desk, feed.name, hook.take), methods=["POST"])
        for feed, hook in hooks
        if feed.webhook
    ]
    if tokens is not None:
        counter = ManualEvents(tokens, desk, limits)
        routes += [Route(f"/{name}", App(desk, name, counter.takes(name)), methods=["POST"]) for name in SPOKEN]
    document = msgspec.json.encode(openapi(feeds, takes_spoken=tokens is not None))

    async def described(_: Request) -> Response:
        return Response(document, media_type="application/json")

    async def refused(request: Request, error: Exception) -> Response:
        answer = _refusal(error, [route.path for route in routes]).answer
        meters.answered(NOBODY, answer.status, 0.0)
        return _response(answer)

    routes.append(Route(DOCUMENT, described, methods=["GET"]))
    app = Starlette(routes=routes, exception_handlers={HTTPException: refused})
    app.router.redirect_slashes = False  # a vendor would not follow, and a 3xx is none of our answers
    return app


def _refusal(error: Exception, paths: Iterable[str]) -> Refusal:
    """What Starlette refuses by itself: a path that is not there, or a method that is not its."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    if status == 405:
        return Refusal(405, "nothing is done here by this method", "use POST", headers)
    return Refusal(404, "there is nothing at this path", f"{DOCUMENT} says what there is", headers)


def _response(answer: JsonResponse) -> Response:
    return Response(answer.body, answer.status, answer.headers, "application/json")
