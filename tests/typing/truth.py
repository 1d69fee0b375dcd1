"""Conditions on results, which pyright refuses: a test takes each `pyright: ignore` away, and expects an error there.

mypy sees that what follows is not reached, and says so with `warn_unreachable` alone.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from cognito_raw import IdToken, Result, Session


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
