"""Scenario texts for the tests of this folder, and helpers that compile them."""

from __future__ import annotations

from pathlib import Path

from simkit.core.errors import ScenarioError
from simkit.scenario.compile import Origin, compile_scenarios
from simkit.scenario.model import Scenario

HEAD = """\
simkit: 1
id: s
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 10}
account: {cash: 10000 USD}
prices: {BTCUSDT: 100, ETHUSDT: 50}
"""

DRAWDOWN = """\
# Comments before the first key are fine.
simkit: 1
id: drawdown
title: 11 % drawdown and full recovery
incident: INC-01
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 7}
prices: {BTCUSDT: 100}
account: {nav: [10000, 9500, 8900, 9300, 9800, 10000, 10100]}
signals:
  - {at: L4, open: BTCUSDT:LONG, usd: 500}
expect:
  always: {risk_mode: OK, anomalies: {}}
  L4: {veto_counters.by_reason: {portfolio_dd_circuit: 1}}
  columns:
    dd_state.state:                [NORMAL, NORMAL, DRAWDOWN, RECOVERY, RECOVERY, NORMAL, NORMAL]
    risk_snapshot.drawdown.dd_pct: [0 %, 5 %, 11 %, 7 %, 2 %, 0 %, 0 %]
    nav_state.drawdown:            [0 %, 5 %, 11 %, 7 %, 2 %, 0 %, 0 %]
    circuit_breaker.active:        [false, false, true, false, false, false, false]
"""

GHOST = """\
simkit: 1
id: ghost
title: A ledger entry without a position
seed: 21
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 7}
account: {cash: 10000 USD}
prices: {BTCUSDT: 100, ETHUSDT: 50, XRPUSDT: 0.5}
positions:
  BTCUSDT:LONG:  {qty: 1, entry: 100, tp: 130, sl: 70}
  ETHUSDT:SHORT: {qty: 2, entry: 50, tp: 35, sl: 65}
findings: {INV-L04: L3..L5, INV-X03: L3..L5}
expect:
  always: {open_positions_count: 2, tp_sl_registered_count: 2, tp_sl_coverage_pct: 100 %}
  L3..L5: {ghost_ledger_entries: 1, ledger_registry_mismatch: true}
variants:
  bare:
    faults: [{at: L3..L5, ghost_ledger_entry: XRPUSDT:LONG, qty: 100, entry: 0.5}]
    expect: {L3..L5: {missing_tp_sl_entries: 1}}
  with-levels:
    faults:
      - {at: L3..L5, ghost_ledger_entry: XRPUSDT:LONG, qty: 100, entry: 0.5, tp: 0.6, sl: 0.4,
         in: [ledger, registry]}
    expect: {L3..L5: {missing_tp_sl_entries: 0}}
"""

NAKED = """\
simkit: 1
id: naked
about: Intended, the fill is seeded at once and stopped out in L5. Legacy, it is naked until a restart.
seed: 16
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 10}
account: {cash: 10000 USD}
prices: {BTCUSDT: {L1: 100, L5: 98}}
signals:
  - {at: L3, open: BTCUSDT:LONG, qty: 1}     # no tp, no sl
events:
  - {at: L8, restart: executor}
variants:
  intended:
    expect:
      L5..L7: {open_positions_count: 0, last_exit_trigger_ts: L5}
  legacy:
    executor: {legacy: [D-11]}
    findings: {INV-L14: L4..L7}
    expect:
      L8..: {open_positions_count: 0, last_exit_trigger_ts: L8}
"""

