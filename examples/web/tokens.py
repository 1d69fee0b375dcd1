"""Tokens: their payload and life, renewed before the user's eyes, and an API that takes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cognito_raw import AsyncTokenVerifier, CognitoError, Err, Ok
from cognito_raw.auth import SessionAuth
from examples.bearer import MISSING, Refusal, bearer_token, judge

from .ask import HEADERS, Ask, page
from .visits import COOKIE, Visit, Visits

# The calls that the page offers: the end of the path, and the token that goes with it.
CALLS = {"access": ("me", "access"), "none": ("me", None), "id": ("me", "id"), "admins": ("reports", "access")}


async def tokens(ask: Ask) -> Response:
    """Show the ID token, and renew it if the user asks for it."""
    result = await (ask.session.refresh() if ask.is_post else ask.session.id_token())
    if ask.is_post and isinstance(result, Ok):
        return ask.go("/tokens", "The tokens are renewed.")
    return ask.show("tokens", result if isinstance(result, Err) else None, **_shown(ask.visit))


def _shown(visit: Visit) -> dict[str, Any]:
    """Return what the page shows, and what its script replaces."""
    held, now = visit.session.state.tokens, visit.session.config.clock()
    payload = held.id_token.payload if held else {}
    return {
        "ended": held is None,
        "payload": payload,
        "seconds": max(0, int(held.id_token.exp - now)) if held else 0,
        "life": int(payload.get("exp", 1) - payload.get("iat", 0)),
        "events": visit.data.get("events", [])[::-1],
    }


async def events(request: Request) -> Response:
    """Send the page's new contents whenever the session tells of something (server-sent events)."""
    visits: Visits = request.app.state.visits
    visit = await visits.load(visits.id_of(request.cookies.get(COOKIE, "")))
    if visit.session.state.tokens is None:
        return Response(status_code=204)  # tells the browser not to ask again
    return StreamingResponse(_stream(visits, visit), 200, HEADERS, "text/event-stream")


async def _stream(visits: Visits, visit: Visit) -> AsyncIterator[str]:
    heard: list[object] = [None]  # the page's own contents first
    visit.session.subscribe(heard.append)
    while visit.session.state.tokens is not None or heard:
        if heard:
            heard.clear()
            await visits.save(visit)
            yield f"data: {json.dumps(_shown(visit))}\n\n"
        yield ":\n\n"  # notices that the browser is gone
        await asyncio.sleep(0.5)
        await visit.session.id_token()  # renewed in time; and other processes may have changed the session


async def api(ask: Ask) -> Response:
    """Call the API below with one of the tokens, or with none, and show its answer."""
    call = ask.form["call"]
    name, use = CALLS.get(call, CALLS["none"])
    path = f"/api/{name}"
    auth = None if use is None else SessionAuth(ask.session, token="id" if use == "id" else "access")
    # The application calls itself without a network. A real program has the API's address here.
    transport = httpx.ASGITransport(ask.request.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", auth=auth) as client:
        try:
            answer = await client.get(path)
        except CognitoError as error:  # the session has no token at present
            return ask.failed(error.err, "api")
    shown = {"status": answer.status_code, "body": answer.text, "path": path}
    return ask.page("api", call=call, answer=shown, challenge=answer.headers.get("WWW-Authenticate"))


async def protected(request: Request) -> Response:
    """Tell the caller who they are. Reports are for administrators alone."""
    groups = ["admins"] if request.url.path == "/api/reports" else []
    verifier: AsyncTokenVerifier = request.app.state.verifier
    values = request.headers.getlist("Authorization")
    token = bearer_token(values[0]) if len(values) == 1 else None
    found = MISSING if token is None else judge(await verifier.verify(token), groups=groups)
    if isinstance(found, Refusal):
        return JSONResponse({"error": found.reason}, found.status, dict(found.headers))
    return JSONResponse({"sub": found.sub, "username": found.username})


ROUTES = [
    Route("/tokens", page(tokens, signed_in=True), methods=["GET", "POST"]),
    Route("/tokens/events", events),
    Route("/api", page(api, "api", signed_in=True), methods=["GET", "POST"]),
    Route("/api/me", protected),
    Route("/api/reports", protected),
]
