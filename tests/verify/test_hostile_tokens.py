"""No hostile token is accepted and none raises: the corpus, and mutations of good tokens by the hundred thousand."""

from __future__ import annotations

import json
import random
import string
import time
from contextlib import suppress
from typing import Any, Final

import pytest

from cognito_raw import Err, Ok, Reply, TokenVerifier
from cognito_raw.models.fields import UnexpectedJson
from cognito_raw.verify.claims import Rules
from cognito_raw.verify.jws import read_object
from tests.support.cases import each_case
from tests.support.hostile_tokens import GOOD, KEY_SETS, TOKENS
from tests.support.tokens import ACCESS, ID, NOW, Clock, key_set, token
from tests.support.verifiers import Service, told

pytestmark = pytest.mark.once

VERIFIER: Final = TokenVerifier(Clock().config(), keys=key_set(), transport=Service())


def test_the_corpus_is_large_and_names_each_rule_once() -> None:
    """At least 150 cases; and what they break stands in the way of a good token alone."""
    rules = [rule for rule, _, _ in TOKENS]
    assert len(rules) == len(set(rules))
    assert len(rules) + len(KEY_SETS) > 300
    assert told(VERIFIER.verify(GOOD)) == "Ok"


@each_case(("text", "reason"), [case[1:] for case in TOKENS], ids=[case[0] for case in TOKENS])
def test_a_token_that_breaks_one_rule_is_refused(text: Any, reason: str) -> None:
    """With the reason of that rule, at once, and repeating little of it on one line."""
    began = time.process_time()
    result = VERIFIER.verify(text)
    assert time.process_time() - began < 1
    assert isinstance(result, Err)
    assert (result.reason, result.retryable) == (reason, False)
    assert result.message is not None
    assert len(result.message) < 160
    assert result.message.isprintable()


@each_case("keys", KEY_SETS.values(), ids=KEY_SETS.keys())
def test_a_key_set_that_breaks_a_rule_lets_nothing_in(keys: bytes) -> None:
    """Neither where it is fetched nor where it is given; and it takes no good set's place."""
    service = Service(keys)
    clock = Clock()
    verifier = TokenVerifier(clock.config(), transport=service)
    assert told(verifier.verify(GOOD)) != "Ok"
    with suppress(ValueError):
        verifier.preload(keys)
    assert told(verifier.verify(GOOD)) != "Ok"


@pytest.mark.parametrize("status", [100, 201, 204, 206, 301, 302, 307, 400, 401, 403, 404, 418, 429, 500, 502, 503])
def test_a_key_set_of_another_status_is_none(status: int) -> None:
    """Even with the right keys in it."""
    verifier = TokenVerifier(Clock().config(), transport=Service(Ok(Reply(status, {}, key_set()))))
    assert told(verifier.verify(GOOD)) == "key-set-unavailable"


# --- mutations

ALPHABET: Final = string.ascii_letters + string.digits + "-_"
ODD: Final = (*"=.+/ \t\n\0\"'{}[],:%*", "\x7f", "é", "\u2024", "\uff21", "\ud800", "\U0001f511", "", "..", "e30")
ORIGINALS: Final = [token(), token(key="two"), token(ACCESS), token(sub="another"), token(exp=NOW + 1)]


def mutated(draw: random.Random) -> str:
    """A good token with something done to it, now and then more than once."""
    text = draw.choice(ORIGINALS)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        text = draw.choice((_exchange, _swap, _cut, _insert, _splice, _repeat, _flip))(text, draw)
    return text


def _exchange(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text) + 1)
    return f"{text[:place]}{draw.choice(draw.choice((ALPHABET, ODD)))}{text[place + 1 :]}"


def _swap(text: str, draw: random.Random) -> str:
    one, other = sorted(draw.choices(range(len(text) + 1), k=2))
    return text[:one] + text[other : other + 1] + text[one + 1 : other] + text[one : one + 1] + text[other + 1 :]


def _cut(text: str, draw: random.Random) -> str:
    one, other = sorted(draw.choices(range(len(text) + 1), k=2))
    return draw.choice((text[:one], text[one:], text[:one] + text[other:]))


def _insert(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text) + 1)
    return text[:place] + "".join(draw.choices(draw.choice((ALPHABET, ODD)), k=draw.randrange(1, 9))) + text[place:]


def _splice(text: str, draw: random.Random) -> str:
    parts, others = text.split("."), draw.choice(ORIGINALS).split(".")
    place = draw.randrange(len(parts))
    return ".".join([*parts[:place], draw.choice(others), *parts[place + 1 :]])


def _repeat(text: str, draw: random.Random) -> str:
    one, other = sorted(draw.choices(range(len(text) + 1), k=2))
    return text[:other] + text[one:other] * draw.choice((1, 2, 50)) + text[other:]


def _flip(text: str, draw: random.Random) -> str:
    place = draw.randrange(len(text)) if text else 0
    return (
        text[:place]
        + "".join(chr(ord(c) ^ 1 << draw.randrange(7)) for c in text[place : place + 1])
        + text[place + 1 :]
    )


@pytest.mark.parametrize("seed", range(4))
def test_no_mutation_is_accepted_and_none_raises(seed: int) -> None:
    """Out of 50,000 for each seed, only what is a good token after all; both uses are allowed, to make it easy."""
    draw = random.Random(seed)
    verifier = TokenVerifier(Clock().config(), ("id", "access"), keys=key_set(), transport=Service())
    accepted = set()
    for _ in range(50_000):
        text = mutated(draw)
        if isinstance(verifier.verify(text), Ok):
            accepted.add(text)
    assert accepted <= set(ORIGINALS)


@pytest.mark.parametrize("seed", range(2))
def test_no_mutation_of_signed_claims_raises(seed: int) -> None:
    """Behind the signature as well: whatever a pool may have signed is no JSON, or is judged."""
    draw = random.Random(seed)
    rules = Rules(Clock().config(), ("id", "access"))
    judged = set()
    for _ in range(20_000):
        raw = bytearray(json.dumps(draw.choice((ID, ACCESS))).encode())
        for _ in range(draw.randrange(1, 6)):
            place = draw.randrange(len(raw))
            raw[place : place + draw.randrange(3)] = draw.randbytes(draw.randrange(3))
        with suppress(UnexpectedJson):
            judged.add(told(rules.validate(read_object(bytes(raw)), NOW)))
    assert {"Ok", "token-issuer-refused", "token-use-refused", "token-client-refused", "token-claim-invalid"} <= judged
