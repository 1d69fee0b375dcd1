"""Cassettes: what the file looks like, and the one clear error for every file that is none."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cognito_raw import Err, Ok
from cognito_raw.testing import Cassette, CassetteError, Exchange, Recorder
from tests.support.cassettes import CONFIG, Canned, recorded, reply, request

SECRET: Final = "Pa55-of-the-file"


def good(tmp_path: Path) -> dict[str, Any]:
    """A cassette with every kind of member."""
    path = tmp_path / "good.json"
    with Recorder(
        path,
        CONFIG,
        Canned(reply({"a": 1}, date="now"), reply("<html>"), Err("reply-too-large", status=200, sent="maybe")),
        proof=True,
        password=SECRET,
        keep=("shop",),
    ) as recorder:
        recorder.config.clock()
        recorder.config.randomness(2)
        for _ in range(3):
            recorder.send(request("GetUser", {"AccessToken": "x"}))
    read: dict[str, Any] = json.loads(path.read_bytes())
    return read


def fault(tmp_path: Path, content: bytes | str) -> str:
    """What is said of a file with this content, which is one sentence that names it and holds no secret."""
    path = tmp_path / "bad.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CassetteError) as caught:
        Cassette.load(path)
    words = str(caught.value)
    assert words.startswith(f"{path}: ")
    assert "\n" not in words
    assert SECRET not in words
    assert caught.value.__cause__ is None
    return words.removeprefix(f"{path}: ")


def test_the_file_is_ordered_indented_utf_8_and_ends_with_a_line(tmp_path: Path) -> None:
    """It reads well in a diff: first where it comes from, last what was said."""
    path = tmp_path / "new" / "folder" / "c.json"
    recorded(path, ("GetUser", {}, reply({"message": "für Ädä"})), against="a pool of ours")
    text = path.read_text(encoding="utf-8")
    assert text.startswith('{\n  "schema": 1,\n  "provenance": {\n    "recorded_by"')
    assert text.endswith("}\n")
    assert "für Ädä" in text
    assert list(json.loads(text)) == ["schema", "provenance", "pool", "kept", "clock", "proof", "exchanges"]
    assert json.loads(text)["provenance"]["against"] == "a pool of ours"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    """A cassette that is saved again is the same file."""
    (tmp_path / "bad.json").write_text(json.dumps(good(tmp_path)))
    Cassette.load(tmp_path / "bad.json").save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "good.json").read_bytes()


def test_an_exchange_gives_again_what_a_transport_gave() -> None:
    """A reply, also one that is no JSON or that UTF-8 cannot carry, or the failure that came instead."""
    assert Exchange("GetUser", {}, 200, {"a": "b"}, {"c": "ü"}).result() == Ok(reply('{"c": "ü"}', a="b").value)
    assert Exchange("GetUser", {}, 502, {}, "<page 1>\ud800").result() == reply(b"<page 1>\\ud800", 502)
    failure = {"reason": "reply-too-large", "sent": "maybe", "status": 200}
    assert Exchange("GetUser", {}, failure=failure).result() == Err(
        "reply-too-large", "as it was recorded", status=200, sent="maybe"
    )


def test_a_cassette_shows_nothing_of_what_it_holds(tmp_path: Path) -> None:
    """Neither its own `repr` nor that of an exchange."""
    good(tmp_path)
    cassette = Cassette.load(tmp_path / "good.json")
    assert cassette.password == SECRET
    assert SECRET not in repr(cassette)
    assert "AccessToken" not in repr(cassette)


FILES: Final = {
    "empty": ("", "not a cassette, or cut short: it is not JSON"),
    "not JSON": (SECRET, "not a cassette, or cut short: it is not JSON"),
    "not UTF-8": (b"\xff\xfe", "not a cassette, or cut short: it is not JSON"),
    "nested without end": ("[" * 100_000, "not a cassette, or cut short: it is not JSON"),
    "a list": (f'["{SECRET}"]', "not a cassette: it has no schema number"),
    "without a schema": (f'{{"password": "{SECRET}"}}', "not a cassette: it has no schema number"),
    "a schema that is true": ('{"schema": true}', "not a cassette: it has no schema number"),
    "a newer schema": ('{"schema": 2}', "a cassette of schema 2; this version of cognito_raw reads schema 1"),
    "a schema of zero": ('{"schema": 0}', "a cassette of schema 0; this version of cognito_raw reads schema 1"),
}


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_a_file_that_is_no_cassette_is_one_clear_error(content: bytes | str, words: str, tmp_path: Path) -> None:
    """It says what is wrong with which file, and nothing of what the file holds."""
    assert fault(tmp_path, content) == words


def test_a_file_that_cannot_be_read_is_the_same_error(tmp_path: Path) -> None:
    """One that is not there, and a folder in its place."""
    with pytest.raises(CassetteError, match=r"nowhere\.json: there is no such cassette"):
        Cassette.load(tmp_path / "nowhere.json")
    with pytest.raises(CassetteError, match="cannot be read: Is a directory"):
        Cassette.load(tmp_path)


def test_a_file_that_is_cut_short_is_one_clear_error(tmp_path: Path) -> None:
    """Wherever it ends."""
    text = json.dumps(good(tmp_path))
    for end in range(0, len(text), 7):
        assert fault(tmp_path, text[:end]) == "not a cassette, or cut short: it is not JSON"


WRONG: Final[dict[str, tuple[Any, ...]]] = {
    "str": (None, True, 5, [SECRET], {SECRET: SECRET}),
    "int": (None, True, 0.5, SECRET, [5], {SECRET: 5}, 2**60),
    "float": (None, True, SECRET, [0.5], {SECRET: 5}, float("nan"), float("inf"), -1, 1e12),
    "bool": (None, 1, SECRET, [True], {SECRET: True}),
    "dict": (None, True, 5, SECRET, [SECRET]),
    "list": (None, True, 5, SECRET, {SECRET: SECRET}, [None], [-1], [True], [[]], ["no digits"]),
    "body": (None, True, 5, [SECRET]),
    "kept": (None, True, 5, SECRET, {SECRET: SECRET}, [None], [-1], [True], [[]]),
}
# These may be null or left out.
OPTIONAL: Final = ("password", "failure.status")
# These are the service's own, and may be anything.
FREE: Final = ("request.AccessToken", "body.a", "note")


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Everything inside a JSON value, with its path."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in entries:
        yield (*path, key), member
        yield from places(member, (*path, key))


def changed(saved: dict[str, Any], path: tuple[str | int, ...], change: Any) -> str:
    """The cassette with one change to the holder of the member at the end of the path."""
    copied: Any = copy.deepcopy(saved)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    change(holder)
    return json.dumps(copied)


def damages(saved: dict[str, Any]) -> Iterator[str]:
    """The cassette with each of its members in turn missing, or of each wrong type."""
    for path, right in places(saved):
        dotted = ".".join(map(str, path))
        if dotted.endswith(FREE):
            continue
        optional = dotted.endswith(OPTIONAL)
        for wrong in WRONG[str(path[-1]) if path[-1] in ("body", "kept") else type(right).__name__]:
            if not (wrong is None and (optional or dotted == "proof")):
                yield changed(saved, path, lambda holder, key=path[-1], wrong=wrong: holder.__setitem__(key, wrong))
        if isinstance(path[-1], str) and not optional and path[0] != "provenance" and path[-1] != "date":
            yield changed(saved, path, lambda holder, key=path[-1]: holder.pop(key))


def test_every_member_must_be_there_and_of_its_type(tmp_path: Path) -> None:
    """Whatever is missing or wrong, it is one sentence."""
    for content in damages(good(tmp_path)):
        words = fault(tmp_path, content)
        assert words.startswith(
            ("a damaged cassette: ", "not a cassette: it has no schema number", "a cassette of schema")
        )


POOLS: Final = {"iss": "http://nowhere", "client_id": "not an id"}


@pytest.mark.parametrize(("name", "value"), POOLS.items())
def test_a_pool_that_cannot_be_is_a_damage_too(name: str, value: str, tmp_path: Path) -> None:
    """What a configuration would refuse is refused here, with the name of the file."""
    saved = good(tmp_path)
    saved["pool"][name] = value
    assert fault(tmp_path, json.dumps(saved)).startswith(f"a damaged cassette: its pool: {name} ")


@pytest.mark.parametrize("name", ["reason", "sent"])
def test_a_failure_must_be_one_that_a_transport_has(name: str, tmp_path: Path) -> None:
    """A misspelt reason would otherwise come out of a replay."""
    saved = good(tmp_path)
    saved["exchanges"][2]["failure"][name] = "too-large"
    assert fault(tmp_path, json.dumps(saved)) == "a damaged cassette: failure is not one of a transport"


_JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
_MEMBERS: Final = st.fixed_dictionaries(
    {"schema": st.just(1)},
    optional=dict.fromkeys(("provenance", "pool", "clock", "proof", "exchanges"), _JSON),
)


@pytest.mark.once
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(saved=_JSON | _MEMBERS)
def test_any_other_json_is_one_clear_error(saved: Any, tmp_path: Path) -> None:
    """Nothing that a file may hold raises anything else."""
    fault(tmp_path, json.dumps(saved))


def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """A recording that was cut short does not replace a whole one."""
    recorded(tmp_path / "c.json", ("GetUser", {}, reply({})))
    before = (tmp_path / "c.json").read_bytes()
    with pytest.raises(KeyError), Recorder(tmp_path / "c.json", CONFIG, Canned()):
        raise KeyError
    assert (tmp_path / "c.json").read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Half a cassette is never seen, neither what cannot be written nor where it cannot be put."""
    before = recorded(tmp_path / "c.json", ("GetUser", {}, reply({})))
    unwritable = Cassette({}, "", "", False, (), None, (Exchange("GetUser", {"x": object()}),))
    with pytest.raises(TypeError):
        unwritable.save(tmp_path / "c.json")
    assert Cassette.load(tmp_path / "c.json") == before
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(OSError, match=r"folder\.json"):
        before.save(tmp_path / "folder.json")
    assert sorted(os.listdir(tmp_path)) == ["c.json", "folder.json"]
