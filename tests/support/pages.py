"""The examples of the documentation's pages, run as they stand against the local pool, and an API beside it.

A page's examples have made-up ids of a pool, a client and an API, which are replaced by those of this machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cognito_raw
from cognito_raw.models.tokens import claims
from examples.local_pool import Pool
from tests.support.hostile import Peer, reply, serving
from tests.support.paths import ROOT

ISS: Final = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pKbrdhQl8"
CLIENT: Final = 'client_id="o2ubh2gb4qbt440jd3543dv8g"'
API: Final = "https://api.example.com"
PASSWORD: Final = re.compile("An-Engine-1843|Temporary-1822")
# All pages of the project: none stands where its links are not followed.
LAMBDA: Final = "docs/lambda.md"
PAGES: Final = sorted(
    str(page.relative_to(ROOT))
    for folder in ("", "docs", "examples", "examples/testing", "fixtures", "benchmarks")
    for page in (ROOT / folder).glob("*.md")
)


def examples_of(page: str) -> list[str]:
    """The Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def run(example: str, pool: Pool, *answers: str, names: dict[str, Any] | None = None) -> None:
    """Run an example as it stands but for its pool; what it asks for is answered, what it names goes into `names`.

    The last of the answers is given again and again.
    """
    assert (ISS in example) == (CLIENT in example)
    example = example.replace(ISS, pool.config().iss)
    example = example.replace(CLIENT, f'client_id="{pool.client_id}", endpoint="{pool.endpoint}"')
    names = {} if names is None else names
    left = list(answers) or [""]
    names.update(__name__="__main__", input=lambda _: left.pop(0) if len(left) > 1 else left[0])
    if API in example:
        with _api() as url:
            _execute(example.replace(API, url), names)
    else:
        _execute(example, names)


def _execute(example: str, names: dict[str, Any]) -> None:
    # As in a module without the `annotations` of this one's `__future__`.
    exec(compile(example, "a page's example", "exec", dont_inherit=True), names)


def broken_links(page: str) -> list[str]:
    """The relative links of a page that lead to no file of the project, or to no heading or anchor of it."""
    return [link for link in _links(_text(ROOT / page)) if not _leads_somewhere(ROOT / page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if target.is_relative_to(ROOT / "cognito_raw"):  # the package may be installed elsewhere
        target = Path(cognito_raw.__file__).parent / target.relative_to(ROOT / "cognito_raw")
    return target.is_file() and (not anchor or anchor in anchors(_text(target)))


def _links(text: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors(text: str) -> set[str]:
    """The anchors of a page: those of its headings, as GitHub makes them, and those that it names."""
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles} | set(
        re.findall(r'<a id="([^"]+)">', text)
    )


def _text(page: Path) -> str:
    """What a page says, without its blocks of code."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@contextmanager
def _api() -> Iterator[str]:
    """The address of an API that says whose token it was sent."""

    async def behaviour(peer: Peer) -> None:
        while (received := await peer.receive()) is not None:
            scheme, _, token = received.headers.get("authorization", "").partition(" ")
            known = scheme == "Bearer" and claims(token)
            await peer.send(reply(json.dumps({"caller": known["email"]}).encode()) if known else reply(status=401))

    with serving(behaviour) as server:
        yield server.url.rstrip("/")


class Context:
    """What Lambda gives a handler beside the event."""

    def __init__(self, milliseconds: int = 20_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds
