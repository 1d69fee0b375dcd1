"""From the raw reply to a result: whatever comes back gives `Ok` or `Err`, and never raises."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any, Final

import botocore.session
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cognito_raw import Call, Err, Ok, Reason, Reply, Result
from cognito_raw.call import ServiceReply
from cognito_raw.reply import read
from tests.support.cases import each_case
from tests.support.samples import ERRORS, Recorded, reply_of, title
from tests.unit.test_fixtures import UNSIGNED

CALL: Final = Call("InitiateAuth", {})
MODEL: Final[Any] = botocore.session.get_session().get_service_model("cognito-idp")
SIGNED: Final = {"AccessDeniedException"}  # in the model, but of operations that need a signature
# The operations without output members. An older model lacks the last one.
EMPTY: Final = sorted(
    {
        name
        for name in set(UNSIGNED).intersection(MODEL.operation_names)
        if not getattr(MODEL.operation_model(name).output_shape, "members", None)
    }
    | {"RevokeUserSession"}
)


def failed(status: int, body: object = None, headers: dict[str, str] | None = None, *, raw: bytes | None = None) -> Err:
    """The failure that a reply gives; `body` is what its JSON says, `raw` its bytes."""
    content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    result = read(CALL, Reply(status, headers or {}, content))
    assert isinstance(result, Err)
    return result


def answered(result: Result[ServiceReply]) -> ServiceReply:
    assert isinstance(result, Ok)
    return result.value


@each_case("entry", ERRORS, ids=title)
def test_a_recorded_failure_keeps_the_services_words(entry: Recorded) -> None:
    """Code, message, status and operation of a failure are those of the reply; a trigger's words are its own."""
    reply = reply_of(entry)
    operation = entry["operation"] or "GetUser"
    result = read(Call(operation, {}), reply)
    assert isinstance(result, Err)
    code = (entry["type"] or "").rpartition("#")[2] or None
    assert (result.code, result.message) == (code, entry.get("said", entry["message"]))
    assert result.trigger == entry.get("trigger")
    assert (result.status, result.operation) == (reply.status, operation)
    assert result.sent == ("maybe" if result.reason == "malformed-reply" else "yes")


OUTSIDE: Final = [entry for entry in ERRORS if "reason" in entry]


@each_case("entry", OUTSIDE, ids=title)
def test_what_the_services_model_does_not_have_is_read_as_what_it_is(entry: Recorded) -> None:
    """Firewalls, gateways, emulators, and names of a deeper layer: each reply has the reason that stands beside it."""
    result = read(Call(entry["operation"] or CALL.operation, {}), reply_of(entry))
    assert isinstance(result, Err)
    assert result.reason == entry.get("reason")


def test_a_reply_without_a_name_of_the_services_model_says_how_it_is_read() -> None:
    """Every fixture of this kind has its reason, and every reason that a status alone may give has a fixture."""
    modelled = {shape for shape in MODEL.shape_names if MODEL.shape_for(shape).metadata.get("exception")}
    outside = [entry for entry in ERRORS if entry["type"] not in modelled - SIGNED]
    assert all("reason" in entry for entry in outside)
    by_status = {entry.get("reason") for entry in outside if entry["type"] is None}
    ours = {"request-blocked", "captcha-required", "throttled", "service-unavailable", "malformed-reply"}
    assert by_status == {*ours, "request-not-understood"}


def test_an_answer_holds_what_the_reply_said() -> None:
    """A success gives its JSON, the service's id of the call, and the service's clock."""
    headers = {"x-amzn-requestid": "abc", "date": "Tue, 07 Jul 2026 09:05:03 GMT"}
    answer = answered(read(CALL, Reply(200, headers, b'{"Session":"s"}')))
    assert answer == ServiceReply("InitiateAuth", {"Session": "s"}, 200, "abc", 1783415103.0)


