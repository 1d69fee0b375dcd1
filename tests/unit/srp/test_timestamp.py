"""The timestamp of a proof: one wrong letter of it looks to the user like a wrong password."""

from __future__ import annotations

import ast
import json
import locale
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from cognito_raw.srp import exchange
from cognito_raw.srp import exchange as srp
from tests.support.programs import run

# Every weekday, every month, and the days and hours where others have gone wrong.
KNOWN = {
    "1970-01-01T00:00:00": "Thu Jan 1 00:00:00 UTC 1970",
    "2000-02-29T23:59:59": "Tue Feb 29 23:59:59 UTC 2000",
    "2024-02-29T12:00:00": "Thu Feb 29 12:00:00 UTC 2024",
    "2024-12-31T23:59:59": "Tue Dec 31 23:59:59 UTC 2024",
    "2026-01-01T00:00:00": "Thu Jan 1 00:00:00 UTC 2026",
    "2026-03-09T09:09:09": "Mon Mar 9 09:09:09 UTC 2026",
    "2026-03-10T10:10:10": "Tue Mar 10 10:10:10 UTC 2026",
    "2026-04-05T01:30:00": "Sun Apr 5 01:30:00 UTC 2026",
    "2026-05-01T13:00:00": "Fri May 1 13:00:00 UTC 2026",
    "2026-06-30T23:59:59": "Tue Jun 30 23:59:59 UTC 2026",
    "2026-07-07T09:05:03": "Tue Jul 7 09:05:03 UTC 2026",
    "2026-08-15T12:34:56": "Sat Aug 15 12:34:56 UTC 2026",
    "2026-09-05T00:00:01": "Sat Sep 5 00:00:01 UTC 2026",
    "2026-10-25T01:00:00": "Sun Oct 25 01:00:00 UTC 2026",
    "2026-11-11T11:11:11": "Wed Nov 11 11:11:11 UTC 2026",
    "2038-01-19T03:14:08": "Tue Jan 19 03:14:08 UTC 2038",
    "2100-03-01T00:00:00": "Mon Mar 1 00:00:00 UTC 2100",
}
SHAPE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"([1-9]|[12][0-9]|3[01]) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] UTC [0-9]{4}",
    re.ASCII,
)
# One for each weekday and month, at night, when a zone of this earth shows another day.
MOMENTS = [datetime(2026, month, 3 + month, 23, 59, 59, tzinfo=UTC).timestamp() for month in range(1, 13)]
ENGLISH = [
    "Sun Jan 4 23:59:59 UTC 2026",
    "Thu Feb 5 23:59:59 UTC 2026",
    "Fri Mar 6 23:59:59 UTC 2026",
    "Tue Apr 7 23:59:59 UTC 2026",
    "Fri May 8 23:59:59 UTC 2026",
    "Tue Jun 9 23:59:59 UTC 2026",
    "Fri Jul 10 23:59:59 UTC 2026",
    "Tue Aug 11 23:59:59 UTC 2026",
    "Sat Sep 12 23:59:59 UTC 2026",
    "Tue Oct 13 23:59:59 UTC 2026",
    "Sat Nov 14 23:59:59 UTC 2026",
    "Tue Dec 15 23:59:59 UTC 2026",
]
PROGRAM = """
import json, locale, sys, time
from cognito_raw.srp import exchange as srp
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
moments = json.loads(sys.argv[1])
native = [time.strftime("%a %b", time.gmtime(moment)) for moment in moments]
local = [list(time.localtime(moment)[2:5]) for moment in moments]
print(json.dumps([[srp.timestamp(moment) for moment in moments], native, local]))
"""


def _rearranged(moment: datetime) -> str:
    """The same moment by way of the standard library's mail dates, which are English by law."""
    weekday, day, month, year, clock, _ = format_datetime(moment).replace(",", "").split()
    return f"{weekday} {month} {int(day)} {clock} UTC {year}"


def _in_another_process(settings: Mapping[str, str]) -> tuple[list[str], list[str], list[list[int]]]:
    """The moments as a process with these settings writes them: ours, in its language, on its clock."""
    ours, native, local = json.loads(run(PROGRAM, json.dumps(MOMENTS), environment=settings))
    return ours, native, local


@pytest.mark.parametrize(("moment", "text"), KNOWN.items(), ids=KNOWN.keys())
def test_a_moment_is_written_as_the_service_writes_it(moment: str, text: str) -> None:
    """English names, no zero before the day, 24 hours from 00 to 23, and the zone is UTC."""
    assert srp.timestamp(datetime.fromisoformat(f"{moment}+00:00").timestamp()) == text


