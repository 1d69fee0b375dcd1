"""Any operation of the service by its own name, for what has no method here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import Config
from ..flow import Flow, ask
from ..result import Err, Ok


def call(config: Config, operation: str, parameters: Mapping[str, object]) -> Flow[Mapping[str, Any]]:
    """Call an operation with parameters as the service's documentation spells them; gives the reply's JSON object.

    Nothing is added to the parameters: put in ClientId and SecretHash where the operation wants them.
    """
    answer = yield from ask(operation, parameters)
    return answer if isinstance(answer, Err) else Ok(answer.value.body)
