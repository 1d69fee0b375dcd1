"""One page of a list, read or refused."""

from __future__ import annotations

import pytest

from cognito_raw import Page
from cognito_raw.models.fields import UnexpectedJson, string


@pytest.mark.parametrize(
    ("body", "page"),
    [
        ({"Items": [{"Id": "a"}, {"Id": "b"}], "Next": "n"}, Page(("a", "b"), "n")),
        ({"Items": [{"Id": "a"}], "Next": ""}, Page(("a",))),
        ({"Items": [], "Next": None}, Page(())),
        ({}, Page(())),
    ],
)
def test_a_page_holds_items_and_what_asks_for_the_next(body: dict[str, object], page: Page[str]) -> None:
    """The last page, and one whose token is empty, ask for no other."""
    assert Page.read(body, "Items", "Next", lambda item: string(item, "Id")) == page


@pytest.mark.parametrize("body", [{"Items": {}}, {"Items": ["a"]}, {"Items": [{}]}, {"Next": 5}], ids=repr)
def test_a_page_that_makes_no_sense_is_refused(body: dict[str, object]) -> None:
    """No item is dropped silently."""
    with pytest.raises(UnexpectedJson):
        Page.read(body, "Items", "Next", lambda item: string(item, "Id"))


def test_a_token_is_not_shown() -> None:
    """It may hold what the service knows of a user."""
    assert repr(Page((1,), "hunter2")) == "Page(items=(1,))"
