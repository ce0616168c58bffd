"""Every mistake of meaning, with its place and its words; several at once."""

from __future__ import annotations

import pytest
from scenario_texts import HEAD, compiled, mistakes, wrong

from simkit.core.errors import ScenarioError

CASES = {
    "unknown key": ("prcies: {A: 1}", "1:1: unknown key `prcies` | did you mean `prices`?"),
    "unknown key inside": (
        "signals: [{at: L3, open: BTCUSDT:LONG, qty: 1, tpp: 3}]",
        "1:48: unknown key `tpp` | did you mean `tp`?",
    ),
    "no map": ("signals: [x]", "1:11: found `x`, expected a map"),
    "no list": ("signals: {at: L3}", "1:10: found a map {…}, expected a list of signals"),
    "nothing": ("expect:", "1:1: found nothing, expected a map of loops"),
    "text wanted": ("title: 2024", "1:8: found `2024`, expected text | put it in quotes"),
    "Norway": ("canary: no", "1:9: found `no`, expected true or false"),
    # Loops
    "beyond the end": (
        "signals: [{at: L11, open: BTCUSDT:LONG, qty: 1}]",
        "1:16: `L11` lies beyond the end: the last loop is L10",
    ),
    "no loop": (
        "signals: [{at: 3, open: BTCUSDT:LONG, qty: 1}]",
        "1:16: found `3`, expected a loop such as `L3` | write `L3`",
    ),
    "one loop only": (
        "events: [{at: L2..L3, deposit: 5}]",
        "1:15: found `L2..L3`, expected a loop such as `L3`",
    ),
    "checkpoint": ("checkpoints: [L11]", "1:15: `L11` lies beyond the end: the last loop is L10"),
    # Symbols and keys
    "unpriced": (
        "signals: [{at: L3, open: BTCUSD:LONG, qty: 1}]",
        "1:26: `BTCUSD` has no price: what is priced is the universe | did you mean `BTCUSDT`?",
    ),
    "side": (
        "signals: [{at: L3, open: BTCUSDT:LNG, qty: 1}]",
        "1:26: `LNG` is no side | did you mean `LONG`?",
    ),
    "no key": (
        "signals: [{at: L3, close: BTCUSDT}]",
        "1:27: found `BTCUSDT`, expected `SYMBOL:SIDE` | write `BTCUSDT:LONG` or `BTCUSDT:SHORT`",
    ),
    "position's symbol": (
        "positions: {SOLUSDT:LONG: {qty: 1, entry: 10}}",
        "1:13: `SOLUSDT` has no price: what is priced is the universe | known here: BTCUSDT, ETHUSDT",
    ),
    "history's symbol": (
        "history: {BTCUSD: [1]}",
        "1:11: `BTCUSD` has no price: what is priced is the universe | did you mean `BTCUSDT`?",
    ),
    "restricted symbol": (
        "executor: {limits: {restricted: [ETHUSD]}}",
        "1:34: `ETHUSD` has no price: what is priced is the universe | did you mean `ETHUSDT`?",
    ),
    # Signals
    "both sizes": (
        "signals: [{at: L3, open: BTCUSDT:LONG, qty: 1, usd: 3}]",
        "1:11: a signal has exactly one of `qty`, `usd`; found `qty` and `usd`",
    ),
    "no size": (
        "signals: [{at: L3, open: BTCUSDT:LONG}]",
        "1:11: a signal has exactly one of `qty`, `usd`; found none",
    ),
    "no action": (
        "signals: [{at: L3, qty: 1}]",
        "1:11: a signal has exactly one of `open`, `close`; found none",
    ),
    "levels on a close": (
        "signals: [{at: L3, close: BTCUSDT:LONG, tp: 3}]",
        "1:45: a closing signal has no levels | leave `tp` out",
    ),
    "null level": (
        "signals: [{at: L3, open: BTCUSDT:LONG, qty: 1, tp: null}]",
        "1:52: found nothing, expected a price, or `none` | leave the key out, or write `none`",
    ),
    "reserved id": (
        "signals: [{at: L3, close: BTCUSDT:LONG, id: i-3-1}]",
        "1:45: ids such as `i-3-1` are given to signals without one | use another word",
    ),
    "id twice in a loop": (
        "signals: [{at: L2.., close: BTCUSDT:LONG, id: a}, {at: L3, close: BTCUSDT:LONG, id: a}]",
        "1:85: two intents named `a` in L3",
    ),
    # Events
    "restart of nothing": (
        "events: [{at: L1, restart: executor}]",
        "1:15: nothing runs before L1 that could be restarted | the earliest is L2",
    ),
    "restart of what": (
        "events: [{at: L2, restart: exec}]",
        "1:28: `exec` is unknown here | did you mean `executor`?",
    ),
    "no event": (
        "events: [{at: L2}]",
        (
            "1:10: an event has exactly one of `restart`, `deposit`, `withdraw`, `reset_peak`, `settings`; "
            "found none"
        ),
    ),
    "losing without restart": (
        "events: [{at: L2, deposit: 5, losing: [registry]}]",
        "1:39: only a restart loses files | leave `losing` out",
    ),
    "losing what": (
        "events: [{at: L2, restart: executor, losing: [registri]}]",
        "1:47: `registri` is unknown here | did you mean `registry`?",
    ),
    "amount": ("events: [{at: L2, deposit: 0}]", "1:28: `0`: an amount is above 0"),
    "false switch": (
        "events: [{at: L2, reset_peak: false}]",
        "1:31: `false` says nothing here | write `true` or leave the entry out",
    ),
    "defect in mid-run": (
        "events: [{at: L2, settings: {legacy: [D-11]}}]",
        "1:30: a defect is no setting: it cannot begin in mid-run | put `legacy` under `executor:`",
    ),
    # Faults
    "unknown fault": (
        "faults: [{at: L2, sync_dwn: true}]",
        "1:19: unknown key `sync_dwn` | did you mean `sync_down`?",
    ),
    "fault's amount": ("faults: [{at: L2, wrong_balance: many}]", "1:34: found `many`, expected a number"),
    "qty of no ghost": (
        "faults: [{at: L2, sync_down: true, qty: 3}]",
        "1:41: only `ghost_ledger_entry` and `ledger_qty` have this | leave `qty` out",
    ),
    "ghost nowhere": (
        "faults: [{at: L2, ghost_ledger_entry: BTCUSDT:LONG, qty: 1, entry: 2, in: []}]",
        "1:75: the entry appears nowhere | write `[ledger]` or `[ledger, registry]`",
    ),
    "ghost where": (
        "faults: [{at: L2, ghost_ledger_entry: BTCUSDT:LONG, qty: 1, entry: 2, in: [ledgr]}]",
        "1:76: `ledgr` is unknown here | did you mean `ledger`?",
    ),
    "two faults": (
        "faults: [{at: L2, latency: 1 s, slippage: 7 bps, symbol: BTCUSDT}]",
        (
            "1:10: a fault has exactly one word of its own; found `latency` and `slippage`"
            " | `simkit list --faults` names them"
        ),
    ),
    "no fault": (
        "faults: [{at: L2, symbol: BTCUSDT}]",
        "1:10: a fault has exactly one word of its own; found none | `simkit list --faults` names them",
    ),
    "symbol of another": (
        "faults: [{at: L2, mark_missing: BTCUSDT, symbol: BTCUSDT}]",
        "1:50: `mark_missing` takes no `symbol` | leave `symbol` out",
    ),
    "gap to nothing": (
        "faults: [{at: L2, price_gap: -100 %}]",
        "1:30: `-100 %`: a price moves, and stays above 0 | such as `-8 %`",
    ),
    "gap of nothing": (
        "faults: [{at: L2, price_gap: 0 %}]",
        "1:30: `0 %`: a price moves, and stays above 0 | such as `-8 %`",
    ),
    "part of nothing": (
        "faults: [{at: L2, part_fill: 0 %}]",
        "1:30: `0 %`: a part is more than nothing and less than all | `depth_gone: true` fills nothing",
    ),
    "part of all": (
        "faults: [{at: L2, part_fill: 100 %}]",
        "1:30: `100 %`: a part is more than nothing and less than all | `depth_gone: true` fills nothing",
    ),
    "funding of nothing": (
        "faults: [{at: L2, funding_shock: 0 bps}]",
        "1:34: `0 bps`: 0 changes nothing | leave the entry out",
    ),
    "transfer of nothing": (
        "faults: [{at: L2, undeclared_transfer: 0 USD}]",
        "1:40: `0 USD`: 0 changes nothing | leave the entry out",
    ),
    "liquidated twice": (
        "faults: [{at: L2..L3, liquidation: BTCUSDT:LONG}]",
        "1:15: a position is liquidated once: this is no fault of a range | write `L2`",
    ),
    "unknown bad mark": (
        "faults: [{at: L2, bad_mark: infinite}]",
        "1:29: `infinite` is unknown here | known here: nan, negative, zero",
    ),
    "when of another": (
        "faults: [{at: L2, power_cut: nav, when: after}]",
        "1:41: only `crash` has this | leave `when` out",
    ),
    "how of another": (
        "faults: [{at: L2, builder_error: nav, how: empty}]",
        "1:44: only `damaged_file` has this | leave `how` out",
    ),
    "levels of another": (
        "faults: [{at: L2, closed_outside: BTCUSDT:LONG, tp: 3}]",
        "1:53: only `ghost_ledger_entry` and `registry_levels` have this | leave `tp` out",
    ),
    "mark of what": (
        "faults: [{at: L2, mark_missing: BTCUSD}]",
        "1:33: `BTCUSD` has no price: what is priced is the universe | did you mean `BTCUSDT`?",
    ),
    "latency without a unit": (
        "faults: [{at: L2, latency: 900}]",
        "1:28: `900` has no unit of time | write `900 s` or `900 min`",
    ),
    "latency of what": (
        "faults: [{at: L2, latency: 1 s, symbol: BTCUSD}]",
        "1:41: `BTCUSD` has no price: what is priced is the universe | did you mean `BTCUSDT`?",
    ),
    "slippage without a unit": (
        "faults: [{at: L2, slippage: 7}]",
        "1:29: 7 could be 7 bps or 7 %: write one of them",
    ),
    "no slippage": (
        "faults: [{at: L2, slippage: 0 bps}]",
        "1:29: `0 bps`: a fill gets worse by more than 0",
    ),
    "refused how": (
        "faults: [{at: L2, order_refused: rejectd}]",
        "1:34: `rejectd` is unknown here | did you mean `rejected`?",
    ),
    "levels unsaid": (
        "faults: [{at: L2, registry_levels: BTCUSDT:LONG}]",
        "1:36: no level is said | add `tp` or `sl`, a price or `none`",
    ),
    "crash at what": (
        "faults: [{at: L2, crash: risk_snapsot}]",
        "1:26: `risk_snapsot` is unknown here | did you mean `risk_snapshot`?",
    ),
    "crash at the mirror": (
        "faults: [{at: L2, crash: nav_state}]",
        "1:26: `nav_state` is unknown here | did you mean `peak_state`?",
    ),
    "crash when": (
        "faults: [{at: L2, crash: nav, when: befor}]",
        "1:37: `befor` is unknown here | did you mean `before`?",
    ),
    "crash in a range": (
        "faults: [{at: L2..L3, crash: nav}]",
        "1:15: an executor dies once: this is no fault of a range | write `L2`",
    ),
    "power cut in a range": (
        "faults: [{at: L2.., power_cut: nav}]",
        "1:15: the power fails once: this is no fault of a range | write `L2`",
    ),
    "builder of a cache": (
        "faults: [{at: L2, builder_error: kpis}]",
        "1:34: `kpis` is unknown here | did you mean `kpis_v7`?",
    ),
    "damage unsaid": (
        "faults: [{at: L2, damaged_file: nav}]",
        "1:10: the key `how` is missing",
    ),
    "damage": (
        "faults: [{at: L2, damaged_file: nav, how: tuncated}]",
        "1:43: `tuncated` is unknown here | did you mean `truncated`?",
    ),
    "damage to a file of nobody": (
        "faults: [{at: L2, damaged_file: nav_confirmed, how: empty}]",
        "1:33: nobody writes `nav_confirmed`: the fault would change nothing",
    ),
    "a write of nobody": (
        "faults: [{at: L2, write_fails: positions}]",
        "1:32: nobody writes `positions`: the fault would change nothing",
    ),
    "a write of what": (
        "faults: [{at: L2, write_fails: surface}]",
        "1:32: `surface` is unknown here | did you mean `surfaces`?",
    ),
    "error": (
        "faults: [{at: L2, write_fails: all, error: ENOSPACE}]",
        "1:44: `ENOSPACE` is unknown here | did you mean `ENOSPC`?",
    ),
    "error of another": (
        "faults: [{at: L2, torn_write: nav, error: EIO}]",
        "1:43: only `write_fails` has this | leave `error` out",
    ),
    "torn where": (
        "faults: [{at: L2, torn_write: nav, after: half}]",
        "1:43: found `half`, expected a number",
    ),
    "folder": (
        "faults: [{at: L2, folder_missing: logs/state}]",
        "1:35: `logs/state` is unknown here | did you mean `state`?",
    ),
    "config": (
        "faults: [{at: L2, config_unreadable: false}]",
        "1:38: `false` says nothing here | write `true` or leave the entry out",
    ),
    # What a signal says of itself
    "leverage": (
        "signals: [{at: L2, open: BTCUSDT:LONG, qty: 1, leverage: 0}]",
        "1:58: found `0`, expected more than 0",
    ),
    "leverage of a close": (
        "signals: [{at: L2, close: BTCUSDT:LONG, leverage: 2}]",
        "1:51: a closing signal has no leverage | leave `leverage` out",
    ),
    "maker": (
        "signals: [{at: L2, open: BTCUSDT:LONG, qty: 1, maker: yes}]",
        "1:55: found `yes`, expected true or false",
    ),
    # Executor
    "defect": (
        "executor: {legacy: [D-38]}",
        "1:21: `D-38` is no defect that the executor can show | `simkit list --faults` names those it can",
    ),
    "legacy list": (
        "executor: {legacy: D-11}",
        "1:20: found `D-11`, expected a list such as [D-11], or `v7.6`",
    ),
    "profile": (
        "executor: {legacy: [v7.5]}",
        "1:21: `v7.5` is no defect that the executor can show | `simkit list --faults` names those it can",
    ),
    "no limit where there must be one": (
        "executor: {limits: {max_concurrent: none}}",
        "1:37: found `none`, expected a number",
    ),
    "bare fraction": (
        "executor: {limits: {max_trade_nav_pct: 0.11}}",
        "1:40: 0.11 could be 11 % or 0.11 %: write one of them",
    ),
    "bare duration": (
        "executor: {liveness: {signals_s: 900}}",
        "1:34: `900` has no unit of time | write `900 s` or `900 min`",
    ),
    "group": ("executor: {limit: {max_concurrent: 3}}", "1:12: unknown key `limit` | did you mean `limits`?"),
    "setting": (
        "executor: {limits: {max_conc: 3}}",
        "1:21: unknown key `max_conc` | did you mean `max_concurrent`?",
    ),
    "without group": (
        "executor: {kill_switch: true}",
        "1:12: `kill_switch` belongs to a group | write `limits: {kill_switch: …}`",
    ),
    "never": ("executor: {intel: {every: 0}}", "1:27: found `0`, expected more than 0"),
    "negative": ("executor: {limits: {max_trade_nav_pct: -1 %}}", "1:40: found `-1 %`, expected 0 or more"),
    "word": ("executor: {intel: {rv_mode: zsore}}", "1:29: `zsore` is unknown here | did you mean `zscore`?"),
    "plain number": (
        "executor: {tp_sl: {sl_atr: 2 %}}",
        "1:28: `2 %`: this setting is a plain number | write the number alone",
    ),
    # Expectations
    "field": (
        "expect: {L3: {rsk_mode: OK}}",
        "1:15: no field ends in `rsk_mode` | did you mean `risk_snapshot.risk_mode`?",
    ),
    "ambiguous field": (
        "expect: {L3: {drawdown.dd_pct: 5 %}}",
        (
            "1:15: `drawdown.dd_pct` is not unique | write one of `kpis_v7.drawdown.dd_pct`, "
            "`risk_snapshot.dd_state.drawdown.dd_pct`, `risk_snapshot.drawdown.dd_pct`"
        ),
    ),
    "field's word": ("expect: {L3: {risk_mode: OKK}}", "1:26: `OKK` is unknown here | did you mean `OK`?"),
    "field's fraction": (
        "expect: {L3: {tp_sl_coverage_pct: 0.5}}",
        "1:35: 0.5 could be 50 % or 0.5 %: write one of them",
    ),
    "field's percent": (
        "expect: {L3: {nav_state.drawdown: 11}}",
        "1:35: 11 could be 1100 % or 11 %: write one of them",
    ),
    "field's unit": ("expect: {L3: {nav.nav: 5 %}}", "1:24: `5 %`: `nav` is in USD"),
    "plain field's unit": (
        "expect: {L3: {hybrid_scoer: 5 %}}",
        "1:15: no field ends in `hybrid_scoer` | did you mean `symbol_scores_v6.symbols[KEY].hybrid_score`?",
    ),
    "field's count": (
        "expect: {L3: {open_positions_count: 1.5}}",
        "1:37: `1.5`: `open_positions_count` is a whole number",
    ),
    "field's time": (
        "expect: {L3: {last_exit_trigger_ts: 2025-01-06}}",
        "1:37: found `2025-01-06`, expected a loop such as `L3`",
    ),
    "never null": ("expect: {L3: {risk_mode: null}}", "1:26: `risk_mode` is never null"),
    "identity": (
        "expect: {L3: {engine_metadata.run_id: x}}",
        "1:15: `run_id` differs between hosts and runs: it cannot be expected",
    ),
    "inner key": (
        "expect: {L3: {anomalies: {nav_jmp: {}}}}",
        "1:27: unknown key `nav_jmp` | did you mean `nav_jump`?",
    ),
    "inner fraction": (
        "expect: {L3: {anomalies: {nav_jump: {old: 1, new: 2, pct: 1}}}}",
        "1:59: 1 could be 100 % or 1 %: write one of them",
    ),
    "when": (
        "expect: {sometimes: {risk_mode: OK}}",
        "1:10: unknown key `sometimes` | known here: always, never, columns, L1, L3..L5",
    ),
    "column too long": (
        "expect: {columns: {risk_mode: [OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK]}}",
        "1:72: the series holds 11 values, the scenario has 10 loops",
    ),
    "column of one": (
        "expect: {columns: {risk_mode: OK}}",
        (
            "1:31: found `OK`, expected a list (a value per loop) or a map {L1: …} | "
            "a value for all loops stands under `always`"
        ),
    ),
    # Findings
    "rule": ("findings: {INV-L99: L3}", "1:12: `INV-L99` is no known rule | did you mean `INV-L09`?"),
    "rule's loops": (
        "findings: {INV-L04: [L3, L33]}",
        "1:26: `L33` lies beyond the end: the last loop is L10",
    ),
    "no loops": (
        "findings: {INV-L04: []}",
        "1:21: no loop is named | leave the rule out if it must not fire",
    ),
    # Venue and replay
    "venue": ("venue: idael", "1:8: `idael` is unknown here | did you mean `ideal`?"),
    "fee": ("venue: {taker_fee: 5}", "1:20: 5 could be 5 bps or 5 %: write one of them"),
    "negative spread": ("venue: {spread: -5 bps}", "1:17: `-5 bps` is negative"),
    "funding": ("venue: {funding: {rate: 1 bps, every: 0}}", "1:39: found `0`, expected 1 or more"),
    "missing file": (
        "replay: {file: x.csv, symbols: SOLUSDT}",
        "1:16: there is no file `x.csv` beside the scenario",
    ),
    "file above": (
        "replay: {file: ../x.csv, symbols: SOLUSDT}",
        (
            "1:16: `../x.csv` leaves the scenario's folder | "
            "keep the file beside the scenario, or say `outside: true` and run with `--data DIR`"
        ),
    ),
    "outside above": (
        "replay: {file: ../x.csv, symbols: SOLUSDT, outside: true}",
        "1:16: `../x.csv` leaves the data folder | name the file relative to `--data DIR`",
    ),
    "symbol column": (
        "replay: {file: x.csv, symbols: {a: SOLUSDT}, outside: true}",
        "1:9: several symbols need the column that names them | add `columns: {symbol: …}`",
    ),
    "priced twice": (
        "replay: {file: x.csv, symbols: BTCUSDT, outside: true}",
        "1:32: `BTCUSDT` is priced twice",
    ),
    # Variants
    "variant's name": (
        "variants: {A b: {}}",
        "1:12: `A b` cannot name a variant | use a-z, 0-9, `-` and `_`",
    ),
    "a range in a column": (
        "expect: {columns: {nav.nav: {L1..L5: 10000}}}",
        "1:30: found `L1..L5`, expected a loop such as `L3`",
    ),
    "converge beyond the end": (
        "converge: {after: L9, within: 2}",
        (
            "1:11: L11 lies beyond the end: the last loop is L10"
            " | let the scenario run longer, or give it fewer loops"
        ),
    ),
    "converge without a storm": (
        "converge: {within: 2}",
        "1:11: there is no fault that could end | say `after: L12`",
    ),
    "variant's key": (
        "variants: {a: {seed: 5}}",
        (
            "1:16: unknown key `seed` | known here: clock, prices, history, venue, account, positions, "
            "signals, executor, faults, events, expect, converge, findings"
        ),
    ),
    "variant's prices": (
        "variants: {a: {prices: {BTCUSDT: 100}, positions: {ETHUSDT:LONG: {qty: 1, entry: 50}}}}",
        "1:52: `ETHUSDT` has no price: what is priced is the universe | did you mean `BTCUSDT`?",
    ),
    "the scenario in a variant's clock": (
        (
            "signals: [{at: L4, close: BTCUSDT:LONG}]\n"
            "variants: {a: {clock: {start: 2025-01-06, loop: 1 s, loops: 3}}}"
        ),
        "1:16: `L4` lies beyond the end: the last loop is L3",
    ),
    "variant's clock": (
        "variants: {a: {clock: {start: 2025-01-06, loops: 3}}}",
        "1:23: the key `loop` is missing",
    ),
    "variant's signal": (
        (
            "signals: [{at: L4, close: BTCUSDT:LONG, id: a}]\n"
            "variants: {v: {signals: [{at: L4, close: BTCUSDT:LONG, id: a}]}}"
        ),
        "2:60: two intents named `a` in L4",
    ),
    "no variant": ("variants: {}", "1:11: no variant is named | leave `variants` out"),
    "variant's own line": (
        "variants:\n  a: {}\n  b:\n    expect: {L11: {risk_mode: OK}}",
        "4:14: `L11` lies beyond the end: the last loop is L10",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_says_where_what_and_how_to_mend_it(name: str) -> None:
    text, shown = CASES[name]
    assert wrong(text + "\n") == [shown]


HEADS = {
    "id": ("id: s", "id: other", "2:5: the id `other` differs from the file's name `s` | write `id: s`"),
    "version": (
        "simkit: 1",
        "simkit: 2",
        "1:9: found `2`, expected `1` | this simkit reads version 1 of the format",
    ),
    "seed": ("seed: 1\n", "", "1:1: the key `seed` is missing"),
    "bad seed": (
        "seed: 1\n",
        "seed: lucky\n",
        "3:7: found `lucky`, expected a whole number of at most 18 digits, or a git hash",
    ),
    "start": (
        "start: 2025-01-06T00:00:00Z",
        "start: yesterday",
        "4:16: found `yesterday`, expected a time such as `2025-01-06T00:00:00Z`",
    ),
    "period": ("loop: 60 s", "loop: 60", "4:44: `60` has no unit of time | write `60 s` or `60 min`"),
    "no time": ("loop: 60 s", "loop: 0 s", "4:44: a loop takes time | write `60 s`"),
    "loops": ("loops: 10", "loops: 0", "4:57: found `0`, expected 1..10000000 loops"),
    "sync": (
        "loops: 10",
        "loops: 10, sync: 60 s",
        "4:67: sync_state must run before the next loop | choose less than `loop`",
    ),
    "sync in the shortest loop": (
        "loop: 60 s, loops: 10",
        "loop: {L1: 60 s, L3: 20 s}, loops: 10, sync: 20 s",
        "4:83: sync_state must run before the next loop | choose less than `loop`",
    ),
    "period by loop": (
        "loop: 60 s",
        "loop: {L1: 60 s, L3: 0 s}",
        "4:59: a loop takes time | write `60 s`",
    ),
    "first period": (
        "loop: 60 s",
        "loop: {L2: 60 s}",
        "4:44: the series does not say what holds in L1 | begin with `L1: …`",
    ),
    "period beyond the end": (
        "loop: 60 s",
        "loop: {L1: 60 s, L11: 5 s}",
        "4:55: `L11` lies beyond the end: the last loop is L10",
    ),
    "after the year 9000": (
        "loop: 60 s",
        "loop: {L1: 60 s, L10: 99999999 d}",
        "4:80: the run would end after the year 9000",
    ),
    "mode": (
        "cash: 10000 USD",
        "cash: 1, mode: one-way",
        "5:26: `one-way` is unknown here | did you mean `one_way`?",
    ),
    "account": (
        "cash: 10000 USD",
        "nav: [1], cash: 1",
        "5:10: an account has exactly one of `cash`, `nav`; found `nav` and `cash`",
    ),
    "nav too long": (
        "cash: 10000 USD",
        "nav: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]",
        "5:48: the series holds 11 values, the scenario has 10 loops",
    ),
    "nav's start": (
        "cash: 10000 USD",
        "nav: {L2: 5}",
        "5:16: the series does not say what holds in L1 | begin with `L1: …`",
    ),
    "price": ("BTCUSDT: 100", "BTCUSDT: 0", "6:19: `0`: a price is above 0"),
    "no price": ("BTCUSDT: 100", "BTCUSDT: []", "6:19: the series is empty"),
    "price's kind": (
        "BTCUSDT: 100",
        "BTCUSDT: {randm: {}}",
        "6:20: unknown key `randm` | did you mean `random`?",
    ),
    "candle": (
        "BTCUSDT: 100",
        "BTCUSDT: {candles: [[1, 2, 3, 4]]}",
        "6:30: open and close must lie between low and high | the order is [open, high, low, close]",
    ),
    "candle's size": (
        "BTCUSDT: 100",
        "BTCUSDT: {candles: [[1, 2, 3]]}",
        "6:30: found 3 prices, expected [open, high, low, close]",
    ),
    "candle's path": (
        "BTCUSDT: 100",
        "BTCUSDT: {candles: [[1, 1, 1, 1]], path: O-L-C-H}",
        "6:51: `O-L-C-H` is unknown here | did you mean `O-L-H-C`?",
    ),
    "volatility": (
        "BTCUSDT: 100",
        "BTCUSDT: {random: {start: 1, volatility: 0.01}}",
        "6:51: 0.01 could be 1 % or 0.01 %: write one of them",
    ),
    "jump": (
        "BTCUSDT: 100",
        "BTCUSDT: {random: {start: 1, volatility: 1 %, jumps: {L2: -100 %}}}",
        "6:68: `-100 %` leaves no price | a jump is above -100 %",
    ),
    "common": (
        "BTCUSDT: 100",
        "BTCUSDT: {random: {start: 1, volatility: 1 %, common: m}}",
        "6:28: `common` and `correlation` belong together | name the factor and its weight",
    ),
    "symbol": (
        "BTCUSDT: 100",
        "btcusdt: 100",
        "6:10: found `btcusdt`, expected a symbol such as `BTCUSDT` | write `BTCUSDT`",
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_mistake_of_the_head_says_so_too(name: str) -> None:
    before, after, shown = HEADS[name]
    assert before in HEAD
    assert mistakes(HEAD.replace(before, after)) == [shown]


def test_a_one_way_account_holds_one_side_of_a_symbol() -> None:
    text = HEAD.replace("USD}", "USD, mode: one_way}")
    both = "positions:\n  BTCUSDT:LONG: {qty: 1, entry: 5}\n  BTCUSDT:SHORT: {qty: 1, entry: 5}\n"
    (said,) = mistakes(text + both)
    assert said.startswith("9:3: a one-way account cannot hold this beside `BTCUSDT:LONG` | leave one out")
    assert mistakes(text + both.replace("BTCUSDT:SHORT", "ETHUSDT:SHORT")) == []


def test_simkit_must_be_the_first_key() -> None:
    moved = HEAD.replace("simkit: 1\n", "") + "simkit: 1\n"
    assert mistakes(moved) == [
        "6:9: `simkit: 1` must be the first key | simkit and editors know its files by it",
    ]


def test_a_file_name_that_cannot_name_a_folder_is_refused() -> None:
    assert mistakes(HEAD, stem="My File") == [
        "2:5: the file's name `My File` cannot name a scenario | use a-z, 0-9, `-` and `_`"
    ]


def test_nothing_priced_is_a_mistake() -> None:
    assert mistakes(HEAD.replace("prices: {BTCUSDT: 100, ETHUSDT: 50}\n", "")) == [
        "1:1: nothing is priced | add `prices: {BTCUSDT: 100}` or `replay:`"
    ]
    assert mistakes(HEAD.replace("{BTCUSDT: 100, ETHUSDT: 50}", "{}")) == [
        "6:9: nothing is priced | write `{BTCUSDT: 100}`"
    ]


def test_all_mistakes_come_at_once_in_file_order() -> None:
    text = HEAD.replace("seed: 1\n", "") + (
        "titel: x\n"
        "signals:\n"
        "  - {at: L11, open: BTCUSD:LONG}\n"
        "  - {at: L3, open: BTCUSDT:LONG, qty: one}\n"
        "expect: {always: {dd_state.state: NORML}}\n"
        "variants: {a: {findings: {INV-L4: L1}}}\n"
    )
    assert [shown.split(" | ")[0] for shown in mistakes(text)] == [
        "1:1: the key `seed` is missing",
        "6:1: unknown key `titel`",
        "8:5: a signal has exactly one of `qty`, `usd`; found none",
        "8:10: `L11` lies beyond the end: the last loop is L10",
        "8:21: `BTCUSD` has no price: what is priced is the universe",
        "9:39: found `one`, expected a number",
        "10:35: `NORML` is unknown here",
        "11:27: `INV-L4` is no known rule",
    ]


def test_a_mistake_that_two_variants_share_is_said_once() -> None:
    assert wrong("events: [{at: L99, deposit: 5}]\nvariants: {a: {}, b: {}, c: {}}\n") == [
        "1:15: `L99` lies beyond the end: the last loop is L10"
    ]


def test_the_error_is_one_text_with_file_line_and_column() -> None:
    with pytest.raises(ScenarioError) as caught:
        compiled(HEAD + "canary: no\n")
    assert str(caught.value) == "1 mistake\ns.yaml:7:9: found `no`, expected true or false"


def test_too_many_mistakes_end_early() -> None:
    shown = mistakes(HEAD + "signals: [" + ", ".join(["x"] * 1000) + "]\n")
    assert len(shown) == 200
