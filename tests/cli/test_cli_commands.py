"""The frame: help, choosing scenarios, list, run, show, interrupts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simkit import __version__
from simkit.cli import COMMANDS
from simkit.core.errors import Exit
from simkit.core.legacy import LEGACY, PROFILES
from simkit.scenario.compile_faults import FAULTS

VARIANTS = "variants:\n  plain: {}\n  bare: {executor: {tp_sl: {seed: false}}}\n"


def chosen(result: Any) -> list[str]:
    """The runs that `simkit list` shows."""
    assert result.exit_code == Exit.SAME, result.output
    return [line.split()[0] for line in result.output.splitlines()[1:]]


@pytest.fixture
def three(bench: Any) -> Any:
    bench.scenario("nav/one", "tags: [slow, INC]\n")
    bench.scenario("nav/deep/two", VARIANTS)
    bench.scenario("ledger/three", "incident: INC-07\n")
    return bench


def test_without_a_command_it_shows_its_help(bench: Any) -> None:
    result = bench()
    assert result.exit_code == Exit.SAME
    assert all(f"  {name} " in result.output for name in COMMANDS)
    assert bench("--version").output == f"simkit {__version__}\n"
    assert bench("-h").output == result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(bench: Any, name: str) -> None:
    result = bench(name, "--help")
    assert result.exit_code == Exit.SAME
    assert result.output.startswith(f"Usage: simkit {name} ")


def test_help_loads_click_and_nothing_of_ours_but_errors(bench: Any) -> None:
    code = "import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))"
    process = bench.process("--help", code=code)
    _, modules = process.communicate()
    assert process.returncode == Exit.SAME
    loaded = modules.split()
    assert [name for name in loaded if name.startswith("simkit")] == [
        "simkit", "simkit.cli", "simkit.core", "simkit.core.errors",
    ]  # fmt: skip
    assert not {"msgspec", "rich", "pytest", "ruamel", "syrupy", "xxhash", "tomllib"} & set(loaded)


@pytest.mark.parametrize(
    ("word", "near"),
    [("chek", "Did you mean 'check'?"), ("zzz", "Commands: init, list"), ("--what", "--what")],
)
def test_an_unknown_command_is_wrong_usage(bench: Any, word: str, near: str) -> None:
    result = bench(word)
    assert result.exit_code == Exit.USAGE
    assert near in result.output


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["ledger/three", "nav/deep/two@plain", "nav/deep/two@bare", "nav/one"]),
        (("nav",), ["nav/deep/two@plain", "nav/deep/two@bare", "nav/one"]),
        (("nav/",), ["nav/deep/two@plain", "nav/deep/two@bare", "nav/one"]),
        (("scenarios/nav",), ["nav/deep/two@plain", "nav/deep/two@bare", "nav/one"]),
        (("nav/deep/two",), ["nav/deep/two@plain", "nav/deep/two@bare"]),
        (("two",), ["nav/deep/two@plain", "nav/deep/two@bare"]),
        (("two@bare",), ["nav/deep/two@bare"]),
        (("nav/deep/two@bare",), ["nav/deep/two@bare"]),
        (("scenarios/nav/deep/two.yaml",), ["nav/deep/two@plain", "nav/deep/two@bare"]),
        (("scenarios/nav/deep/two.yaml::bare",), ["nav/deep/two@bare"]),
        (("scenarios/nav/deep/two.yaml@bare",), ["nav/deep/two@bare"]),
        (("scenarios/nav/one.yaml::one",), ["nav/one"]),
        (("nav/one.yaml",), ["nav/one"]),
        (("one", "three", "one"), ["ledger/three", "nav/one"]),
        (("-k", "slow"), ["nav/one"]),
        (("-k", "inc-07"), ["ledger/three"]),
        (("-k", "inc"), ["ledger/three", "nav/one"]),
        (("nav", "-k", "not bare"), ["nav/deep/two@plain", "nav/one"]),
    ],
)
def test_scenarios_are_chosen_by_path_name_and_expression(
    three: Any, words: tuple[str, ...], names: list[str]
) -> None:
    assert chosen(three("list", *words)) == names


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("nav/onne", "Did you mean nav/one"),
        ("tree", "three"),
        ("zzzzzz", "simkit list shows"),
        ("two@bear", "Did you mean two@bare"),
        ("scenarios/nav/deep/two.yaml::bear", "it has plain, bare"),
        ("pyproject.toml", "not below the scenario folder scenarios/"),
    ],
)
def test_an_unknown_scenario_gives_the_nearest_names(three: Any, word: str, says: str) -> None:
    result = three("check", word)
    assert result.exit_code == Exit.USAGE
    assert says in result.output


def test_an_ending_that_several_share_is_refused(three: Any) -> None:
    three.scenario("ledger/one")
    result = three("check", "one")
    assert result.exit_code == Exit.USAGE
    assert "ledger/one, nav/one" in result.output


def test_an_expression_that_fits_nothing_is_wrong_usage(three: Any) -> None:
    result = three("check", "-k", "nothing_like_it")
    assert result.exit_code == Exit.USAGE
    assert "holds for none of 4 scenarios" in result.output


def test_it_works_from_a_folder_inside_the_project(three: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(three.root / "scenarios/nav")
    assert chosen(three("list", "one.yaml")) == ["nav/one"]
    assert chosen(three("list", ".")) == ["nav/deep/two@plain", "nav/deep/two@bare", "nav/one"]


def test_list_goes_on_past_an_invalid_scenario(three: Any) -> None:
    three.scenario("nav/bad", "nonsense: 1\n")
    result = three("list")
    assert result.exit_code == Exit.SCENARIO_INVALID
    assert "nav/bad                 ?            cannot be read" in result.output
    assert "scenarios/nav/bad.yaml:10:1: " in result.output
    assert "ledger/three" in result.output


def test_list_faults_shows_what_can_be_broken(bench: Any) -> None:
    result = bench("list", "--faults")
    assert result.exit_code == Exit.SAME
    lines = result.output.splitlines()
    shown = {line.split()[0]: line for line in lines if line.startswith("  ") and line[2] != " "}
    assert set(shown) == {*FAULTS, *LEGACY, *PROFILES}
    assert shown["ghost_ledger_entry"].endswith("INV-L04 INV-X03")
    assert shown["D-37"].endswith(LEGACY["D-37"])
    assert [line for line in lines if line.startswith("      Must survive: ")] == [
        f"      Must survive: {kind.survives}." for _, kind in sorted(FAULTS.items())
    ]


def test_run_tells_what_happened_and_leaves_the_tree(bench: Any) -> None:
    bench.scenario("nav/one")
    result = bench("run", "nav/one")
    assert result.exit_code == Exit.SAME
    assert result.output.splitlines() == [
        "nav/one: A target is hit",
        "  6 loops, 1 signal, 2 orders, 2 fills, 0 vetoes",
        "  L2     signal   open BTCUSDT:LONG 1, tp 103, sl 98",
        "  L2     order    fill BTCUSDT:LONG buy 1 @ 100 (entry)",
        "  L4     order    fill BTCUSDT:LONG sell 1 @ 104 (tp, pnl 4 USD)",
        "  findings  none",
        "  tree      .simkit/runs/nav/one/logs/state/",
    ]
    tree = bench.root / ".simkit/runs/nav/one/logs/state"
    assert json.loads((tree / "nav.json").read_text())["nav"] == 10004.0
    before = bench.files(".simkit/runs")
    bench("run", "nav/one")
    assert bench.files(".simkit/runs") == before
    assert sorted(p.name for p in (bench.root / ".simkit/runs/nav").iterdir()) == ["one"]


def test_run_says_what_is_broken(bench: Any) -> None:
    bench.scenario("nav/one", "expect:\n  L3: {open_positions_count: 2}\n")
    result = bench("run", "nav/one")
    assert result.exit_code == Exit.BROKEN
    assert "1 thing broken" in result.output
    assert "expected 2" in result.output


def test_the_work_folder_can_be_moved(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.scenario("nav/one")
    monkeypatch.setenv("SIMKIT_DIR", str(tmp_path / "elsewhere"))
    bench("run", "nav/one")
    assert (tmp_path / "elsewhere/runs/nav/one/logs/state/nav.json").is_file()
    assert not (bench.root / ".simkit").exists()


@pytest.mark.parametrize("loop", ["4", "L4", "l4"])
@pytest.mark.parametrize("surface", ["risk_snapshot", "S7", "s7", "risk_snapshot.json"])
def test_show_prints_one_surface_of_one_loop(bench: Any, loop: str, surface: str) -> None:
    bench.scenario("nav/one")
    result = bench("show", "nav/one", "--loop", loop, "--surface", surface)
    assert result.exit_code == Exit.SAME
    head, text = result.output.split("\nlogs/state/risk_snapshot.json\n")
    assert head.splitlines() == [
        "nav/one L4",
        "  order    fill BTCUSDT:LONG sell 1 @ 104 (tp, pnl 4 USD)",
    ]
    assert json.loads(text)["risk_mode"] == "OK"


def test_show_prints_everything_of_a_quiet_loop(bench: Any) -> None:
    bench.scenario("nav/one")
    result = bench("show", "nav/one", "--loop", "3")
    assert "  nothing happened\n" in result.output
    assert result.output.count("\nlogs/state/") >= 11


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--loop", "7"), "there is no L7"),
        (("--loop", "0"), "is no loop"),
        (("--loop", "two"), "is no loop"),
        ((), "--loop"),
        (("--loop", "3", "--surface", "navv"), "there is "),
    ],
)
def test_show_refuses_what_is_not_there(bench: Any, words: tuple[str, ...], says: str) -> None:
    bench.scenario("nav/one")
    result = bench("show", "nav/one", *words)
    assert result.exit_code == Exit.USAGE
    assert says in result.output


def test_show_wants_one_variant(three: Any) -> None:
    result = three("show", "two", "--loop", "1")
    assert result.exit_code == Exit.USAGE
    assert "nav/deep/two@plain, nav/deep/two@bare" in result.output


def test_python_m_simkit_is_simkit(bench: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simkit", "--version"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (Exit.SAME, f"simkit {__version__}\n")


HANGING = """
import os, signal
from simkit import check
def simulate(scenario, folder, **more):
    (folder / "logs").mkdir(parents=True)
    os.write(2, f"{os.getpid()} {folder}\\n".encode())  # one write: two workers share the pipe
    while True:
        signal.pause()
check.simulate = simulate
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_leaves_130_and_nothing_else(bench: Any, processes: int) -> None:
    for number in range(3):
        bench.scenario(f"nav/s{number}")
    process = bench.process("check", "-j", str(processes), code=HANGING, start_new_session=True)
    started = [process.stderr.readline().split() for _ in range(processes)]
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED
    assert "Traceback" not in errors
    assert output == ""
    for worker, folder in started:
        assert not Path(folder).exists() and not Path(folder).parent.exists()
        with pytest.raises(ProcessLookupError):
            os.kill(int(worker), 0)
    assert not (bench.root / "golden").exists()
    assert not (bench.root / ".simkit/pending").exists()


def test_a_reader_that_leaves_is_no_bug(bench: Any) -> None:
    process = bench.process(
        "list", "--faults", code="import sys; sys.stdin.readline()", stdin=subprocess.PIPE
    )
    process.stdout.close()
    process.stdin.write("go\n")
    process.stdin.close()
    errors = process.stderr.read()
    assert process.wait() == Exit.IO
    assert errors == ""
    assert not (bench.root / ".simkit").exists()
