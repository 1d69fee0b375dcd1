"""What may be said in a call beside what must be: each parameter as a member of the call, where it is given."""

from __future__ import annotations

from collections.abc import Mapping

from ..call import require_optional_text, require_text
from ..shapes.context import AnalyticsMetadata, UserContext


def context(
    client_metadata: Mapping[str, str] | None = None,
    user_context_data: UserContext | None = None,
    analytics_metadata: AnalyticsMetadata | None = None,
) -> dict[str, object]:
    """ClientMetadata, UserContextData and AnalyticsMetadata, each only where it is given."""
    members: dict[str, object] = {}
    if client_metadata is not None:
        members["ClientMetadata"] = texts("client_metadata", client_metadata)
    if user_context_data is not None:
        members["UserContextData"] = user_context_data.to_wire()
    if analytics_metadata is not None:
        members["AnalyticsMetadata"] = analytics_metadata.to_wire()
    return members


def optional(**given: tuple[str, str | None]) -> dict[str, object]:
    """The members of texts that are not None: `optional(device_name=("DeviceName", device_name))`."""
    require_optional_text(**{name: value for name, (_, value) in given.items()})
    return {member: value for member, value in given.values() if value is not None}


def limited(name: str, member: str, count: object) -> dict[str, object]:
    """The member of a whole number that is not None; `ValueError` under the caller's name for anything else."""
    if count is None:
        return {}
    if isinstance(count, bool) or not isinstance(count, int):
        raise ValueError(f"{name} must be a whole number, not {type(count).__name__}")
    return {member: count}


def texts(name: str, given: object) -> dict[str, str]:
    """A mapping of texts, as it is given; `ValueError` names the first that is none."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} must be a mapping of texts, not {type(given).__name__}")
    for key, value in given.items():
        require_text(**{f"a key of {name}": key, f"{name}[{key!r}]": value})
    return dict(given)
