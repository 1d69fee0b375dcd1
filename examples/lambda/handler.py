"""A Lambda function behind a function URL: sign-in over invocations, fresh tokens, and an API that checks them.

    POST /sign-in   {"username", "password"}   a cookie; or 200 with "next", "state" and what the challenge says
    POST /answer    {"state", "answer"}        the same, for the challenge's answer
    POST /token                                a fresh access token, for the cookie
    POST /sign-out                             the end, for the cookie
    GET  /me        Authorization: Bearer ...  who the caller is

Two invocations may run in different containers, so a container remembers nothing of a user. A challenge goes to the
browser and comes back, encrypted. A signed-in browser has an encrypted refresh token in its cookie.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from cognito_raw import Config, Err, IdToken, Kind, Ok, Result, Session, State, TokenVerifier

# Made once for a container. The first invocation pays for them.
CONFIG = Config(
    os.environ["COGNITO_ISS"], os.environ["COGNITO_CLIENT_ID"], endpoint=os.environ.get("COGNITO_ENDPOINT") or None
)
BOX = Fernet(os.environ["STATE_KEY"])  # of Fernet.generate_key(), from your secrets
VERIFIER = TokenVerifier(CONFIG, token_use="access", transport="standard")

CHALLENGE_LIFE = 180  # seconds, as the app client's AuthSessionValidity
COOKIE_LIFE = 30 * 86_400  # as the refresh token's
STATUS: Mapping[Kind, int] = {"input": 422, "account": 403, "signed-out": 401, "token": 401, "temporary": 503}

Event = Mapping[str, Any]
Answer = dict[str, Any]


def handler(event: Event, context: Any) -> Answer:
    """Answer one request of the function URL (payload format 2.0)."""
    called = event["requestContext"]["http"]
    route = ROUTES.get((called["method"], event["rawPath"]))
    if route is None:
        return _reply(404, error="not-found")
    # End before Lambda does, with half a second for the answer.
    return route(event, max(context.get_remaining_time_in_millis() / 1000 - 0.5, 0.1))


def sign_in(event: Event, seconds: float) -> Answer:
    """Sign in with a password."""
    asked, session = _body(event), _session()
    username, password = (str(asked.get(name, "")) for name in ("username", "password"))
    return _signed_in(session, session.within(seconds).login(username, password))


def answer(event: Event, seconds: float) -> Answer:
    """Answer the challenge that an earlier invocation, perhaps of another container, was told of."""
    asked = _body(event)
    try:
        saved = json.loads(BOX.decrypt(str(asked.get("state")), ttl=CHALLENGE_LIFE))
    except InvalidToken:  # forged, too old, or encrypted with another key
        return _reply(401, error="challenge-session-invalid")
    session = _session(State.from_dict(saved))
    return _signed_in(session, session.within(seconds).answer_challenge(str(asked.get("answer", ""))))


def token(event: Event, seconds: float) -> Answer:
    """Return a fresh access token."""
    session = _of_cookie(event)
    found = session.within(seconds).access_token()
    return _reply(200, token=found.value) if isinstance(found, Ok) else _refused(found)


def sign_out(event: Event, seconds: float) -> Answer:
    """Revoke the refresh token of the cookie, and end the cookie."""
    session = _of_cookie(event)
    ended = session.within(seconds).logout()
    if isinstance(ended, Err) and ended.kind != "signed-out":
        return _refused(ended)
    return {**_reply(200), "cookies": [_cookie("", 0)]}


def me(event: Event, seconds: float) -> Answer:
    """Tell the caller who they are."""
    scheme, _, bearer = event["headers"].get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return _reply(401, error="token-missing")
    found = VERIFIER.within(seconds).verify(bearer)
    return _reply(200, username=found.value.username) if isinstance(found, Ok) else _refused(found)


ROUTES: Mapping[tuple[str, str], Callable[[Event, float], Answer]] = {
    ("POST", "/sign-in"): sign_in,
    ("POST", "/answer"): answer,
    ("POST", "/token"): token,
    ("POST", "/sign-out"): sign_out,
    ("GET", "/me"): me,
}


def _session(state: State | None = None) -> Session:
    # No device is kept between invocations, so none is confirmed.
    return Session(CONFIG, state=state, transport="standard", remember_device=False)


def _of_cookie(event: Event) -> Session:
    cookies = SimpleCookie("; ".join(event.get("cookies", ())))
    found = cookies.get("session")
    try:
        refresh_token = BOX.decrypt(found.value).decode() if found else ""
    except InvalidToken:
        refresh_token = ""
    return Session.from_refresh_token(CONFIG, refresh_token, transport="standard")


def _signed_in(session: Session, result: Result[IdToken]) -> Answer:
    held = session.state.tokens
    if isinstance(result, Ok) and held is not None:
        sealed = BOX.encrypt((held.refresh_token or "").encode()).decode()
        return {**_reply(200, until=result.value.exp), "cookies": [_cookie(sealed, COOKIE_LIFE)]}
    if session.challenge is None or isinstance(result, Ok):
        return _refused(result if isinstance(result, Err) else Err("no-session"))
    # A challenge waits: a new one, or the same after an answer that may be corrected.
    status, said = (200, "next") if result.kind == "challenge" else (STATUS.get(result.kind, 500), "error")
    state = BOX.encrypt(json.dumps(session.state.to_dict()).encode()).decode()
    return _reply(status, **{said: result.reason, "state": state})


def _refused(err: Err) -> Answer:
    return _reply(STATUS.get(err.kind, 500), error=err.reason)


def _cookie(value: str, seconds: int) -> str:
    return f"session={value}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Strict"


def _body(event: Event) -> Mapping[str, object]:
    text = event.get("body") or ""
    try:
        found = json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reply(status: int, **body: object) -> Answer:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