NAME: Final = "CodeMismatchException"
# Where the name of an exception may stand, and how front ends decorate it: headers, body.
NAMED: Final[dict[str, tuple[dict[str, str], object]]] = {
    "header": ({"x-amzn-errortype": NAME}, {}),
    "header with a colon": ({"x-amzn-errortype": f"{NAME}:"}, {}),
    "header with an address": ({"x-amzn-errortype": f"{NAME}:http://internal.amazon.com/coral/com.amazon.x#y/"}, {}),
    "header with a comma": ({"x-amzn-errortype": f"{NAME}, {NAME}"}, {}),
    "header with spaces": ({"x-amzn-errortype": f" {NAME} "}, {}),
    "header alone": ({"x-amzn-errortype": NAME}, None),
    "header before body": ({"x-amzn-errortype": NAME}, {"__type": "Other", "code": "Other"}),
    "header of nothing": ({"x-amzn-errortype": ""}, {"__type": NAME}),
    "header of a colon": ({"x-amzn-errortype": ":"}, {"__type": NAME}),
    "body": ({}, {"__type": NAME}),
    "body with a namespace": ({}, {"__type": f"com.amazon.coral.service#{NAME}"}),
    "body with both": ({}, {"__type": f"com.amazon.coral.service#{NAME}:http://internal.amazon.com/coral/#x"}),
    "body before the wrapped form": ({}, {"__type": NAME, "Output": {"__type": "Other"}, "code": "Other"}),
    "wrapped form": ({}, {"Output": {"__type": f"com.amazon.coral.service#{NAME}"}, "Version": "1.0"}),
    "wrapped form before code": ({}, {"Output": {"__type": NAME}, "code": "Other"}),
    "code": ({}, {"code": NAME, "type": "client"}),
    "after what is no text": ({}, {"__type": 5, "Output": [], "code": NAME}),
    "after a wrapped form without name": ({}, {"__type": None, "Output": {"__type": {}}, "code": NAME}),
}


@pytest.mark.parametrize(("headers", "body"), NAMED.values(), ids=NAMED.keys())
def test_the_name_of_an_exception_is_found_wherever_it_stands(headers: dict[str, str], body: object) -> None:
    """Header, `__type`, wrapped `__type` and `code` are asked in this order, and the bare name is kept."""
    err = failed(400, body, headers)
    assert (err.code, err.reason) == (NAME, "code-mismatch")


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500])
def test_the_name_decides_and_not_the_status(status: int) -> None:
    """Whatever the status, a reply that names an exception is that exception."""
    assert failed(status, {"__type": NAME}).reason == "code-mismatch"
    assert failed(status, {}, {"x-amzn-errortype": NAME}).reason == "code-mismatch"


def test_a_member_named_code_does_not_make_a_success_a_failure() -> None:
    """`code` names an exception only where the status says that there is one."""
    assert answered(read(CALL, Reply(200, {}, b'{"code":"abc"}'))).body == {"code": "abc"}


# Where the message may stand: headers, body, message.
SAID: Final[dict[str, tuple[dict[str, str], object, str | None]]] = {
    "message": ({"x-amzn-errormessage": "c"}, {"Message": "b", "message": "a"}, "a"),
    "capital": ({"x-amzn-errormessage": "c"}, {"Message": "b"}, "b"),
    "header": ({"x-amzn-errormessage": "c"}, {}, "c"),
    "header of a reply that is no JSON": ({"x-amzn-errormessage": "c"}, None, "c"),
    "after what is no text": ({}, {"message": {"a": 1}, "Message": "b"}, "b"),
    "empty": ({"x-amzn-errormessage": "c"}, {"message": ""}, ""),
    "none": ({}, {}, None),
}


@pytest.mark.parametrize(("headers", "body", "message"), SAID.values(), ids=SAID.keys())
def test_the_message_is_found_wherever_it_stands(headers: dict[str, str], body: object, message: str | None) -> None:
    """`message`, `Message` and the header are asked in this order."""
    assert failed(400, body, {**headers, "x-amzn-errortype": NAME}).message == message


@pytest.mark.parametrize("operation", EMPTY)
def test_an_operation_without_output_succeeds_with_an_empty_body(operation: str) -> None:
    """Nothing is its success, and so is `{}`."""
    for body in (b"", b"{}"):
        assert answered(read(Call(operation, {}), Reply(200, {}, body))).body == {}
    for status, body in ((200, b" "), (200, b"<html>"), (204, b""), (400, b"")):
        result = read(Call(operation, {}), Reply(status, {}, body))
        assert isinstance(result, Err)
        assert result.reason == "malformed-reply"


@pytest.mark.parametrize("operation", ["InitiateAuth", "ConfirmSignUp", "GetUser", "deleteuser"])
def test_any_other_operation_does_not_succeed_with_nothing(operation: str) -> None:
    """An empty body is no success of an operation that answers at least `{}`."""
    result = read(Call(operation, {}), Reply(200, {}, b""))
    assert isinstance(result, Err)
    assert result.reason == "malformed-reply"


# The statuses of replies that name no exception.
STATUSES: Final[dict[int, Reason]] = {
    100: "malformed-reply",
    201: "malformed-reply",
    204: "malformed-reply",
    301: "redirect-refused",
    302: "redirect-refused",
    307: "redirect-refused",
    399: "redirect-refused",
    400: "malformed-reply",
    403: "request-blocked",
    404: "malformed-reply",
    405: "request-blocked",
    408: "service-unavailable",
    413: "malformed-reply",
    429: "throttled",
    500: "service-unavailable",
    502: "service-unavailable",
    503: "service-unavailable",
    504: "service-unavailable",
    599: "service-unavailable",
}