EVERYTHING = """\
simkit: 1
id: everything
title: Every key once
about: |
  Two lines
  of text.
incident: INC-99
tags: [slow, market]
seed: 9ea5be21c0ffee
clock: {start: 2025-01-06, loop: {L1: 1 min, L8: 90 s, L10: 30 s}, loops: 12, sync: 20 s}
prices:
  BTCUSDT: [100, 101.5, 99 USD]
  ETHUSDT: {L1: 50, L7: 49}
  SOLUSDT: {candles: [[10, 11, 9, 10.5], [10.5, 12, 10, 11]], path: O-H-L-C}
  LTCUSDT: {candles: {L1: [80, 80, 80, 80], L4: [80, 90, 70, 85]}}
  XRPUSDT:
    random:
      start: 0.5
      volatility: {L1: 1 %, L6: 4 %}
      drift: {L3: -10 bps}
      jumps: {L9: -10 %, L5: 5 %}
      common: market
      correlation: 60 %
history: {ETHUSDT: [48, 49, 50]}
venue:
  name: binance-like
  taker_fee: 5 bps
  maker_fee: -0.01 %
  spread: 2 bps
  depth: 100000 USD
  latency: 250 ms
  jitter: 50 ms
  max_fill: 50 %
  funding: {rate: 1 bps, every: 8}
  min_notional: 5 USD
account:
  cash: 10000.25 USD
  mode: one_way
  off_exchange: {XAUT: {qty: 1.5, cost: 2000, mark: 2100}, BTC: {qty: 0.1, cost: 60000}}
positions:
  ETHUSDT:SHORT: {usd: 100, entry: 50, tp: 35}
  BTCUSDT:LONG: {qty: 0.25, entry: 100}
signals:
  - {at: L2..L4, open: BTCUSDT:LONG, qty: 1, tp: 120, sl: none}
  - {at: L3, open: ETHUSDT:SHORT, usd: 500 USD, tp: none, maker: true, leverage: 2.5, strategy: carry}
  - {at: L3, close: BTCUSDT:LONG}
  - {at: L5.., close: BTCUSDT:LONG, qty: 0.5, limit: 110, twap: true, id: parent-7}
events:
  - {at: L8, settings: {limits: {kill_switch: true}}}
  - {at: L2, deposit: 500 USD}
  - {at: L4, withdraw: 100}
  - {at: L6, restart: executor, losing: [registry]}
  - {at: L7, reset_peak: true}
  - {at: L10, settings: {limits: {kill_switch: false, max_trade_nav_pct: 8 %}}}
faults:
  - {at: L3, wrong_balance: 40000}
  - {at: L4..L5, account_reset: 5000 USD}
  - {at: L6.., ghost_ledger_entry: SOLUSDT:LONG, qty: 1, entry: 10, tp: none, in: [registry]}
  - {at: L7, missing_ledger_position: ETHUSDT:SHORT}
  - {at: L8, sync_down: true}
  - {at: L9, balance_down: true}
  - {at: L2.., mark_missing: SOLUSDT}
  - {at: L3, closed_outside: BTCUSDT:LONG}
  - {at: L4, registry_levels: ETHUSDT:SHORT, tp: 55, sl: none}
  - {at: L5, ledger_qty: ETHUSDT:SHORT, qty: 1.5}
  - {at: L5, levels_dropped: ETHUSDT:SHORT}
  - {at: L6, counters_reset: true}
  - {at: L6.., every: 3, publish_wrong: portfolio.dd_pct, value: 12}
  - {at: L7, publish_wrong: nav_state.aum, value: {total: nan, futures: 1}}
  - {at: L8, publish_wrong: "positions_state.positions[BTCUSDT:LONG]", value: missing}
  - {at: L5..L6, latency: 900 ms}
  - {at: L5, latency: 0 s, symbol: XRPUSDT}
  - {at: L6, slippage: 7 bps, symbol: BTCUSDT}
  - {at: L6, slippage: 0.01 %}
  - {at: L7, order_refused: rejected}
  - {at: L7.., order_refused: expired, symbol: LTCUSDT}
  - {at: L4..L5, price_gap: -8 %, symbol: BTCUSDT}
  - {at: L4, feed_stall: true}
  - {at: L4.., every: 2, bad_mark: negative, symbol: ETHUSDT}
  - {at: L5, bad_balance: nan}
  - {at: L5..L6, funding_shock: -300 bps}
  - {at: L6, liquidation: ETHUSDT:SHORT}
  - {at: L6, undeclared_transfer: -500 USD}
  - {at: L7, stale_book: true, symbol: SOLUSDT}
  - {at: L7, spread: 80 bps}
  - {at: L8, depth_gone: true, symbol: BTCUSDT}
  - {at: L8, part_fill: 40 %}
  - {at: L9, rate_limit: 0}
  - {at: L9, ack: late, symbol: BTCUSDT}
  - {at: L9, fill: out_of_order}
  - {at: L8, crash: peak_state, when: during}
  - {at: L9, crash: positions_ledger}
  - {at: L10, power_cut: nav_state}
  - {at: L4..L5, builder_error: kpis_v7}
  - {at: L11.., config_unreadable: true}
  - {at: L4..L5, damaged_file: nav, how: truncated}
  - {at: L12, damaged_file: position_tp_sl, how: deleted}
  - {at: L2, hang: true}
  - {at: L3..L4, second_executor: true}
  - {at: L11, crash: exit_scan, when: after, down: 2}
  - {at: L3, sync_late: 5 s}
  - {at: L4, sync_doubled: true}
  - {at: L5, sync_clock: own}
  - {at: L2, host_clock: +90 s}
  - {at: L4..L5, clock_drift: -20 ms}
  - {at: L6..L7, clock_frozen: true}
  - {at: L3.., every: 3, time_zone: +2 h}
  - {at: L3, venue_clock: -3 s}
  - {at: L3..L9, every: 3, write_fails: positions_state, error: EACCES}
  - {at: L5..L7, write_fails: all}
  - {at: L5, torn_write: positions_ledger, after: 120}
  - {at: L6, torn_write: nav_state}
  - {at: L6, temp_left: kpis_v7}
  - {at: L7, direct_write: peak_state}
  - {at: L8, secondary_writer: positions_state}
  - {at: L9, folder_missing: cache}
executor:
  legacy: [D-11, D-33]
  tp_sl: {seed: false, sl_atr: 2.5, atr_frac: 1 %}
  limits: {max_trade_nav_pct: 20 %, symbol_order_usd: 90000 USD, nav_fresh_s: 90 s, restricted: [SOLUSDT],
           correlation_groups: {L1: 50 %}, max_concurrent: 3}
  drawdown: {recovery_exit: 1 %, dd_flap_window_minutes: 1 h, dd_flap_max_transitions: 2}
  nav: {max_nav_jump_pct: 20 %}
  liveness: {signals_s: 15 min, exits_s: 0 s}
  var: {confidence: 99 %, lookback: 100}
  router: {twap: true, twap_min_usd: 400}
  intel: {every: 5, rv_mode: rank, factors: [trend, carry], covariance_lookback_days: 10 d, weight_max: 45 %}
expect:
  never: {risk_mode: HALTED}
  L2: {nav.nav: 10000.25, var.within_limit: null, "positions_state.positions[BTCUSDT:LONG].qty": 1.25}
  L5..L6: {by_reason.max_concurrent: 2, global.avg_latency_ms: 250 ms}
  columns: {total_signals: {L1: 0, L2: 1}}
findings: {INV-N07: [L3, L4..L5]}
checkpoints: [L12, L4]
canary: true
"""


