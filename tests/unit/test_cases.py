"""A table of cases runs all of them, and each failure is told by its name."""

from __future__ import annotations

import pytest

from tests.support.cases import each_case


def test_all_cases_run_and_all_failures_are_shown() -> None:
    """An exception and a failure of pytest's own end one case, not the table."""
    seen: list[tuple[int, str]] = []

    @each_case(("number", "word"), [(1, "a"), pytest.param(2, "b", id="two"), (3, "c")])
    def table(number: int, word: str) -> None:
        seen.append((number, word))
        if number == 2:
            pytest.fail("it is two")
        assert number == 1

    with pytest.raises(BaseExceptionGroup, match="2 of 3 cases fail") as caught:
        table()
    assert seen == [(1, "a"), (2, "b"), (3, "c")]
    assert [failure.__notes__ for failure in caught.value.exceptions] == [
        ["in the case two"],
        ["in the case (3, 'c')"],
    ]


@each_case("word", ["a", "b"], ids=["first", "second"])
@each_case("number", [1, 2], ids=str)
def test_a_table_may_use_fixtures_and_be_a_product(number: int, word: str, request: pytest.FixtureRequest) -> None:
    """The cases share the fixtures of the test."""
    seen = request.node.stash.setdefault(SEEN, [])
    seen.append((word, number))
    assert seen == [("a", 1), ("a", 2), ("b", 1), ("b", 2)][: len(seen)]


SEEN = pytest.StashKey[list[tuple[str, int]]]()


def test_a_table_without_a_case_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="no case of number"):
        each_case("number", [])