@pytest.mark.parametrize("status", [200, 202, 400, 405, 429, 500])
@pytest.mark.parametrize("body", [b"", b"<html>are you human?</html>"])
def test_a_firewalls_challenge_is_no_answer_whatever_its_status(status: int, body: bytes) -> None:
    """The header that only the firewall sets says that it stands in the way, also where the status says success."""
    err = failed(status, None, {"x-amzn-waf-action": "challenge"}, raw=body)
    assert (err.reason, err.status, err.sent) == ("request-blocked", status, "yes")


def test_the_services_own_answer_counts_beside_a_firewalls_header() -> None:
    """An exception's name decides before it, and what is an answer is one."""
    headers = {"x-amzn-waf-action": "challenge"}
    assert failed(400, {"__type": NAME}, headers).reason == "code-mismatch"
    assert answered(read(CALL, Reply(200, headers, b"{}"))).body == {}


@each_case(("status", "reason"), STATUSES.items())
@each_case("body", [b"", b"<html>no</html>", b"{}", b'{"message":"no"}'])
def test_without_a_name_the_status_decides(status: int, reason: Reason, body: bytes) -> None:
    """Where no exception is named, the status says what the reply is; it is kept in any case."""
    err = failed(status, raw=body)
    assert (err.reason, err.status, err.code) == (reason, status, None)


BROKEN: Final[dict[str, bytes]] = {
    "a page": b"<!DOCTYPE html><title>Sign in to the network</title>",
    "invalid UTF-8": b'{"a":"\xff"}',
    "half a body": b'{"AuthenticationResult":{"IdToken":"ey',
    "two bodies": b"{}{}",
    "brackets without end": b"[" * 100_000,
    "objects without end": b'{"a":' * 100_000,
    "a closed nest": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "an integer of 10,000 digits": b'{"a":' + b"9" * 10_000 + b"}",
    "a list": b'[{"__type":"CodeMismatchException"}]',
    "a text": b'"CodeMismatchException"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "zeros": b"\0" * 64,
    "half of UTF-16": "{}".encode("utf-16")[:-1],
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_json_object_is_a_malformed_reply(body: bytes) -> None:
    """A broken body, or JSON of another kind, is `malformed-reply`: the service may have acted all the same."""
    err = failed(200, raw=body)
    assert (err.reason, err.sent, err.message) == ("malformed-reply", "maybe", None)


ODD: Final[dict[str, tuple[bytes, dict[str, Any]]]] = {
    "with a byte order mark": (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    "in UTF-16": ('{"a":1}'.encode("utf-16"), {"a": 1}),
    "the same name twice": (b'{"a":1,"a":2}', {"a": 2}),
    "a very small number": (b'{"a":1e-999}', {"a": 0.0}),
    "half a surrogate pair": (b'{"a":"\\ud800"}', {"a": "\ud800"}),
}


@pytest.mark.parametrize(("raw", "body"), ODD.values(), ids=ODD.keys())
def test_odd_json_is_still_json(raw: bytes, body: dict[str, Any]) -> None:
    """What Python's reader understands is an answer; whether its members fit is judged where they are read."""
    assert answered(read(CALL, Reply(200, {}, raw))).body == body


def test_not_a_number_is_no_reason_to_raise() -> None:
    """NaN and infinity, which JSON lacks and some servers write, do no harm."""
    assert set(answered(read(CALL, Reply(200, {}, b'{"a":NaN,"b":-Infinity}'))).body) == {"a", "b"}


def test_words_that_no_terminal_can_print_are_made_printable() -> None:
    """Halves of surrogate pairs in a message become question marks."""
    assert failed(400, raw=b'{"__type":"A","message":"c\\udfffd"}').message == "c?d"


@pytest.mark.parametrize(
    "name", ["my-Passw0rd-echo", "Bad\n2026 ERROR root", "a\ud800b", "n\u00e4me", "a b", "x" * 101], ids=ascii
)
def test_what_is_no_name_is_not_taken_for_one(name: str) -> None:
    """An exception's name is shown and logged: text that could be anything else there counts as none."""
    err = failed(400, {"__type": name, "code": name})
    assert (err.code, err.reason) == (None, "malformed-reply")


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "n\u00e4me", "x" * 101], ids=ascii)
def test_what_is_no_request_id_is_not_taken_for_one(text: str) -> None:
    """The same holds for the request id."""
    result = read(CALL, Reply(200, {"x-amzn-requestid": text}, b"{}"))
    assert answered(result).request_id is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [(408, "service-unavailable"), (429, "throttled"), (502, "service-unavailable"), (500, "service-unavailable")],
)
def test_a_box_on_the_way_with_names_of_its_own_is_read_by_its_status(status: int, reason: str) -> None:
    """A name that the service does not have leaves the status to decide, and is kept."""
    err = failed(status, {"code": "ECONNRESET"})
    assert (err.reason, err.code, err.status) == (reason, "ECONNRESET", status)


