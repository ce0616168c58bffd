"""A bundle: what waits, in one file, accepted elsewhere as it is or refused whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from golden_runs import FINGERPRINT, ME, NAME, Bench, record, snapshot, tree_of

from simkit import __version__
from simkit.core.archive import pack
from simkit.core.errors import SimkitError
from simkit.core.hashing import digest
from simkit.golden import bundle
from simkit.golden.bundle import Standing, apply, examined, leave
from simkit.golden.history import HISTORY
from simkit.golden.pending import keep
from simkit.golden.store import GOLDEN, REASONS, Golden, encode_golden, read_golden
from simkit.golden.write import Identity

NOW = Standing(FINGERPRINT, (3,), ME)
Members = dict[str, bytes]


def moved(loop: int, docs: dict[str, Any]) -> None:
    if loop >= 4:
        docs["nav"]["nav"] = 1.0


def left(bench: Bench, edit: Any = moved, kind: str = "intended") -> Path:
    """A bundle with one result."""
    keep(bench.project, NAME, Identity(FINGERPRINT, 7, ME, (3,)), bench.loops(6, edit))
    target = bench.project.root / "bundle.zip"
    assert leave(bench.project, target, [(NAME, kind)]) == 1
    return target


def take(bench: Bench, file: Path, now: Standing | None = NOW, only: tuple[str, ...] = ()) -> list[str]:
    """Accept all of a bundle; the kinds."""
    with examined(bench.project, file, only, {NAME: now}.get) as results:
        return [
            apply(bench.project, ready, NOW, kind=None, reason="r", date="2025-01-09", on_wait=lambda: None)
            for ready in results
            if not ready.same
        ]


def contents(file: Path) -> Members:
    import zipfile

    with zipfile.ZipFile(file) as box:
        return {name: box.read(name) for name in box.namelist()}


def rewritten(file: Path, change: Callable[[Members], object]) -> Path:
    members = contents(file)
    change(members)
    pack(file, list(members.items()))
    return file


def resealed(members: Members, **changed: Any) -> None:
    """`golden.json` as somebody writes it who knows how: with the digests of what lies beside it, and its seal."""
    prefix = f"golden/{NAME}/"
    golden = msgspec.json.decode(members[prefix + GOLDEN], type=Golden)
    found = {
        path.removeprefix(prefix): digest(data)
        for path, data in members.items()
        if path.startswith(prefix) and path != prefix + GOLDEN
    }
    golden = msgspec.structs.replace(golden, files=dict(sorted(found.items())), **changed)
    members[prefix + GOLDEN] = encode_golden(golden.sealed())


def test_what_was_left_is_accepted_byte_for_byte(bench: Bench) -> None:
    bench.accept(bench.loops(6))
    file = left(bench)
    expected = snapshot(bench.project.pending_of(NAME))
    shutil.rmtree(bench.project.work)
    assert take(bench, file) == ["intended"]
    found = snapshot(bench.golden)
    ledger = found.pop(REASONS).splitlines()
    assert found == expected
    assert len(ledger) == 2
    assert json.loads(ledger[1])["from"] == json.loads(ledger[0])["to"]
    assert take(bench, file) == []
    assert not list(bench.project.work.rglob("*history*"))


def test_the_same_results_leave_the_same_bytes(bench: Bench) -> None:
    first = left(bench).read_bytes()
    shutil.rmtree(bench.project.work)
    assert left(bench).read_bytes() == first


def test_nothing_that_waits_leaves_no_bundle_and_takes_an_old_one_away(bench: Bench) -> None:
    file = left(bench)
    assert leave(bench.project, file, []) == 0
    assert not file.exists()


def test_a_first_golden_and_names_that_choose(bench: Bench) -> None:
    file = left(bench, kind="new")
    with pytest.raises(SimkitError, match="holds no result for a/b; it has dd/SC-DD-010"):
        take(bench, file, only=("a/b",))
    assert take(bench, file, only=(NAME,)) == ["new"]


MISMATCHES: dict[str, tuple[Standing | None, dict[str, Any], str]] = {
    "scenario": (Standing("0" * 16, (3,), ME), {}, "scenario: it is another here"),
    "executor": (
        Standing(FINGERPRINT, (3,), "acme"),
        {},
        "executor: run with 'reference', here acme plays it",
    ),
    "no scenario": (None, {}, "no scenario here that has a golden of this name"),
    "simkit": (NOW, {"simkit": "9.9"}, f"simkit: it was made by '9.9', this is {__version__}"),
    "contract": (NOW, {"contract": "v8"}, "contract: it was made for 'v8', this simkit judges v7.6"),
    "format": (NOW, {"format": 2}, "it is of format 2, this simkit reads 1"),
}


@pytest.mark.parametrize("case", list(MISMATCHES))
def test_each_mismatch_is_refused_in_its_own_words(bench: Bench, case: str) -> None:
    now, manifest, message = MISMATCHES[case]
    file = left(bench)
    rewritten(
        file,
        lambda m: m.update({bundle.MANIFEST: json.dumps(json.loads(m[bundle.MANIFEST]) | manifest).encode()}),
    )
    before = snapshot(bench.project.root)
    with pytest.raises(SimkitError, match=message) as caught:
        take(bench, file, now)
    assert "nothing was written" in str(caught.value)
    assert snapshot(bench.project.root) == before


def test_a_golden_that_moved_since_is_another_mismatch(bench: Bench) -> None:
    file = left(bench)
    bench.accept(bench.loops(5))
    with pytest.raises(SimkitError, match="golden: another stands here than the one it was compared with"):
        take(bench, file)


def test_several_mismatches_are_told_at_once(bench: Bench) -> None:
    file = left(bench)
    with pytest.raises(SimkitError) as caught:
        take(bench, file, Standing("0" * 16, (3,), "acme"))
    assert str(caught.value).count("\n") == 2


def _history(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Members], None]:
    """Change the lines of the history, and let `golden.json` agree."""

    def act(members: Members) -> None:
        name = f"golden/{NAME}/{HISTORY}"
        lines = [json.loads(line) for line in members[name].splitlines()]
        change(lines)
        members[name] = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
        resealed(members)

    return act


def _file(path: str, data: bytes) -> Callable[[Members], None]:
    return lambda members: (members.update({f"golden/{NAME}/{path}": data}), resealed(members))  # type: ignore[func-returns-value]


def _escape(lines: list[dict[str, Any]]) -> None:
    lines[-1]["files"]["../../../outside"] = digest(b"{}")[:8]
    lines[-1].setdefault("new", {})["../../../outside"] = {}


FORGED: dict[str, tuple[Callable[[Members], object], str]] = {
    "no manifest": (lambda m: m.pop(bundle.MANIFEST), "it has no bundle.json"),
    "manifest of nonsense": (lambda m: m.update({bundle.MANIFEST: b"{"}), "bundle.json cannot be read"),
    "manifest of depth": (
        lambda m: m.update({bundle.MANIFEST: b'{"format":1,"results":' + b"[" * 100_000}),
        "bundle.json cannot be read",
    ),
    "a name that leaves": (
        lambda m: m.update({bundle.MANIFEST: m[bundle.MANIFEST].replace(b"dd/SC", b"../SC")}),
        "the name '../SC-DD-010' leaves the folder",
    ),
    "a stranger": (lambda m: m.update({"other.txt": b""}), "'other.txt' belongs to no result"),
    "a stranger in a golden": (
        lambda m: m.update({f"golden/{NAME}/more": b""}),
        "'more' is in one of golden.json and the bundle only",
    ),
    "a file less": (lambda m: m.pop(f"golden/{NAME}/timeline.csv"), "'timeline.csv' is in one of"),
    "no golden.json": (lambda m: m.pop(f"golden/{NAME}/{GOLDEN}"), "has no golden.json"),
    "a ledger of its own": (
        lambda m: m.update({f"golden/{NAME}/{REASONS}": b""}),
        "'reasons.jsonl' is in one of",
    ),
    "an edit": (
        lambda m: m.update({f"golden/{NAME}/timeline.csv": b"x"}),
        r"timeline\.csv is not what golden\.json says",
    ),
    "an edited seal": (
        lambda m: m.update(
            {f"golden/{NAME}/{GOLDEN}": m[f"golden/{NAME}/{GOLDEN}"].replace(b'"seed": 7', b'"seed": 8')}
        ),
        "golden.json was edited by hand",
    ),
    "a lie in the final tree": (_file("logs/state/nav.json", b"{}\n"), "do not follow from its history"),
    "a lie in the timeline": (_file("timeline.csv", b"x\n"), "do not follow from its history"),
    "a file of nobody": (_file("logs/state/more.json", b"{}\n"), "do not follow from its history"),
    "a lie in the history": (
        _history(lambda ls: ls[3].update(time="2025-01-06T00:00:00+00:00")),
        "does not hold",
    ),
    "a loop less": (_history(lambda ls: ls.pop()), "does not hold"),
    "a path in the history": (_history(_escape), "does not hold"),
    "an array without end": (
        _history(
            lambda ls: ls[3].setdefault("changes", {}).update(positions_state={"positions": {"#": 10**12}})
        ),
        "does not hold: L4: a change does not fit",
    ),
    "a depth without end": (
        lambda m: (m.update({f"golden/{NAME}/{HISTORY}": b'{"running":"' + b"[" * 100_000}), resealed(m)),
        "does not hold",
    ),
    "no history": (lambda m: (m.pop(f"golden/{NAME}/{HISTORY}"), resealed(m)), "has no history.jsonl"),
    "an empty history": (
        lambda m: (m.update({f"golden/{NAME}/{HISTORY}": b""}), resealed(m)),
        "does not hold",
    ),
}


@pytest.mark.parametrize("case", list(FORGED))
def test_a_forged_bundle_is_refused_whole(bench: Bench, case: str) -> None:
    change, message = FORGED[case]
    bench.accept(bench.loops(6))
    file = rewritten(left(bench), change)
    before = snapshot(bench.project.root.parent)
    with pytest.raises(SimkitError, match=message) as caught:
        take(bench, file)
    assert "refused, and nothing was written" in str(caught.value)
    assert snapshot(bench.project.root.parent) == before


def test_a_path_that_leaves_is_not_written_even_where_all_hashes_agree(bench: Bench) -> None:
    """The forger records a run whose executor wrote outside of its folder, and renames nothing."""
    outside = "logs/state/../../../../outside"
    run = bench.run([record(1, tree_of(1) | {outside: b"{}"})])
    with pytest.raises(ValueError, match="leaves the folder"):
        keep(bench.project, NAME, Identity(FINGERPRINT, 7, ME), run)
    assert not list(bench.project.root.parent.rglob("outside"))


def test_a_history_that_speaks_of_more_than_may_be_followed_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = left(bench)
    monkeypatch.setattr(bundle, "_WORK", 2000)
    with pytest.raises(SimkitError, match="its documents are too large"):
        take(bench, file)


def test_a_damaged_golden_is_replaced_from_a_bundle_that_saw_it_so(bench: Bench) -> None:
    bench.accept(bench.loops(6))
    (bench.golden / GOLDEN).write_bytes(b"<<<<<<< ours\n")
    file = left(bench)
    assert take(bench, file) == ["intended"]
    assert isinstance(read_golden(bench.golden), Golden)
