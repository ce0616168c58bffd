"""The defects of the v7.6 system that the reference executor can bring back (behaviour.md, section 17).

Comes in: nothing. Goes out: `LEGACY` and `PROFILES`, by which scenarios are read and the executor acts. May
import nothing.
"""

from __future__ import annotations

#: Defect -> what `legacy: [D-nn]` breaks. One that is not listed is not built, and no scenario may ask for it.
LEGACY: dict[str, str] = {
    "D-01": "dd_frac guesses: a percentage up to 1 is taken for a fraction, 0.4 % becomes 0.4 (B-DD-8)",
    "D-02": "the drawdown in percent is held against alert 0.03 and kill 0.30 (B-DD-7)",
    "D-03": "nav_stale, portfolio_dd_circuit and the three risk caps are counted twice (B-VETO-4)",
    "D-04": "the state before is not known, so RECOVERY is never reached (B-DD-4); with D-02 the older words are "
    "published",
    "D-05": "S7 is rebuilt every 120 s and written again with its old time, without NAV, VaR and CVaR (B-LOOP-3)",
    "D-06": "nav_state carries the clock of the sync, and the executor writes it too (B-SYNC-3, B-WR-2)",
    "D-07": "kpis_v7 lacks portfolio and per_symbol; a failing builder leaves only a time (B-WR-3)",
    "D-08": "a peak older than 600 s gives way to the highest of the last 200 NAVs: it is forgotten (B-NAV-7)",
    "D-09": "the figures of the day are kept over midnight (B-NAV-8)",
    "D-10": "a position without a mark is dropped from every surface (B-POS-1)",
    "D-11": "registry and ledger are synced at start-up only, from the last positions file: new positions are not "
    "seeded (B-LED-3)",
    "D-12": "a one-way account's side BOTH stays in S3, while S4 resolves it (B-POS-2)",
    "D-13": "a partial close forgets the levels (B-LED-9)",
    "D-14": "the reconciliation uses a ledger rebuilt out of S3: ghosts and lost entries read 0 (B-LED-10)",
    "D-15": "the NAV is the wallet alone, without the open PnL (B-NAV-1)",
    "D-16": "the kill switch vetoes exits too (B-EXIT-6)",
    "D-17": "a restart with open positions waits for a flat book before its first write (B-LOOP-1)",
    "D-18": "nav_state.age_s is always 0.0 (B-SYNC-3)",
    "D-19": "router health is not passed to the risk mode: no WARN (B-MODE-3)",
    "D-20": "nothing is synced, and the peak file is written in place (B-WR-1, B-WR-4)",
    "D-21": "VaR and CVaR ignore the direction: a hedge adds up, a short loses on the wrong tail (B-VAR-4)",
    "D-22": "a book without enough returns shows zero risk, within its limits (B-VAR-6)",
    "D-23": "an order acknowledged as FILLED counts as rejected and is sent again (B-RTR-10)",
    "D-24": "factor vectors are LONG only and mostly constants (B-FAC-1)",
    "D-25": "the vector IR is taken of normalised factors and is about 0 (B-FAC-5)",
    "D-26": "clamped weights are scaled back out of their bounds (B-FAC-6)",
    "D-27": "the PnL attribution is read under names that nobody writes: it is empty (B-FAC-7)",
    "D-28": "restricted_symbol, symbol_not_in_universe and the non-prod guard veto, and the order goes out (B-VETO-2)",
    "D-29": "the gross cap is read under another name: portfolio_cap never fires (B-VETO-2)",
    "D-30": "router_health lacks its block while no fill lies in the window (INV-H01)",
    "D-31": "a fill saves a copy of the registry from before the start-up sync: later seeds are lost (B-LED-8)",
    "D-32": "a cached balance counts as live: the NAV is fresh and its age 0 (B-NAV-2)",
    "D-33": "an anomalous NAV enters the drawdown history and keeps the breaker active (B-NAV-5, B-DD-1)",
    "D-34": "every 300 s a second path submits the loop's intents once more (B-VETO-1)",
    "D-35": "the dashboard passes an array through, and its combined view goes blank (B-DASH-1)",
    "D-36": "a tp or sl exit is sized to the venue's minimum and drops the levels as if all were closed (B-EXIT-3)",
    "D-37": "tp_sl_registered_count counts ghosts, so that coverage can exceed 1 (B-LED-6)",
    "D-39": "the inputs of the risk mode, the NAV age among them, are those of the loop's start (B-LOOP-3)",
}

#: A word that stands for many: `legacy: v7.6` is the system as it was, as far as its defects are built.
PROFILES: dict[str, tuple[str, ...]] = {"v7.6": tuple(sorted(LEGACY))}
