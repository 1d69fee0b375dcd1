"""A transport that gives the same failures to sync and async callers."""

from __future__ import annotations

import time

from cognito_raw import Reply, Request, Result
from cognito_raw.testing.kit import AsyncAdapter


class Failing:
    """A transport, for sync and async, that gives these answers in turn, the last one for ever."""

    def __init__(self, *answers: Result[Reply]) -> None:
        self._answers = answers
        self.operations: list[str] = []
        self.times: list[float] = []

    def send(self, request: Request) -> Result[Reply]:
        self.operations.append(request.headers["X-Amz-Target"].rpartition(".")[2])
        self.times.append(time.monotonic())
        return self._answers[min(len(self.operations), len(self._answers)) - 1]

    def as_async(self) -> AsyncAdapter:
        return AsyncAdapter(self.send)
