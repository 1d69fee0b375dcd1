"""The sample in a worker process. Each response names the process, and a file gets all calls of the pool."""

from __future__ import annotations

import logging
import os
from typing import Any

from examples.web.app import create_app


def create() -> Any:
    """Create the application."""
    app, calls = create_app(deadline=5.0), logging.getLogger("cognito_raw")
    calls.addHandler(logging.FileHandler(os.environ["CALLS"]))
    calls.setLevel(logging.DEBUG)

    async def named(scope: Any, receive: Any, send: Any) -> None:
        async def send_named(message: Any) -> None:
            if message["type"] == "http.response.start":
                # The next request goes to any of them.
                names = (b"worker", str(os.getpid()).encode()), (b"connection", b"close")
                message = {**message, "headers": [*message.get("headers", ()), *names]}
            await send(message)

        await app(scope, receive, send_named)

    return named
