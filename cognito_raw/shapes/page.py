"""One page of a list, as the service gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from ..members import objects, optional_text
from ..value import field, frozen

T = TypeVar("T")


@frozen
class Page(Generic[T]):
    """Some of the items of a list; `next` is what asks for the page after it, and None on the last one."""

    items: tuple[T, ...]
    next: str | None = field(default=None, repr=False)

    @classmethod
    def read(
        cls, body: Mapping[str, object], items: str, after: str, read: Callable[[Mapping[str, object]], T]
    ) -> Page[T]:
        """From the member `items`, each of whose objects `read` reads, and the member `after`.

        A token of no letters asks for the first page again, and so counts as none.
        """
        return cls(tuple(map(read, objects(body, items))), optional_text(body, after) or None)
