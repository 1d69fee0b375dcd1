"""Passkeys through a web server, in any framework: each step takes the browser's post and returns the response.

    relay = Relay(Config(iss=..., client_id=...))

    step = relay.begin_sign_in("ada")              # the page asks to sign in
    step = relay.finish_sign_in(state, posted)     # the page posts the result of navigator.credentials.get
    step = relay.begin_registration(state)         # a signed-in user wants a passkey
    step = relay.finish_registration(state, posted)

After each step, answer the browser with `step.status` and the JSON of `step.body`. Keep `step.state` instead of the
previous state. `state` is the user's session as a JSON string. It has secrets of the sign-in, and later tokens. Keep it
on the server, under the id in an HttpOnly cookie. Use a new id once the user is signed in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_raw import (
    Client,
    Config,
    Err,
    Kind,
    Ok,
    PasskeyChallenge,
    Result,
    SelectChallenge,
    Session,
    State,
    Transport,
)

STATUS: Mapping[Kind, int] = {"input": 400, "challenge": 409, "signed-out": 401, "temporary": 503, "configuration": 500}


@dataclass(frozen=True, slots=True)
class Step:
    """The response to the browser, and the state to keep."""

    status: int
    body: Mapping[str, Any]
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Relay:
    """The steps between the browsers of a site and its user pool."""

    config: Config
    transport: Transport | None = None

    def begin_registration(self, state: str) -> Step:
        """Return the options for `navigator.credentials.create`, for a signed-in user."""
        session = self._session(state)
        token = session.access_token()
        if isinstance(token, Err):
            return _refusal(session, token)
        options = self._client().start_web_authn_registration(token.value)
        return _refusal(session, options) if isinstance(options, Err) else _step(session, options=options.value)

    def finish_registration(self, state: str, posted: str) -> Step:
        """Register a passkey from its posted `toJSON()`."""
        session = self._session(state)
        token = session.access_token()
        if isinstance(token, Err):
            return _refusal(session, token)
        complete = self._client().complete_web_authn_registration
        return _answer(session, complete(token.value, posted))

    def begin_sign_in(self, username: str) -> Step:
        """Return the options for `navigator.credentials.get`, or 409 and other choices for a user without a passkey."""
        session = self._session(None)
        step = _answer(session, session.login(username, preferred="WEB_AUTHN"))
        match session.challenge:
            case PasskeyChallenge() as challenge:
                return _step(session, options=challenge.options)
            case SelectChallenge() as challenge:
                return _step(session, step.status, **step.body, choices=challenge.choices)
            case _:
                return step

    def finish_sign_in(self, state: str, posted: str) -> Step:
        """Sign the user in with an assertion's posted `toJSON()`. The new state is signed in."""
        session = self._session(state)
        if not isinstance(session.challenge, PasskeyChallenge):
            return _refusal(session, Err("no-session"))
        return _answer(session, session.answer_challenge(posted))

    def _session(self, state: str | None) -> Session:
        known = None if state is None else State.from_dict(json.loads(state))
        return Session(self.config, state=known, transport=self.transport)

    def _client(self) -> Client:
        return Client(self.config, transport=self.transport)


def _answer(session: Session, result: Result[object]) -> Step:
    return _step(session) if isinstance(result, Ok) else _refusal(session, result)


def _refusal(session: Session, err: Err) -> Step:
    """Answer with the reason. 503 is temporary, 500 is for the operator, and after 401 the user signs in again.

    409 is another challenge, and 400 is for data of the browser.
    """
    status = STATUS.get(err.kind) or (401 if session.state.tokens is None else 400)
    return _step(session, status, error=err.reason)


def _step(session: Session, status: int = 200, **body: object) -> Step:
    return Step(status, body, json.dumps(session.state.to_dict()))
