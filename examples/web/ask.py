"""One request to a page: its visit, its form, and the responses that a handler can give."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cognito_raw import AsyncSession, Err, Result

from .visits import COOKIE, Visit, Visits
from .words import STATUS, field_of, words

MOST_BYTES = 64 * 1024
HEADERS = {
    "Cache-Control": "no-store",  # so that the back button shows nobody's pages after a sign-out
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

Endpoint = Callable[[Request], Awaitable[Response]]
_pages = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True)
_pages.filters["clock"] = lambda at: time.strftime("%H:%M:%S", time.localtime(at))
_pages.filters["when"] = lambda at: at.astimezone().strftime("%d %b %Y, %H:%M") if at else "—"


@dataclass
class Ask:
    """A request, with what its handler needs."""

    request: Request
    visits: Visits
    visit: Visit
    form: Mapping[str, str]
    is_over: bool = False  # whether the pool takes the session's tokens no more

    @property
    def session(self) -> AsyncSession:
        """The session of this browser's user."""
        return self.visit.session

    @property
    def is_post(self) -> bool:
        """Whether the form was sent."""
        return self.request.method == "POST"

    def page(self, name: str, status: int = 200, **context: Any) -> Response:
        """Return a page, with the messages that wait for it."""
        known = {
            "name": name,
            "path": self.request.url.path,
            "form": self.form,
            "form_token": self.visits.form_token(self.visit),
            "user": self.session.state.username if self.session.state.tokens else None,
            "note": self.visit.data.pop("note", None),
            "errors": {},
        }
        return HTMLResponse(_pages.get_template(f"{name}.html").render(known | context), status, HEADERS)

    def go(self, path: str, note: str | None = None) -> Response:
        """Send the browser to another page, which shows the note."""
        if note:
            self.visit.data["note"] = note
        return RedirectResponse(path, 303, HEADERS)

    def show(self, name: str, err: Err | None, **context: Any) -> Response:
        """Return a page, with a failure if there is one."""
        return self.page(name, **context) if err is None else self.failed(err, name, **context)

    def done(self, result: Result[object], name: str, path: str, note: str, **context: Any) -> Response:
        """Send the browser on, or show the page with the failure."""
        return self.failed(result, name, **context) if isinstance(result, Err) else self.go(path, note)

    def failed(self, err: Err, name: str, **context: Any) -> Response:
        """Return the same page with the failure in words, or send the browser to where it can be mended."""
        if err.kind == "challenge":
            return self.go("/challenge")
        if err.reason == "account-unverified":
            return self.go("/confirm", words(err))
        if err.kind == "signed-out" and name != "login":
            self.is_over = True
            return self.go("/login", words(err))
        errors = {field_of(err, self.form): words(err)}
        return self.page(name, STATUS.get(err.kind, 500), errors=errors, reason=err.reason, **context)


def page(handler: Callable[[Ask], Awaitable[Response]], blank: str = "", *, signed_in: bool = False) -> Endpoint:
    """Return the endpoint of a page: it loads the visit, checks the form, saves the visit and sets its cookie.

    blank: the page with the blank form, which the handler takes. signed_in: whether it is for signed-in users alone.
    """

    async def endpoint(request: Request) -> Response:
        visits: Visits = request.app.state.visits
        form = await _form(request)
        async with visits.visit(request.cookies.get(COOKIE, ""), alone=request.method == "POST") as visit:
            ask = Ask(request, visits, visit, form)
            if ask.is_post and not visits.is_form_token(visit, form.get("form_token", "")):
                # Another site's form comes without the cookie. A new one would take the place of the user's.
                return ask.page("refused", 403)
            if signed_in and visit.session.state.tokens is None:
                visit.data["next"] = "/" if ask.is_post else request.url.path
                response = ask.go("/login", words(visit.found) if isinstance(visit.found, Err) else None)
            else:
                response = ask.page(blank) if blank and not ask.is_post else await handler(ask)
            if ask.is_over:
                await visit.session.forget()
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, visits.cookie(visit), httponly=True, samesite="lax", secure=secure)
        return response

    return endpoint


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return {}  # without its token, the form is refused
    return defaultdict(str, parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
