"""The testing kit: record a client's requests to a real pool once, and replay them anywhere.

`Recorder` writes a redacted cassette. `Replay` answers from it and checks every request, including the SRP proof.
`Scripted` gives answers that the test defines, and `SigningKey` signs tokens. `reset` forgets what a process shares.
`check_store` and `check_async_store` hold your own store to the contract of stores. None of them needs pytest, for
which there is a plugin with the fixture `cognito_replay`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models.lazy import lazy
from .cassette import Cassette, CassetteError, Exchange
from .process import reset
from .recorder import Recorder
from .replay import Replay, ReplayMismatch
from .scripted import Broken, Refusal, Scripted, Timeout, password_verifier, tokens

if TYPE_CHECKING:
    from ..store.contract import check_async_store, check_store
    from .signing import SigningKey
else:  # hidden from type checkers, which would accept any misspelt name
    __getattr__ = lazy(__name__, {".store.contract": "check_async_store check_store", "signing": "SigningKey"})

__all__ = [
    "Broken",
    "Cassette",
    "CassetteError",
    "Exchange",
    "Recorder",
    "Refusal",
    "Replay",
    "ReplayMismatch",
    "Scripted",
    "SigningKey",
    "Timeout",
    "check_async_store",
    "check_store",
    "password_verifier",
    "reset",
    "tokens",
]
