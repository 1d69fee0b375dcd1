"""A table of small cases as one test, where a test for each would cost more than its check."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeAlias

import pytest

Test: TypeAlias = Callable[..., None]


def each_case(
    names: str | Sequence[str], rows: Iterable[Any], ids: Iterable[str] | Callable[[Any], object] = repr
) -> Callable[[Test], Test]:
    """Call a test with each row, as `pytest.mark.parametrize` does, but in one test that shows all failures.

    The cases share the fixtures. Two of these decorators make the product of their rows.
    """
    keys = names.split(", ") if isinstance(names, str) else names
    found = list(rows)
    labels = map(ids, found) if callable(ids) else ids
    cases = [_case(row, str(label), len(keys)) for row, label in zip(found, labels, strict=True)]
    assert cases, f"no case of {names}"

    def decorate(test: Test) -> Test:
        @wraps(test)
        def check(**fixtures: Any) -> None:
            __tracebackhide__ = True
            failures: list[BaseException] = []
            for label, values in cases:
                try:
                    test(**fixtures, **dict(zip(keys, values, strict=True)))
                except (Exception, BaseExceptionGroup, pytest.fail.Exception) as failure:
                    failure.add_note(f"in the case {label}")
                    failures.append(failure)
            if failures:
                raise BaseExceptionGroup(f"{len(failures)} of {len(cases)} cases fail", failures)

        signature = inspect.signature(test)
        left = [parameter for name, parameter in signature.parameters.items() if name not in keys]
        check.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]  # pytest reads it
        return check

    return decorate


def _case(row: Any, label: str, width: int) -> tuple[str, Sequence[Any]]:
    if hasattr(row, "marks"):  # of `pytest.param`
        return row.id or label, row.values
    return label, row if width > 1 else (row,)
