"""The same scenario and seed give the same bytes: in one process, in two, under any hash seed, zone and locale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Enough for every event of the short scenarios; the slow test runs all loops of all files.
LOOPS, ONE_OF = 25, 10
SCRIPT = Path(__file__).with_name("digest.py")


def digests(
    change: Mapping[str, str], *, until: int = LOOPS, times: int = 1, one_of: int = ONE_OF, leak: str = ""
) -> dict[str, set[str]]:
    """What the digest script prints under a changed environment: name -> the distinct rests of its lines."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "TZ"))
    }
    environment.update({"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **change})
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(until), str(times), str(one_of), leak],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        name, rest = line.split(" ", 1)
        found.setdefault(name, set()).add(rest)
    assert found, "no scenario ran"
    return found


@pytest.fixture(scope="module")
def usual() -> dict[str, set[str]]:
    return digests({}, times=2)


def test_twice_in_one_process(usual: dict[str, set[str]]) -> None:
    assert {name: len(rests) for name, rests in usual.items() if len(rests) != 1} == {}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"PYTHONHASHSEED": "0"}, id="a second process"),
        pytest.param({"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"}, id="hash seed 1, 14 hours ahead"),
        pytest.param(
            {"PYTHONHASHSEED": "random", "TZ": "America/St_Johns", "LC_ALL": "C"},
            id="any hash seed, a half-hour zone, locale C",
        ),
    ],
)
def test_same_bytes_under(change: Mapping[str, str], usual: dict[str, set[str]]) -> None:
    assert digests(change) == usual


def test_same_bytes_under_a_comma_decimal_locale(tmp_path: Path, usual: dict[str, set[str]]) -> None:
    built = subprocess.run(
        ["localedef", "--no-archive", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE.UTF-8")],
        capture_output=True,
        text=True,
        check=False,
    )
    if not (tmp_path / "de_DE.UTF-8").exists():
        pytest.skip(f"localedef could not build de_DE.UTF-8 on this machine: {built.stderr.strip()}")
    change = {"LOCPATH": str(tmp_path), "LC_ALL": "de_DE.UTF-8"}
    probe = subprocess.run(
        [sys.executable, "-c", "import locale; locale.setlocale(locale.LC_ALL, ''); print(f'{1.5:n}')"],
        env={**os.environ, **change}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert probe.stdout.strip() == "1,5", "the locale is not in force"
    assert digests(change) == usual


def test_a_planted_leak_is_seen(usual: dict[str, set[str]]) -> None:
    """With a dependence on the hash seed planted, two hash seeds give different bytes: the comparison can fail."""
    one, two = (digests({"PYTHONHASHSEED": seed}, leak="leak") for seed in ("1", "2"))
    assert one.keys() == two.keys() == usual.keys()
    assert all(one[name] != two[name] for name in one)


@pytest.mark.slow
def test_every_loop_of_every_scenario_is_the_same_under_a_hostile_environment() -> None:
    hostile = {"PYTHONHASHSEED": "random", "TZ": "America/St_Johns", "LC_ALL": "C"}
    assert digests(hostile, until=10**9, one_of=1) == digests({}, until=10**9, one_of=1)
