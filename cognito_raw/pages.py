"""Paged lists, sync and async: item by item, all items at once, or one page.

Nothing is requested in advance. When iterating, each page has its own deadline. `all` has one deadline for all pages.
An endless list ends with a failure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, Generic, TypeAlias, TypeVar

from .flow import Flow
from .models.fields import objects, optional_string
from .models.frozen import Frozen, field
from .result import Err, Ok, Result

T = TypeVar("T")


class Page(Frozen, Generic[T]):
    """Some items of a list. `next` is the token of the next page; None on the last one."""

    items: tuple[T, ...]
    next: str | None = field(default=None, repr=False)

    @classmethod
    def read(
        cls, body: Mapping[str, object], items: str, after: str, read: Callable[[Mapping[str, object]], T]
    ) -> Page[T]:
        """Read the objects of the member `items`, and the token of the member `after`."""
        # An empty token would request the first page again.
        return cls(tuple(map(read, objects(body, items))), optional_string(body, after) or None)


Asking: TypeAlias = Callable[[str | None], Flow[Page[T]]]
"""Returns the flow that requests the page of this token, or the first page."""

# Far more than any user has: with the largest pages, 60,000 devices.
_MOST_PAGES: Final = 1000
_ENDLESS: Final = Err("malformed-reply", "the service sends pages of this list without end", sent="yes")


class Pages(Generic[T]):
    """A list that may be read again: `for item in pages`. Iterating raises `CognitoError` if a page fails."""

    def __init__(self, run: Callable[[Flow[Any]], Result[Any]], ask: Asking[T]) -> None:
        self._run = run
        self._ask = ask

    def page(self, next: str | None = None) -> Result[Page[T]]:  # noqa: A002  # what a page calls it
        """Return one page: the first, or the one after another page with this `next`."""
        return self._run(self._ask(next))

    def all(self) -> Result[list[T]]:
        """Return all items, or the failure of the first page that fails."""
        return self._run(everything(self._ask))

    def __iter__(self) -> Iterator[T]:
        paging = _Paging()
        while paging.has_more:
            yield from paging.checked(self.page(paging.next)).unwrap().items


class AsyncPages(Generic[T]):
    """A list that may be read again: `async for item in pages`. Iterating raises `CognitoError` if a page fails."""

    def __init__(self, run: Callable[[Flow[Any]], Awaitable[Result[Any]]], ask: Asking[T]) -> None:
        self._run = run
        self._ask = ask

    async def page(self, next: str | None = None) -> Result[Page[T]]:  # noqa: A002  # what a page calls it
        """Return one page: the first, or the one after another page with this `next`."""
        return await self._run(self._ask(next))

    async def all(self) -> Result[list[T]]:
        """Return all items, or the failure of the first page that fails."""
        return await self._run(everything(self._ask))

    async def __aiter__(self) -> AsyncIterator[T]:
        paging = _Paging()
        while paging.has_more:
            for item in paging.checked(await self.page(paging.next)).unwrap().items:
                yield item


def everything(ask: Asking[T]) -> Flow[list[T]]:
    """Return all items of all pages."""
    items: list[T] = []
    paging = _Paging()
    while paging.has_more:
        page = paging.checked((yield from ask(paging.next)))
        if isinstance(page, Err):
            return page
        items += page.value.items
    return Ok(items)


class _Paging:
    """The state of paging: the next token, and a guard against endless lists."""

    def __init__(self) -> None:
        self.next: str | None = None
        self.has_more = True
        # Hashes, since a token may be long.
        self._seen: set[int] = set()

    def checked(self, page: Result[Page[T]]) -> Result[Page[T]]:
        """Return the page, or an `Err` if its token was seen before."""
        if isinstance(page, Err):
            return page
        self.next, before = page.value.next, len(self._seen)
        self.has_more = self.next is not None
        self._seen.add(hash(self.next))
        return _ENDLESS if self.has_more and len(self._seen) in (before, _MOST_PAGES) else page
