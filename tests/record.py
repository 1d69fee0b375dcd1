"""Records the journeys from the local server into fixtures/: `make record`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cognito_raw import Session
from examples.local_pool import CannotServe, Server, serve
from tests.journeys import JOURNEYS, Journey, outcome
from tests.recording import Recorder

FIXTURES = Path(__file__).parent.parent / "fixtures" / "journeys"


def record(journey: Journey, server: Server) -> dict[str, Any]:
    """One journey as its file holds it."""
    pool = journey.pool(server)
    recorder = Recorder(pool.config())
    session = Session(recorder.config(), transport=recorder)
    outcomes = [outcome(result) for result in journey.script(session)]
    recorder.close()
    return {
        "provenance": {
            "recorded_from": f"ministack {version('ministack')} on this machine, a server that checks SRP proofs",
            "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "made_by": "make record",
            "redacted": "passwords, codes, client secrets, secret hashes, sessions, tokens (their claims stay)",
        },
        "pool": {
            "iss": recorder.config().iss,
            "client_id": pool.client_id,
            "has_secret": pool.client_secret is not None,
        },
        "proof": {
            "note": "what the proofs were computed from, beside the passwords in tests/journeys.py; the pool is gone",
            "clock": recorder.clock,
            "randomness": recorder.randomness,
        },
        "outcomes": outcomes,
        "exchanges": recorder.exchanges,
    }


def main() -> int:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    try:
        with serve() as server:
            for name, journey in JOURNEYS.items():
                recording = record(journey, server)
                path = FIXTURES / f"{name}.json"
                path.write_text(json.dumps(recording, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
                print(f"{path.name}: {len(recording['exchanges'])} exchanges, {' '.join(recording['outcomes'])}")
    except CannotServe as error:
        print(f"Nothing was recorded: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
