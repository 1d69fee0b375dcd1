"""Any operation of the service by its own name."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_raw import Client, Err, Ok, Reply, Result
from tests.support.conversation import SECRET, Exchange, Script, answered, configured, converse, not_authorized


def called(operation: str, parameters: Any, reply: Result[Reply]) -> Result[Any]:
    exchanges = [Exchange(operation, parameters, reply)]
    return converse(configured(client_secret=SECRET), "call", operation, parameters, exchanges=exchanges)


def test_an_operation_is_called_with_exactly_the_given_parameters() -> None:
    """Nothing is added to the parameters, not even the client; the value is the reply's JSON object as it came."""
    body = {"Username": "jane", "UserAttributes": [{"Name": "sub", "Value": "5u8"}], "Unheard": None}
    assert called("GetUser", {"AccessToken": "t", "Größe": [1, {"x": None}]}, answered(body)) == Ok(body)


def test_a_refusal_comes_back_under_its_reason() -> None:
    """An operation that nobody wrapped fails with the same reasons as the others."""
    result = called("GetUser", {"AccessToken": "t"}, not_authorized("Access Token has been revoked"))
    assert isinstance(result, Err)
    assert (result.reason, result.operation) == ("access-token-revoked", "GetUser")


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        pytest.param("DeleteUser", Ok({}), id="an operation that answers nothing"),
        pytest.param("GetUser", Err("malformed-reply", None, None, "GetUser", 200, sent="maybe"), id="any other"),
    ],
)
def test_an_empty_body_is_a_success_only_where_the_service_sends_one(operation: str, result: Result[Any]) -> None:
    """DeleteUser answers with no body at all."""
    assert called(operation, {}, Ok(Reply(200, {}, b""))) == result


@pytest.mark.parametrize(
    ("operation", "parameters", "complaint"),
    [
        pytest.param("Get User", {}, "must be a name", id="not a name"),
        pytest.param("GetUser\r\nX-Evil: 1", {}, "must be a name", id="a header"),
        pytest.param("", {}, "must be a name", id="empty"),
        pytest.param("GetUser", {"AccessToken": b"hidden"}, "not JSON", id="bytes"),
        pytest.param("GetUser", {"Limit": float("nan")}, "not JSON", id="no number"),
    ],
)
def test_what_cannot_be_sent_raises(operation: str, parameters: Any, complaint: str) -> None:
    """A name that is none and parameters that are not JSON are the caller's mistake, and nothing is sent."""
    script = Script()
    with pytest.raises(ValueError, match=complaint) as caught:
        Client(configured(), transport=script).call(operation, parameters)
    assert "hidden" not in str(caught.value)
    assert script.requests == []