# Date headers, and the seconds since the epoch that they say.
DATES: Final[dict[str, tuple[str, float | None]]] = {
    "of today's form": ("Tue, 07 Jul 2026 09:05:03 GMT", 1783415103.0),
    "with another zone": ("Tue, 07 Jul 2026 11:05:03 +0200", 1783415103.0),
    "without a zone": ("Tue, 07 Jul 2026 09:05:03", 1783415103.0),
    "with an unknown zone": ("Tue, 07 Jul 2026 09:05:03 -0000", 1783415103.0),
    "of the first second": ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    "of the end of February": ("Sun, 28 Feb 2100 23:59:59 GMT", 4107542399.0),
    "of a leap day": ("Tue, 29 Feb 2028 12:00:00 GMT", 1835438400.0),
    "of the day after": ("Wed, 01 Mar 2028 00:00:00 GMT", 1835481600.0),
    "of a leap second": ("Sat, 31 Dec 2016 23:59:60 GMT", None),
    "the 29th of February of another year": ("Mon, 29 Feb 2027 12:00:00 GMT", None),
    "with a sign": ("Tue, +7 Jul 2026 09:05:03 GMT", 1783415103.0),
    "of RFC 850": ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777.0),
    "of asctime": ("Sun Nov  6 08:49:37 1994", 784111777.0),
    "of the last year": ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799.0),
    "before the epoch": ("Wed, 31 Dec 1969 23:59:59 GMT", None),
    "a negative year": ("Tue, 07 Jul -2026 09:05:03 GMT", None),
    "a year of five digits": ("Tue, 07 Jul 20260 09:05:03 GMT", None),
    "the 32nd": ("Tue, 32 Jul 2026 09:05:03 GMT", None),
    "a zone of four days": ("Tue, 07 Jul 2026 09:05:03 +9999", None),
    "nonsense": ("yesterday", None),
    "a number": ("1783415103", None),
    "nothing": ("", None),
    "a space": (" ", None),
    "very long": ("9" * 100_000, None),
}


@pytest.fixture
def far_east() -> Iterator[None]:
    """The local time is fourteen hours ahead, so that a date read in it would be seen."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Kiritimati"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize(("header", "seconds"), DATES.values(), ids=DATES.keys())
def test_the_services_clock_is_read_in_its_own_zone(header: str, seconds: float | None) -> None:
    """A Date header gives seconds since the epoch, whatever the local zone; nonsense gives None."""
    assert answered(read(CALL, Reply(200, {"date": header}, b"{}"))).date == seconds


def test_a_reply_without_a_date_has_none() -> None:
    """The service's clock is unknown where the reply does not tell it."""
    assert answered(read(CALL, Reply(200, {}, b"{}"))).date is None


KNOWN: Final = ("x-amzn-errortype", "x-amzn-errormessage", "x-amzn-requestid", "date", "content-type")
NAMES: Final = st.sampled_from(["__type", "message", "Message", "code", "Output"]) | st.text(max_size=3)
NESTED: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(
    status=st.integers(-1, 1000),
    headers=st.dictionaries(st.sampled_from(KNOWN) | st.text(), st.text(), max_size=4),
    body=st.binary() | st.dictionaries(NAMES, NESTED, max_size=4).map(lambda said: json.dumps(said).encode()),
    operation=st.sampled_from(["InitiateAuth", *EMPTY]),
)
@example(200, {"date": "Mon, 01 Jan 0001 00:00:00 +2359"}, b"{}", "InitiateAuth")
def test_no_reply_raises(status: int, headers: dict[str, str], body: bytes, operation: str) -> None:
    """Any status, headers and body give `Ok`, and then of a 200 alone, or an `Err` with that very status."""
    result = read(Call(operation, {}), Reply(status, headers, body))
    assert result.status == status if isinstance(result, Err) else (result.value.status, status) == (200, 200)


@given(st.text())
def test_no_date_raises(date: str) -> None:
    """Any text may stand in a Date header."""
    assert isinstance(answered(read(CALL, Reply(200, {"date": date}, b"{}"))).date, (float, type(None)))
