"""The testing kit: record what a client does against a real pool once, replay it anywhere.

`Recorder` writes a cassette, redacted; `Replay` answers from it and checks every request, the SRP proof included;
`Scripted` answers what a test writes itself. Each serves sync and async clients. None of them needs pytest, for which
there is a plugin with the fixture `cognito_replay`.
"""

from .cassette import Cassette, CassetteError, Exchange
from .recorder import Recorder
from .replay import Replay, ReplayMismatch
from .scripted import Broken, Refusal, Scripted, Timeout, password_verifier, tokens

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
    "Timeout",
    "password_verifier",
    "tokens",
]