def compiled(text: str, *, stem: str = "s", folder: Path = Path("nowhere")) -> tuple[Scenario, ...]:
    """The scenarios of a text whose file is called `stem`.yaml."""
    return compile_scenarios(text.encode(), Origin(f"{stem}.yaml", "family", stem, folder))


def one(text: str) -> Scenario:
    """The one scenario of HEAD and `text`."""
    (scenario,) = compiled(HEAD + text)
    return scenario


def mistakes(data: str | bytes, *, stem: str = "s", folder: Path = Path("nowhere")) -> list[str]:
    """All mistakes of a whole text, as `line:column: message | hint`."""
    raw = data.encode() if isinstance(data, str) else data
    try:
        compile_scenarios(raw, Origin(f"{stem}.yaml", "family", stem, folder))
    except ScenarioError as problem:
        assert problem.exit_code == 5
        assert all(mistake.file == f"{stem}.yaml" for mistake in problem.mistakes)
        return [
            f"{m.line}:{m.column}: {m.message}" + (f" | {m.hint}" if m.hint else "") for m in problem.mistakes
        ]
    return []


def wrong(text: str) -> list[str]:
    """The mistakes of HEAD (six lines) and `text`; their lines count from the first line of `text`."""
    found = []
    for shown in mistakes(HEAD + text):
        line, rest = shown.split(":", 1)
        found.append(f"{int(line) - HEAD.count(chr(10))}:{rest}")
    return found
