"""Lists that page themselves, sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from cognito_raw import AsyncPages, Call, CognitoError, Err, Flow, Ok, Page, Pages, Result, ServiceReply, advance

V = TypeVar("V")
Asked = Callable[[str | None], Result[Page[int]]]
THREE: dict[str | None, Result[Page[int]]] = {
    None: Ok(Page((1, 2), "b")),
    "b": Ok(Page((), "c")),
    "c": Ok(Page((3,))),
}
LOST = Err("connection-lost", sent="maybe")


class Both:
    """One list sync and async, which must give the same; it remembers what was asked."""

    def __init__(self, answers: Asked) -> None:
        self.asked: list[str | None] = []

        def flow(after: str | None) -> Flow[Page[int]]:
            answer = yield Call("List", {"after": after})
            return answer if isinstance(answer, Err) else Ok(answer.value.body["page"])

        def run(steps: Flow[V]) -> Result[V]:
            step = advance(steps)
            while isinstance(step, Call):
                after: Any = step.parameters["after"]
                self.asked.append(after)
                page = answers(after)
                step = advance(steps, page if isinstance(page, Err) else Ok(ServiceReply("List", {"page": page.value})))
            return step

        async def awaited(steps: Flow[V]) -> Result[V]:
            asked = self.asked.copy()
            await asyncio.sleep(0)
            try:
                return run(steps)
            finally:
                self.asked = asked

        self.pages, self.async_pages = Pages(run, flow), AsyncPages(awaited, flow)

    def all(self) -> Result[list[int]]:
        result = self.pages.all()
        assert asyncio.run(self.async_pages.all()) == result
        return result

    def page(self, *arguments: Any) -> Result[Page[int]]:
        result = self.pages.page(*arguments)
        assert asyncio.run(self.async_pages.page(*arguments)) == result
        return result

    def items(self) -> tuple[list[int], Err | None]:
        """What iterating gives, and what ends it."""

        async def scene() -> tuple[list[int], Err | None]:
            got: list[int] = []
            try:
                async for item in self.async_pages:
                    got.append(item)  # noqa: PERF401  # what came before a failure must be seen
            except CognitoError as error:
                return got, error.err
            return got, None

        got: list[int] = []
        failure = None
        try:
            for item in self.pages:
                got.append(item)  # noqa: PERF402
        except CognitoError as error:
            failure = error.err
        assert asyncio.run(scene()) == (got, failure)
        return got, failure


def test_a_list_is_read_item_by_item_over_all_its_pages() -> None:
    """Each page is asked for once, in turn; an empty one in the middle does not end it."""
    both = Both(THREE.__getitem__)
    assert both.items() == ([1, 2, 3], None)
    assert both.asked == [None, "b", "c"]
    assert both.items() == ([1, 2, 3], None)


def test_a_list_is_read_at_once() -> None:
    """All items of all pages, as a list."""
    assert Both(THREE.__getitem__).all() == Ok([1, 2, 3])


def test_one_page_can_be_asked_for() -> None:
    """The first, or the one that another page names."""
    both = Both(THREE.__getitem__)
    assert both.page() == THREE[None]
    assert both.page("c") == THREE["c"]
    assert both.page(None) == THREE[None]
    assert both.asked == [None, "c", None]


def test_nothing_is_asked_before_it_is_wanted() -> None:
    """Making the list asks nothing, and its first item no second page."""
    both = Both(THREE.__getitem__)
    assert both.asked == []
    assert next(iter(both.pages)) == 1
    assert both.asked == [None]


def test_a_page_that_cannot_be_had_is_reported() -> None:
    """Iterating gives what came before and then raises; `all` and `page` give the failure."""
    both = Both(lambda after: LOST if after else THREE[None])
    assert both.items() == ([1, 2], LOST)
    assert both.all() == LOST
    assert both.page("b") == LOST


def circle(*tokens: str) -> Asked:
    """A service that leads round in a circle."""
    following = dict(zip(tokens, (*tokens[1:], tokens[0]), strict=True))
    return lambda after: Ok(Page((1,), tokens[0] if after is None else following[after]))


@pytest.mark.parametrize("tokens", ["a", "ab", "abc"])
def test_a_service_that_repeats_itself_is_stopped(tokens: str) -> None:
    """A token that was asked for before is `malformed-reply`, not a loop without end."""
    both = Both(circle(*tokens))
    got, failure = both.items()
    assert failure is not None
    assert (failure.reason, failure.retryable) == ("malformed-reply", False)
    assert got == [1] * len(tokens)
    assert both.all() == failure


def test_a_service_that_never_ends_is_stopped() -> None:
    """However new each token is."""
    both = Both(lambda after: Ok(Page((1,), str(int(after or 0) + 1))))
    got, failure = both.items()
    assert failure is not None
    assert failure.reason == "malformed-reply"
    assert len(got) == 999
    assert both.all() == failure
