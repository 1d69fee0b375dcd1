"""The sign-up, sign-in and sign-out of a user on a local user pool: `make demo`, or `python -m examples.demo`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from cognito_raw import Config, Err, HttpxTransport, IdToken, Reply, Request, Result, Session, State

from .authenticator import totp
from .local_pool import RESET_CODE, SIGN_UP_CODE, CannotServe, Pool, end_on_sigterm, serve

USERNAME, EMAIL = "ada", "ada@example.com"
PASSWORD, CHANGED, RESET = "An-Engine-1843", "Analytical-1844", "Difference-1845"
HOUR = 3600
NEXT = """
Next:
  make web    the same and more in a browser: passkeys, e-mail codes, tokens that are renewed before your eyes
  make pool   a pool that stays, with users to try things on; then the examples of README.md, docs/session.md
"""


class Counting:
    """A transport that counts the requests of another one. Any object with `send` is a transport."""

    def __init__(self) -> None:
        self._inner = HttpxTransport()
        self.round_trips = 0

    def send(self, request: Request) -> Result[Reply]:
        self.round_trips += 1
        return self._inner.send(request)

    def close(self) -> None:
        self._inner.close()


class Demo:
    """Runs steps and prints their results."""

    def __init__(self) -> None:
        self.transport = Counting()
        self._number = 0
        self._news: list[IdToken | None] = []
        self.surprises: list[str] = []

    def listen(self, session: Session) -> None:
        """Print the tokens that the session's subscribers get, after the step in which they get them."""
        session.subscribe(self._news.append)

    def step(self, what: str, method: Callable[[], Result[Any]], expected: str = "Ok") -> Any:
        self._number += 1
        before, began = self.transport.round_trips, time.perf_counter()
        result = method()
        took, trips = (time.perf_counter() - began) * 1000, self.transport.round_trips - before
        outcome = f'Err "{result.reason}"' if isinstance(result, Err) else "Ok"
        print(f"{self._number:3}. {what:<48} {outcome:<38} {_plural(trips, 'round trip')}, {took:6.1f} ms")
        for token in self._news:
            print("       subscribers hear:", "the session ended" if token is None else token)
        self._news.clear()
        if (result.reason if isinstance(result, Err) else "Ok") != expected:
            self.surprises.append(f"step {self._number} should have given {expected}: {getattr(result, 'message', '')}")
        return None if isinstance(result, Err) else result.value


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def run(pool: Pool, demo: Demo) -> IdToken | None:
    """Run all steps, and return the last ID token."""
    session = Session(pool.config(), transport=demo.transport)
    demo.listen(session)
    step = demo.step

    print("\nAda registers and confirms her address.")
    step("register, password too simple", lambda: session.register(USERNAME, "simple"), "invalid-password")
    step("register", lambda: session.register(USERNAME, PASSWORD, {"email": EMAIL, "team": "engines"}))
    step("log in before confirming", lambda: session.login(USERNAME, PASSWORD), "account-unverified")
    step("confirm with a wrong code", lambda: session.confirm_registration("000000"), "code-mismatch")
    step("confirm", lambda: session.confirm_registration(SIGN_UP_CODE))

    print("\nShe logs in: SRP proves the password without sending it.")
    wrong = "incorrect-username-or-password"
    step("log in with a wrong password", lambda: session.login(USERNAME, PASSWORD + "x"), wrong)
    step("log in", lambda: session.login(USERNAME, PASSWORD))
    step("ask for the ID token, which is still fresh", session.id_token)

    print("\nNearly an hour later, in another process: the session's state was carried as JSON.")
    carried = State.from_dict(json.loads(json.dumps(session.state.to_dict())))
    session = Session(_later(pool.config()), state=carried, transport=demo.transport)
    demo.listen(session)
    step("ask for the ID token, which is refreshed first", lambda: _renewed(session))

    print("\nShe changes her password, forgets it, and sets a new one.")
    step("change the password, old one wrong", lambda: session.change_password("Wrong-1843", CHANGED), wrong)
    step("change the password", lambda: session.change_password(PASSWORD, CHANGED))
    step("ask for a reset code", lambda: session.request_password_reset(USERNAME))
    step("reset with a wrong code", lambda: session.reset_password_confirmation(RESET, "000000"), "code-mismatch")
    step("reset", lambda: session.reset_password_confirmation(RESET, RESET_CODE))
    step(
        "reset with the same code again", lambda: session.reset_password_confirmation(RESET, RESET_CODE), "code-expired"
    )
    token: IdToken | None = step("log in with the new password", lambda: session.login(USERNAME, RESET))

    print("\nShe logs out; her refresh token is revoked.")
    step("log out", session.logout)
    step("log out again", session.logout, "no-session")

    print("\nAn administrator made an account for Charles, with a password that he must replace.")
    pool.add_user("charles", "Temporary-1822", temporary=True)
    charles = Session(pool.config(), transport=demo.transport)
    step("log in", lambda: charles.login("charles", "Temporary-1822"), "new-password-challenge")
    step("answer the challenge", lambda: charles.new_password_challenge("Permanent-1823"))
    step("log out everywhere", lambda: charles.logout(everywhere=True))
    return token


