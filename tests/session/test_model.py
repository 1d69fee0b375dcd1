"""Sessions of two users in two pools, whatever happens to them in whatever order, against a model of the service."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any, Final

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cognito_raw import Challenge, Err, Ok, State
from cognito_raw.reasons import ENDS_SESSION
from tests.support.challenge_service import CODES
from tests.support.model_service.pool import Pool, is_refresh, leaves
from tests.support.model_service.seats import (
    CODE,
    FAULTS,
    FORMS,
    LIFE,
    OPERATIONS,
    REASONS,
    RULES,
    USERS,
    WAYS,
    Life,
    Seat,
    challenged,
    goes_on,
    lacking,
    registered,
    signed_in,
    step,
)
from tests.support.model_service.world import Rules, User, World
from tests.support.modes import Mode, Sync
from tests.support.rotation import Fault

SEQUENCES: Final = int(os.environ.get("SEQUENCES", "0"))
NO_SESSION: Final = Err("no-session")
SETTINGS: Final = settings(
    max_examples=SEQUENCES or 500,
    derandomize=not SEQUENCES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
)


class Machine(RuleBasedStateMachine):
    """Whatever a program, its users, their administrator and the network may do."""

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self.mode = mode
        self.world = World()
        self.seats: list[Seat] = []

    @initialize(first=RULES, second=RULES, absent=st.sampled_from((None, None, 1, 1, 0)))
    def begin(self, first: Rules, second: Rules, absent: int | None) -> None:
        pools = (Pool(self.world, "eu-west-1", first), Pool(self.world, "us-east-1", second))
        self.seats = [Seat(self.mode, pool) for pool in pools]
        for pool in pools if absent is not None else ():
            pool.users[absent or 0].exists = False
        for seat in self.seats:
            self.sign_in_through(seat, seat.pool.users[0])

    def call(self, seat: Seat, method: str, *arguments: Any, faults: list[Fault] | None = None, **options: Any) -> Any:
        self.world.begin(faults or [])
        self.heard = len(seat.ear.told)
        result = getattr(seat.session, method)(*arguments, **options)
        self.wait_for_subscriber(seat)
        self.world.faults = []
        forgotten = {name for _, body, outcome in self.world.log if outcome == "no device" for name in leaves(body)}
        device = seat.session.state.device
        assert device is None or device.key not in forgotten, "a forgotten device is kept"
        return result

    def wait_for_subscriber(self, seat: Seat) -> None:
        if isinstance(self.mode, Sync):
            seat.session.close()

    def has_new_tokens(self, seat: Seat) -> bool:
        return any(seat.ear.told[self.heard :])

    # --- sign-up and passwords

    @step(who=USERS, form=FORMS, code=CODE, faults=FAULTS)
    def sign_up(self, seat: Seat, who: int, form: int, code: bool | None, faults: list[Fault]) -> None:
        """The registration, or its confirmation with a code, right or wrong."""
        if seat.typed is None or code is None:
            user = seat.pool.users[who]
            seat.typed = user.names[form]
            result = self.call(seat, "register", seat.typed, self.world.new("password", user), faults=faults)
            assert isinstance(result, Err) or (user.exists and not user.confirmed)
        else:
            user = seat.pool.names[seat.typed]
            result = self.call(seat, "confirm_registration", seat.pool.code(user, right=code), faults=faults)
            assert isinstance(result, Err) or (code and user.confirmed)
            self.require_name("ConfirmSignUp", seat.typed)

    @step(lacking, confirmed=st.booleans(), distracted=st.booleans(), faults=FAULTS)
    def join(self, seat: Seat, confirmed: bool, distracted: bool, faults: list[Fault]) -> None:
        """One who is not there registers, and confirms at once or later; the other forgot a password."""
        user, other = sorted(seat.pool.users, key=lambda user: user.exists)
        seat.typed = user.name
        self.call(seat, "register", user.name, self.world.new("password", user))
        if confirmed:
            self.call(seat, "confirm_registration", seat.pool.code(user, right=True), faults=faults)
        if distracted:
            seat.typed = seat.reset = other.name
            self.call(seat, "request_password_reset", other.name)

    @step(who=USERS, form=FORMS, code=CODE, faults=FAULTS)
    def reset_password(self, seat: Seat, who: int, form: int, code: bool | None, faults: list[Fault]) -> None:
        """The request, or its confirmation with a code, right or wrong."""
        name = seat.reset or seat.typed
        if name is None or code is None:
            seat.typed = seat.reset = seat.pool.users[who].names[form]
            self.call(seat, "request_password_reset", seat.typed, faults=faults)
            self.require_name("ForgotPassword", seat.typed)
        else:
            user = seat.pool.names[name]
            new, sent = self.world.new("password", user), seat.pool.code(user, right=code)
            result = self.call(seat, "reset_password_confirmation", new, sent, faults=faults)
            assert isinstance(result, Err) or (code and user.password == new)
            self.require_name("ConfirmForgotPassword", name)

    @step(signed_in, faults=FAULTS)
    def change_password(self, seat: Seat, faults: list[Fault]) -> None:
        user = seat.pool.users[0] if seat.ear.family is None else seat.ear.family.user
        old, new = user.password, self.world.new("password", user)
        result = self.call(seat, "change_password", old, new, faults=faults)
        assert isinstance(result, Err) or user.password == new
        self.note_end(seat, result)

    def require_name(self, operation: str, name: str) -> None:
        assert all(body["Username"] == name for sent, body, _ in self.world.log if sent == operation)

    # --- sign-in

    @step(who=USERS)
    def login_through(self, seat: Seat, who: int) -> None:
        self.sign_in_through(seat, seat.pool.users[who])

    @step(who=USERS, form=FORMS, way=WAYS, faults=FAULTS)
    def login(self, seat: Seat, who: int, form: int, way: Any, faults: list[Fault]) -> None:
        user = seat.pool.users[who]
        options: dict[str, Any] = {"preferred": way} if way == "EMAIL_OTP" else {"flow": way, "password": user.password}
        result = self.sign_in(seat, user, user.names[form], faults, **options)
        ready = user.exists and (user.confirmed or way == "EMAIL_OTP")
        assert faults or not ready or goes_on(result), f"a right password was no use: {result}"

    @step(registered, who=USERS, form=FORMS, faults=FAULTS | st.just(["unsent"] * 3))
    def login_after_sign_up(self, seat: Seat, who: int, form: int, faults: list[Fault]) -> None:
        """Without a password, which asks nobody where no handle is left."""
        user = seat.pool.users[who]
        name = user.names[form]
        owner, handle = seat.ear.handle or ("", "")
        sound = owner == name and handle in seat.pool.tickets and user.exists and user.confirmed
        result = self.sign_in(seat, user, name, faults)
        if result == NO_SESSION:
            assert owner != name, "a handle is lost"
            return
        if seat.ear.handle is not None and owner == name:  # it was not sent
            result = self.sign_in(seat, user, name, [])
            assert goes_on(result) or not sound, f"a handle was no use: {result}"
        assert faults or goes_on(result) or not sound, f"a handle was no use: {result}"

    def sign_in(self, seat: Seat, user: User, name: str, faults: list[Fault], **options: Any) -> Any:
        handle = seat.ear.handle
        result = self.call(seat, "login", name, faults=faults, **options)
        if result == NO_SESSION:
            return result
        seat.typed = name
        untouched = all(outcome in ("unsent", "throttled") for _, _, outcome in self.world.log)
        if handle is not None and handle[0] == name and not untouched:
            seat.ear.handle = None
        self.require_signed_in(seat, result, user)
        return result

    def sign_in_through(self, seat: Seat, user: User) -> None:
        """With the right password, and the right answer to each challenge."""
        self.sign_in(seat, user, user.name, [], password=user.password, flow="USER_PASSWORD_AUTH")
        while seat.session.challenge is not None and seat.session.challenge.session in seat.pool.tickets:
            self.reply(seat, right=True, faults=[])

    def require_signed_in(self, seat: Seat, result: Any, user: User) -> None:
        assert isinstance(result, Ok) == self.has_new_tokens(seat), f"the session heard otherwise: {result}"
        if isinstance(result, Ok):
            assert seat.ear.family is not None
            assert (result.value.jwt, user) == (seat.ear.tokens["IdToken"], seat.ear.family.user)
            assert seat.session.challenge is None
        elif result.reason.endswith("-challenge"):
            assert seat.session.challenge == result.challenge
            assert self.world.owners[result.challenge.session] is user

    @step(challenged, right=st.sampled_from((True, True, False)), faults=FAULTS)
    def answer(self, seat: Seat, right: bool, faults: list[Fault]) -> None:
        self.reply(seat, right=right, faults=faults)

    def reply(self, seat: Seat, *, right: bool, faults: list[Fault]) -> None:
        challenge: Challenge = seat.session.challenge
        handle = challenge.session or ""
        user, waits = self.world.owners[handle], handle in seat.pool.tickets
        right = right or challenge.name not in CODES
        new = seat.pool.code(user, right=right) if challenge.name in CODES else self.world.new("password", user)
        result = self.call(seat, "answer_challenge", new, faults=faults)
        self.require_signed_in(seat, result, user)
        assert right or not isinstance(result, Ok)
        ready = right and waits and user.exists and user.confirmed
        assert faults or not ready or goes_on(result), f"a right answer was no use: {result}"

    # --- tokens

    @step(signed_in, use=st.sampled_from(("id", "access")), life=LIFE, faults=FAULTS)
    def token(self, seat: Seat, use: str, life: Life, faults: list[Fault]) -> None:
        life(self.world.time)
        self.ask(seat, use, faults)

    def ask(self, seat: Seat, use: str, faults: list[Fault]) -> None:
        ear, now, end = seat.ear, seat.ear.estimate(), self.end_of(seat, use)
        before, began = ear.family, ear.expire[0] - seat.pool.rules.lasts
        sound = not faults and not ear.troubled and self.can_renew(seat)
        dated = seat.pool.rules.issued == "right" and ear.since[0] < end
        undue = before is not None and dated and now < began + 0.7 * (end - began)
        result = self.call(seat, f"{use}_token", faults=faults)
        assert not undue or (isinstance(result, Ok) and not self.world.log), "a fresh token was renewed"
        assert isinstance(result, Ok) or not sound, f"no token, and no cause: {result}"
        assert before is not None or result == Err("no-session")
        if isinstance(result, Ok):
            given = result.value.jwt if use == "id" else result.value
            assert given == ear.tokens["IdToken" if use == "id" else "AccessToken"]
            assert ear.estimate() < self.world.time.now or self.end_of(seat, use) >= self.world.time.now, (
                "the token has ended"
            )
        else:
            self.note_end(seat, result)
            assert ear.family is None or ear.estimate() > self.end_of(seat, use) - 2, "a valid token was withheld"

    def end_of(self, seat: Seat, use: str) -> int:
        expire = seat.ear.expire
        return expire[use == "access"] if seat.pool.rules.refresh_tokens else min(expire)

    def can_renew(self, seat: Seat) -> bool:
        family = seat.ear.family
        if family is None or family.heard is None or family.ended or not family.user.exists:
            return False
        rules = seat.pool.rules  # new tokens without a time of issue look ended to a clock that is ahead
        dated = rules.issued == "right" or self.world.time.ahead < min(rules.lasts, rules.access_lasts) - 2
        return dated and family.ends.get(family.heard, self.world.time.now) >= self.world.time.now

    def note_end(self, seat: Seat, result: Any) -> None:
        """Without a refresh token, a session ends with the first of its tokens."""
        if isinstance(result, Err) and result.reason == "no-session" and seat.ear.family is not None:
            assert not seat.pool.rules.refresh_tokens
            if seat.session.state.tokens is None:
                assert seat.ear.estimate() > self.end_of(seat, "id") - 2
                seat.ear.end()

    @step(signed_in, seen=st.sampled_from((None, "present", "older")), slow=st.booleans(), life=LIFE, faults=FAULTS)
    def refresh(self, seat: Seat, seen: str | None, slow: bool, life: Life, faults: list[Fault]) -> None:
        life(self.world.time)
        self.renew(seat, faults, seen=seen, slow=slow)

    def renew(self, seat: Seat, faults: list[Fault], *, seen: str | None = None, slow: bool = False) -> None:
        ear, before, present = seat.ear, seat.ear.family, seat.session.state.tokens
        known = {None: None, "present": present, "older": seat.older}[seen]
        sound = not faults and self.can_renew(seat) and (known is not present or not ear.troubled)
        seat.slow, seat.older = slow, present
        result = self.call(seat, "refresh", seen=known, faults=faults)
        seat.slow = False
        assert isinstance(result, Ok) or not sound, f"no refresh, and no cause: {result}"
        if isinstance(result, Ok):
            assert result.value.jwt == ear.tokens["IdToken"]
            assert self.has_new_tokens(seat) or (known is not None and known is not present)
        else:
            assert not self.has_new_tokens(seat), f"renewed, and told {result}"
            self.require_reason(result, ended=before is not None and ear.family is None and not slow)
            self.note_end(seat, result)
        if not isinstance(self.mode, Sync):
            self.mode.rest(500 if slow else 0)

    def require_reason(self, result: Err, *, ended: bool) -> None:
        """The reason is that of the last request."""
        sent = [outcome for operation, body, outcome in self.world.log if is_refresh(operation, body)]
        assert not ended or result.reason in ENDS_SESSION
        assert not sent or sent[-1] not in REASONS or result.reason == REASONS[sent[-1]], (result, sent)

    @step(signed_in, how=st.sampled_from(("here", "here", "everywhere", "everywhere", "unsaid")), faults=FAULTS)
    def logout(self, seat: Seat, how: str, faults: list[Fault]) -> None:
        family = seat.ear.family
        assert family is not None
        everywhere = how == "everywhere"
        result = (
            self.call(seat, "logout", everywhere=everywhere, faults=faults)
            if how != "unsaid"
            else self.call(seat, "forget")
        )
        if isinstance(result, Ok) and how != "unsaid" and family.user.exists:
            signed_out = ("GlobalSignOut", "ok") in [(operation, outcome) for operation, _, outcome in self.world.log]
            assert signed_out if everywhere else family.ended or family.heard is None, "nothing was revoked"
        if isinstance(result, Err) and seat.session.state.tokens is None and seat.ear.family is not None:
            assert result.kind != "temporary", f"forgotten after {result}"
        if isinstance(result, Ok) or seat.session.state.tokens is None:
            seat.ear.end()

    @step(signed_in, status=st.sampled_from((200, 401, 401)), switch=st.booleans())
    def ask_an_api(self, seat: Seat, status: int, switch: bool) -> None:
        """An API refuses the token, and perhaps another user signs in meanwhile."""
        family, result = seat.ear.family, self.call(seat, "id_token")
        self.note_end(seat, result)
        if family is None or isinstance(result, Err):
            return
        request = httpx.Request("GET", "https://api.example.com")
        step = self.mode.auth_flow(seat.session, request)
        sent = step(None)
        assert sent is not None
        assert self.bearer(sent) is family.user
        if switch:
            other = next(user for user in seat.pool.users if user is not family.user)
            self.sign_in_through(seat, other)
        self.world.begin([])
        again = step(httpx.Response(status, request=sent))
        self.wait_for_subscriber(seat)
        assert again is None or self.bearer(again) is family.user, "repeated with another user's token"
        if again is not None:
            step(httpx.Response(200, request=again))

    def bearer(self, request: httpx.Request) -> User:
        return self.world.owners[request.headers["Authorization"].removeprefix("Bearer ")]

    # --- what happens besides

    @rule(life=LIFE)
    def pass_time(self, life: Life) -> None:
        life(self.world.time)

    @step(life=LIFE)
    def reload(self, seat: Seat, life: Life) -> None:
        """The session goes on in another process, where the clock may be another."""
        life(self.world.time)
        seat.open(State.from_dict(json.loads(json.dumps(seat.session.state.to_dict()))))
        seat.ear.troubled = False
        if seat.ear.family is not None:
            seat.ear.reload(seat.session.state.tokens.id_token.payload.get("iat", 0))
            self.ask(seat, "id", [])

    @step(who=USERS, what=st.sampled_from(("revoke", "steal", "delete", "forget devices", "expire password")))
    def administrate(self, seat: Seat, who: int, what: str) -> None:
        """What an administrator does, or a thief."""
        user = seat.pool.users[who]
        if what == "steal" and seat.ear.family is not None:
            seat.pool.steal(seat.ear.family)
        if what in ("revoke", "delete"):
            seat.pool.revoke_all(user)
        user.exists &= what != "delete"
        user.temporary |= what == "expire password"
        if what in ("forget devices", "delete"):
            user.devices.clear()

    @step(signed_in, operations=OPERATIONS, tracks=st.booleans(), faults=FAULTS)
    def set_up(self, seat: Seat, operations: Any, tracks: bool, faults: list[Fault]) -> None:
        """The pool begins or ends to track devices, and to know the older or the newer operation of a refresh."""
        seat.pool.rules = replace(seat.pool.rules, operations=operations, tracks=tracks)
        self.renew(seat, faults)

    # --- the word of each session

    @invariant()
    def sessions_keep_their_word(self) -> None:
        assert not self.world.violations
        for seat in self.seats:
            ear, state = seat.ear, seat.session.state
            assert seat.told == ear.told
            if ear.family is None or state.tokens is None:
                assert (ear.family, state.tokens) == (None, None)
            else:
                tokens = (state.tokens.id_token.jwt, state.tokens.access_token, state.tokens.refresh_token)
                assert tokens == (ear.tokens["IdToken"], ear.tokens["AccessToken"], ear.family.heard)
            if state.device is not None:
                assert self.world.owners[state.device.key].id == state.device.username
            if state.challenge is not None:
                assert self.world.owners[state.challenge.session] is seat.pool.names[state.challenge.username]


def test_sessions_keep_their_word_and_their_users_apart(timeless: Mode) -> None:
    """In any sequence of calls, faults and accidents; with SEQUENCES in the environment, in so many random ones."""
    run_state_machine_as_test(lambda: Machine(timeless), settings=SETTINGS)  # type: ignore[arg-type]  # any maker will do
