"""Sessions that share a store over a service that rotates refresh tokens, in time that the test sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from cognito_raw import Config, IdToken, Reply, Request, Result, Session, State
from cognito_raw.store import Acquired, Entry, MemoryStore
from tests.support.conversation import CLIENT_ID, ISS, NOW, Clock, answered
from tests.support.modes import Mode
from tests.support.rotation import Service

LIFE: Final = 3600


class Watched(MemoryStore):
    """Notes the calls, and fails those that are down. `before` is called before each, `saved` after a save, once."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.down: set[str] = set()
        self.before: Callable[[str], object] = lambda _: None
        self.saved: Callable[[], object] = lambda: None

    def _note(self, name: str) -> None:
        self.calls.append(name)
        self.before(name)
        if name in self.down:
            raise ConnectionRefusedError("the store is down")

    def load(self, key: str) -> Entry | None:
        self._note("load")
        return super().load(key)

    def save(self, key: str, value: bytes, *, after: int) -> int | None:
        self._note("save")
        version = super().save(key, value, after=after)
        saved, self.saved = self.saved, lambda: None
        saved()
        return version

    def acquire(self, key: str, owner: str, seconds: float) -> Acquired | None:
        self._note("acquire")
        return super().acquire(key, owner, seconds)

    def release(self, key: str, owner: str) -> None:
        self._note("release")
        super().release(key, owner)

    def tokens(self) -> Any:
        """The saved tokens of ada."""
        entry = super().load("ada")
        return None if entry is None else json.loads(entry.value)["tokens"]

    def fail(self, *names: str) -> None:
        self.down = set(names)


ALL: Final = ("load", "save", "acquire", "release")
METHODS: Final[dict[str, Callable[[Any], Any]]] = {
    "id_token": lambda session: session.id_token(),
    "access_token": lambda session: session.access_token(),
    "refresh": lambda session: session.refresh(),
    "login": lambda session: session.login("ada", "secret", flow="USER_PASSWORD_AUTH"),
    "logout": lambda session: session.logout(),
    "register": lambda session: session.register("ada", "secret"),
    "change_password": lambda session: session.change_password("old", "new"),
    "forget": lambda session: session.forget(),
}


class Wire:
    """The service for both kinds of sessions. `before` and `during` are called before and after it acts, once."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.timeouts: list[float] = []
        self.operations: list[str] = []
        self.before: Callable[[], object] = lambda: None
        self.during: Callable[[], object] = lambda: None

    def send(self, request: Request) -> Any:
        self.timeouts.append(request.timeout)
        self.operations.append(request.headers["X-Amz-Target"].rpartition(".")[2])
        before, self.before = self.before, lambda: None
        before()
        if self.operations[-1] in ("GlobalSignOut", "ForgotPassword"):
            return answered({"CodeDeliveryDetails": {}})
        reply, _ = self.service.answer(request)
        during, self.during = self.during, lambda: None
        during()
        return reply

    def as_async(self) -> Any:
        return _AsyncWire(self)


class _AsyncWire:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, request: Request) -> Result[Reply]:
        answer: Result[Reply] = self._wire.send(request)
        return answer


class World:
    """A store, a service and a clock, and the sessions of one signed-in user."""

    def __init__(self, mode: Mode, **service: Any) -> None:
        self.mode = mode
        self.clock = Clock(NOW)
        self.store = Watched()
        self.service = Service(self.clock, **service)
        self.family, self.state = self.service.sign_in()
        self.wire = Wire(self.service)
        self.config = Config(ISS, CLIENT_ID, clock=self.clock, monotonic=self.clock)

    def session(self, state: State | None = None, **options: Any) -> Any:
        """A session of ada that has loaded nothing yet."""
        options = {"config": self.config, "store": self.store, "key": "ada", **options}
        return self.mode.session(options.pop("config"), state=state, transport=self.wire, **options)

    def signed_in(self, **options: Any) -> Any:
        """A session whose state is in the store."""
        session = self.session(self.state, **options)
        session.id_token().unwrap()
        self.store.calls.clear()
        return session

    def passes(self, seconds: float) -> None:
        self.clock.now += seconds

    def overtake(self, *, save: bool = True) -> None:
        """Refresh as another process does that has lost its lease: the store has the new tokens then."""
        entry = MemoryStore.load(self.store, "ada")
        assert entry is not None
        state = State.from_dict(json.loads(entry.value))
        other = Session(self.config, state=state, transport=Wire(self.service))
        other.refresh().unwrap()
        if save:
            saved = json.dumps(other.state.to_dict()).encode()
            assert MemoryStore.save(self.store, "ada", saved, after=entry.version)


def number(token: IdToken) -> object:
    """The refresh token that came with this token."""
    return token.payload["n"]
