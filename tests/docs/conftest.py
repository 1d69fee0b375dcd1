"""The pools on which the pages' examples run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from examples.local_pool import Pool, Server
from tests.support.pages import examples_of, run


@pytest.fixture
def new_pool(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Pool]:
    """Make a pool with the users of the examples, in the environment of a function."""
    monkeypatch.setenv("ROBOT_PASSWORD", "An-Engine-1843")

    def make() -> Pool:
        made = server.pool()
        made.add_users_of_the_readme()
        return made

    return make


@pytest.fixture
def pool(new_pool: Callable[[], Pool]) -> Pool:
    """One of them."""
    return new_pool()


@pytest.fixture
def table_store(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The store of the page on stores, over a table of DynamoDB as moto plays it."""
    import boto3  # here: both take long
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="sessions",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        names: dict[str, Any] = {}
        run(examples_of("docs/stores.md")[-1], pool, names=names)
        yield names["table_store"]