@pytest.mark.parametrize("year", [1999, 2000, 2023, 2024, 2026, 2099, 2100])
def test_every_hour_of_a_year_is_written_right(year: int) -> None:
    """Every hour of every day, at its first and its last second, in leap years and in others."""
    hour, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while hour < end:
        for moment in (hour, hour + timedelta(minutes=59, seconds=59)):
            text = srp.timestamp(moment.timestamp())
            assert text == _rearranged(moment)
            assert SHAPE.fullmatch(text)
        hour += timedelta(hours=1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.999999, "Thu Jan 1 00:00:00 UTC 1970"),
        (59.9999999, "Thu Jan 1 00:00:59 UTC 1970"),
        (86399.5, "Thu Jan 1 23:59:59 UTC 1970"),
        (-0.5, "Wed Dec 31 23:59:59 UTC 1969"),
        (1783415103, "Tue Jul 7 09:05:03 UTC 2026"),
        (1783415103.9999998, "Tue Jul 7 09:05:03 UTC 2026"),
    ],
)
def test_a_fraction_of_a_second_is_dropped(seconds: float, text: str) -> None:
    """A second is written until it is over: nothing is rounded up into the next one."""
    assert srp.timestamp(seconds) == text


def _installed() -> set[str]:
    """The locales of this machine, as it lists them; every machine has two."""
    names = {"C", "POSIX"}
    if tool := shutil.which("locale"):
        listed = subprocess.run([tool, "-a"], capture_output=True, check=False, timeout=300)
        names.update(listed.stdout.decode("utf-8", "replace").split())
    return names


@pytest.fixture
def restored_locale() -> Iterator[None]:
    """The process speaks afterwards as it did before."""
    before = locale.setlocale(locale.LC_ALL)
    yield
    locale.setlocale(locale.LC_ALL, before)


@pytest.mark.usefixtures("restored_locale")
def test_every_installed_locale_writes_the_same() -> None:
    """Whatever language a program has set, the timestamp is English."""
    used = set()
    for name in sorted(_installed()):
        try:
            locale.setlocale(locale.LC_ALL, name)
        except locale.Error:
            continue  # listed, but broken on this machine
        used.add(name)
        assert [srp.timestamp(moment) for moment in MOMENTS] == ENGLISH
    assert used >= {"C", "POSIX"}


@pytest.mark.parametrize("name", ["C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "en_US.UTF-8", "nonsense"])
def test_the_environment_s_language_does_not_matter(name: str) -> None:
    """A process started in any language, installed or not, writes English."""
    ours, _, _ = _in_another_process({"LC_ALL": name, "LANG": name, "LANGUAGE": name})
    assert ours == ENGLISH


@pytest.mark.parametrize("name", ["de_DE", "th_TH"])
def test_another_language_in_force_does_not_matter(name: str, tmp_path: Path) -> None:
    """A process that speaks German or Thai writes English; the language is made for it, as machines seldom have it."""
    tool, source = shutil.which("localedef"), Path("/usr/share/i18n/locales", name)
    if tool is None or not source.exists():
        pytest.skip(f"{name} cannot be made here: there is no localedef, or no {source}")
    made = subprocess.run(
        [tool, "-i", name, "-f", "UTF-8", str(tmp_path / f"{name}.UTF-8")],
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (tmp_path / f"{name}.UTF-8").is_dir(), made.stderr
    ours, native, _ = _in_another_process({"LC_ALL": f"{name}.UTF-8", "LOCPATH": str(tmp_path)})
    assert native != [" ".join(text.split()[:2]) for text in ENGLISH]  # it was really in force
    assert ours == ENGLISH


# Rules instead of names, so that no machine lacks them. None of the `right/` zones, which count leap seconds: on
# such a machine the very number of seconds means another moment.
@pytest.mark.parametrize(
    "zone", ["NPT-5:45", "LINT-14", "NST3:30NDT,M3.2.0,M11.1.0", "IDLW12", "AAA-24:59:59", "ZZZ24:59:59", "UTC-0:00:01"]
)
def test_the_environment_s_zone_does_not_matter(zone: str) -> None:
    """A process in any zone, with summer time or without, writes UTC."""
    ours, _, local = _in_another_process({"TZ": zone})
    assert ours == ENGLISH
    if os.name == "posix":  # the zone was really in force
        assert local != [[int(text.split()[2]), 23, 59] for text in ENGLISH]


def test_the_module_formats_no_time_by_locale() -> None:
    """On a machine without other languages too: nothing that depends on the locale or the zone is named at all."""
    tree = ast.parse(Path(exchange.__file__).read_text("utf-8"))
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    named |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }
    assert "gmtime" in named
    assert not named & {
        "strftime",
        "strptime",
        "ctime",
        "asctime",
        "localtime",
        "mktime",
        "locale",
        "calendar",
        "datetime",
    }
