"""Dates of HTTP headers. The usual form is read without Python's own parser, whose import costs a cold start dear."""

from __future__ import annotations

from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Without the leap day, which is left to Python's own parser.
_LAST_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def date_of(header: str | None) -> float | None:
    """Return the seconds since the epoch of a Date header, or None. Some platforms know no time before the epoch."""
    if header is None:
        return None
    usual = _usual_date(header)
    if usual is not None:
        return usual
    from datetime import UTC
    from email.utils import parsedate_to_datetime  # here: servers send the usual form

    try:
        when = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # HTTP has no other zone. Without a zone, Python would use the local one.
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds >= 0 else None


def _usual_date(header: str) -> float | None:
    """Return the seconds of a date as `Tue, 07 Jul 2026 09:05:03 GMT` (RFC 9110, section 5.6.7); None for any other."""
    try:
        _, *date, time, zone = header.split(" ")
        (day, year), month = map(int, date[::2]), _MONTHS.index(date[1])
        hour, minute, second = map(int, time.split(":"))
    except (ValueError, IndexError):
        return None
    digits = (date[0] + date[2] + time.replace(":", "")).encode()
    if len(digits) != 12 or not digits.isdigit() or zone != "GMT":
        return None
    if not (0 < day <= _LAST_DAYS[month] and hour < 24 and minute < 60 and second < 60 and year >= 1970):
        return None
    # Counted from the 1st of March, so that a leap day is a year's last.
    years = year - (month < 2)
    days = years * 365 + years // 4 - years // 100 + years // 400 + (153 * ((month + 10) % 12) + 2) // 5 + day - 719469
    return float(days * 86400 + hour * 3600 + minute * 60 + second)
