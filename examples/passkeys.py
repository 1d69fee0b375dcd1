"""Passkeys through a web server, in any framework: what the browser posts goes in, what to answer it comes out.

    relay = Relay(Config(iss=..., client_id=...))

    step = relay.begin_sign_in("ada")              # the page asks to sign in
    step = relay.finish_sign_in(state, posted)     # the page posts what navigator.credentials.get gave
    step = relay.begin_registration(state)         # a signed-in user wants a passkey
    step = relay.finish_registration(state, posted)

After each: answer the browser with `step.status` and the JSON of `step.body`, and keep `step.state` in place of the
state before. `state` is the user's session as JSON text. It holds what finishes a sign-in, and then tokens: keep it on
the server, under the id in an HttpOnly cookie, under a new id once the user is signed in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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

STATUS: Mapping[Kind, int] = {"challenge": 409, "signed-out": 401, "temporary": 503, "configuration": 500}


@dataclass(frozen=True, slots=True)
class Step:
    """The answer to the browser, and the state to keep."""

    status: int
    body: Mapping[str, Any]
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Relay:
    """The traffic between the browsers of a site and its user pool."""

    config: Config
    transport: Transport | None = None

    def begin_registration(self, state: str) -> Step:
        """The options for `navigator.credentials.create`, of a user who is signed in."""
        session = self._session(state)
        token = session.access_token()
        if isinstance(token, Err):
            return _refusal(session, token)
        options = self._client().start_web_authn_registration(token.value)
        return _refusal(session, options) if isinstance(options, Err) else _step(session, options=options.value)

    def finish_registration(self, state: str, posted: str) -> Step:
        """Registers the passkey whose `toJSON()` was posted."""
        session = self._session(state)
        token = session.access_token()
        if isinstance(token, Err):
            return _refusal(session, token)
        complete = self._client().complete_web_authn_registration
        return _told(session, lambda: complete(token.value, posted), "credential-malformed")

    def begin_sign_in(self, username: str) -> Step:
        """The options for `navigator.credentials.get`; 409 and the other ways for a user without a passkey."""
        session = self._session(None)
        step = _told(session, lambda: session.login(username, preferred="WEB_AUTHN"), "username-malformed")
        match session.challenge:
            case PasskeyChallenge() as challenge:
                return _step(session, options=challenge.options)
            case SelectChallenge() as challenge:
                return _step(session, step.status, **step.body, choices=challenge.choices)
            case _:
                return step

    def finish_sign_in(self, state: str, posted: str) -> Step:
        """Signs the user in with the assertion whose `toJSON()` was posted; from then on the state is signed in."""
        session = self._session(state)
        if not isinstance(session.challenge, PasskeyChallenge):
            return _refusal(session, Err("no-session"))
        return _told(session, lambda: session.answer_challenge(posted), "credential-malformed")

    def _session(self, state: str | None) -> Session:
        known = None if state is None else State.from_dict(json.loads(state))
        return Session(self.config, state=known, transport=self.transport)

    def _client(self) -> Client:
        return Client(self.config, transport=self.transport)


def _told(session: Session, send: Callable[[], Result[object]], malformed: str) -> Step:
    """Send what the browser posted, and answer it. The library raises if it is malformed: the browser's mistake."""
    try:
        result = send()
    except ValueError:
        return _step(session, 400, error=malformed)
    return _step(session) if isinstance(result, Ok) else _refusal(session, result)


def _refusal(session: Session, err: Err) -> Step:
    """Answer with the reason: 503 may pass, 500 is for the operator, and after 401 the user signs in again.

    409 is another challenge that waits, and 400 what the browser sent.
    """
    status = STATUS.get(err.kind) or (401 if session.state.tokens is None else 400)
    return _step(session, status, error=err.reason)


def _step(session: Session, status: int = 200, **body: object) -> Step:
    return Step(status, body, json.dumps(session.state.to_dict()))