def run_second_factor(pool: Pool, demo: Demo) -> None:
    """Set up an authenticator app, on a device that the pool remembers and on one that it does not know."""
    step, password = demo.step, "A-Compiler-1952"
    pool.add_user("grace", password, email="grace@example.com", email_verified="true")
    grace = Session(pool.config(), transport=demo.transport)
    print("\nGrace sets up an authenticator app. Her session confirmed this device, which the pool remembers.")
    step("log in, and confirm the device", lambda: grace.login("grace", password))
    app = step("ask for the app's secret", grace.account.enable_totp)
    if app is None:
        return
    print(app.qr_text("grace", "Demo"), end="")
    step("first code, wrong", lambda: grace.account.confirm_totp("000000"), "software-token-mfa-refused")
    step("first code", lambda: grace.account.confirm_totp(totp(app.secret)))
    step("log in here: the device stands for the app", lambda: grace.login("grace", password))
    print("\nElsewhere she needs a code.")
    phone = Session(pool.config(), transport=demo.transport)
    step("log in", lambda: phone.login("grace", password), "software-token-mfa-challenge")
    step("answer with a wrong code", lambda: phone.answer_challenge("000000"), "code-mismatch")
    step("answer with the app's code", lambda: phone.answer_challenge(totp(app.secret)))
    print("\nShe forgets the first device.")
    devices = step("list the devices", grace.account.list_devices)
    key = None if grace.state.device is None else grace.state.device.key
    step(f"forget one of {len(devices or ())}", lambda: grace.account.forget_device(key or ""))
    step("log in here: a code is needed again", lambda: grace.login("grace", password), "software-token-mfa-challenge")


def _renewed(session: Session) -> Result[IdToken]:
    with session:  # its end waits for the subscriber
        return session.id_token()


def _later(config: Config) -> Config:
    """Return the same configuration, with a clock that is nearly an hour ahead."""
    return Config(
        config.iss,
        config.client_id,
        config.client_secret,
        endpoint=config.endpoint,
        clock=lambda: time.time() + HOUR - 30,
    )


def show(token: IdToken) -> None:
    """Print the form of an ID token, without its secrets."""
    print("\nAn ID token, as the session returns it:")
    print(f"  jwt      string of {len(token.jwt)} characters, in {token.jwt.count('.') + 1} parts")
    print(f"  exp      {token.exp}  (seconds since the epoch)")
    for name, value in token.payload.items():
        print(f"  payload  {name}: {type(value).__name__}")


def main() -> int:
    """Run the demo. Return 0 if every step gave its expected result."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, help="the port of 127.0.0.1 to use; the default is a free one")
    port = parser.parse_args().port
    end_on_sigterm()
    demo = Demo()
    try:
        with serve(port, extras=True) as server:
            print(f"A local user pool listens on {server.endpoint}; it is gone when the demo ends.")
            token = run(server.pool(), demo)
            run_second_factor(server.full_pool(), demo)
    except CannotServe as error:
        print(f"The demo cannot run: {error}", file=sys.stderr)
        return 1
    finally:
        demo.transport.close()
    if token is not None:
        show(token)
        print(NEXT)
    for surprise in demo.surprises:
        print(f"Not as expected: {surprise}", file=sys.stderr)
    return 1 if demo.surprises or token is None else 0


if __name__ == "__main__":
    sys.exit(main())
