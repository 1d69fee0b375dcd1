"""A sample of the matrix: every fault over every transport, against a few of the methods. `make faults` plays all."""

from __future__ import annotations

import pytest

from cognito_raw import AsyncClient, AsyncSession, Client, Session
from cognito_raw.session.account import Account, AsyncAccount
from tests.faults.matrix import COLUMNS, FAULTS, Column, Fault, play
from tests.faults.methods import ACCOUNT, CLIENT, METHODS, SESSION

# So many methods apart are those of one cell, and each cell begins with another.
STEP = 23
# These send nothing.
SILENT = {
    "close",
    "aclose",
    "within",
    "subscribe",
    "state",
    "challenge",
    "from_tokens",
    "from_refresh_token",
    "account",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_fault_leaves_the_laws_standing(fault: Fault, column: Column) -> None:
    """Nothing raises, every method returns in time, nothing goes twice that must not, and nothing is left."""
    offset = FAULTS.index(fault) * len(COLUMNS) + COLUMNS.index(column)
    verdicts = play(fault, column, METHODS[offset % STEP :: STEP])
    assert not [verdict for verdict in verdicts if verdict.broken]


@pytest.mark.parametrize(
    "kinds",
    [(Session, Account, Client), (AsyncSession, AsyncAccount, AsyncClient)],
    ids=["sync", "async"],
)
def test_every_public_method_is_in_the_matrix(kinds: tuple[type, ...]) -> None:
    """But for those that send nothing."""
    for kind, methods in zip(kinds, (SESSION, ACCOUNT, CLIENT), strict=True):
        public = {name for name in dir(kind) if not name.startswith("_")} - SILENT
        assert {method.public_name.removeprefix("account.") for method in methods} == public


def test_the_matrix_has_no_row_twice() -> None:
    """Each fault is known by its name."""
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 40
