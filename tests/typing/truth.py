"""Conditions on results, and misspelt reasons: a test takes each `pyright: ignore` away, and expects an error there.

mypy sees that what follows is not reached, and says so with `warn_unreachable` alone.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true, reportUnnecessaryComparison=true

from __future__ import annotations

from cognito_raw import Err, IdToken, Result, Session


def conditions(session: Session, result: Result[IdToken]) -> str:
    """A result is neither true nor false: a failure that counted as true would let everybody in."""
    if result:  # pyright: ignore[reportGeneralTypeIssues]  # refused
        return "in"
    if not result:  # pyright: ignore[reportGeneralTypeIssues]  # refused
        return "out"
    while session.logout():  # pyright: ignore[reportGeneralTypeIssues]  # refused
        pass
    assert session.id_token()  # pyright: ignore[reportGeneralTypeIssues]  # refused
    return "in" if session.login("ada", "An-Engine-1843") else "out"  # pyright: ignore[reportGeneralTypeIssues]  # refused


def misspelt(result: Result[IdToken]) -> str:
    """A case for a reason or a kind that there is not is never reached."""
    match result:
        case Err("code-missmatch"):  # pyright: ignore[reportUnnecessaryComparison]  # refused
            return "positional"
        case Err(reason="code-missmatch"):  # pyright: ignore[reportUnnecessaryComparison]  # refused
            return "by name"
        case Err(kind="inputs"):  # pyright: ignore[reportUnnecessaryComparison]  # refused
            return "a kind"
        case _:
            return "in"
