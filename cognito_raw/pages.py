"""A list of the service that pages itself, in both colours: item by item, all at once, or one page.

It asks only when it is asked, and each page is a call of its own, with its own deadline. A service that gives pages
without end is stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final, Generic, TypeVar

from .result import Err, Ok, Result
from .shapes.page import Page

T = TypeVar("T")

# Far more than any user has: with the largest pages, 60,000 devices.
_MOST_PAGES: Final = 1000
_ENDLESS: Final = Err("malformed-reply", "the service gives pages of this list without end", sent="yes")


class Pages(Generic[T]):
    """A list, to be read once or often: `for item in pages`, which raises `CognitoError` where a page cannot be had."""

    def __init__(self, ask: Callable[[str | None], Result[Page[T]]]) -> None:
        self._ask = ask

    def page(self, next: str | None = None) -> Result[Page[T]]:  # noqa: A002  # what a page calls it
        """One page: the first, or the one that the `next` of another asks for."""
        return self._ask(next)

    def __iter__(self) -> Iterator[T]:
        way = _Way()
        while way.goes_on():
            page = way.checked(self._ask(way.next)).unwrap()
            yield from page.items

    def all(self) -> Result[list[T]]:
        """All items, or the failure of the first page that cannot be had."""
        items: list[T] = []
        way = _Way()
        while way.goes_on():
            page = way.checked(self._ask(way.next))
            if isinstance(page, Err):
                return page
            items += page.value.items
        return Ok(items)


class AsyncPages(Generic[T]):
    """A list, to be read once or often: `async for item in pages`, which raises `CognitoError` as `Pages` does."""

    def __init__(self, ask: Callable[[str | None], Awaitable[Result[Page[T]]]]) -> None:
        self._ask = ask

    async def page(self, next: str | None = None) -> Result[Page[T]]:  # noqa: A002  # what a page calls it
        """One page: the first, or the one that the `next` of another asks for."""
        return await self._ask(next)

    async def __aiter__(self) -> AsyncIterator[T]:
        way = _Way()
        while way.goes_on():
            page = way.checked(await self._ask(way.next)).unwrap()
            for item in page.items:
                yield item

    async def all(self) -> Result[list[T]]:
        """All items, or the failure of the first page that cannot be had."""
        items: list[T] = []
        way = _Way()
        while way.goes_on():
            page = way.checked(await self._ask(way.next))
            if isinstance(page, Err):
                return page
            items += page.value.items
        return Ok(items)


class _Way:
    """The way from page to page: what asks for the next one, and whether the service leads round in a circle."""

    def __init__(self) -> None:
        self.next: str | None = None
        self._left = _MOST_PAGES
        self._over = False
        # Hashes, since a token may be long.
        self._asked: set[int] = set()

    def goes_on(self) -> bool:
        return not self._over

    def checked(self, page: Result[Page[T]]) -> Result[Page[T]]:
        """The page, unless it asks for what was asked for before."""
        if isinstance(page, Err):
            return page
        self.next = page.value.next
        self._over = self.next is None
        self._left -= 1
        if not self._over and (hash(self.next) in self._asked or not self._left):
            return _ENDLESS
        self._asked.add(hash(self.next))
        return page
