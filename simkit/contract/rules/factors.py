"""Rules on S11 factor_diagnostics (INV-F01..F03, F05, F08, F09, F12).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math
from typing import Any

from simkit.contract.finding import Found, LackingError, Memory, Outcome, Tier, rule
from simkit.contract.foreign import coarse, foreign
from simkit.contract.look import Doc, Look
from simkit.contract.tolerance import HALF_FACTOR, HALF_FRACTION, near
from simkit.contract.values import found, num, obj, rows_of
from simkit.contract.view import view

_STEM = "factor_diagnostics"
_BLOCKS = (
    "raw_factors", "per_symbol", "normalization_coeffs", "factor_ir", "weights", "factor_weights",
    "pnl_attribution", "config",
)  # fmt: skip
_NULLABLE = ("covariance", "orthogonalized")
_FLAGS = ("orthogonalization_enabled", "auto_weighting_enabled")
_SPECTRUM = 1e-9
_MAX_FACTORS = 64
_WEIGHTS = f"{_STEM}.weights[]"


@rule(
    "INV-F01",
    ("updated_ts and all blocks of S11 present (null or empty where the flag or the config disables them)"),
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="contract",
    example="no covariance block",
    part="factor_diagnostics",
)
def factor_blocks_are_there(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    out: list[Found] = []
    if view(look).times.get(_STEM) is None:
        out.append(found(_STEM, "updated_ts", doc.get("updated_ts", "absent"), "must be a time"))
    for name in _BLOCKS:
        if type(doc.get(name)) is not dict and not _is_disabled(look, doc, name):
            out.append(found(_STEM, name, doc.get(name, "absent"), "must be an object"))
    for name in _NULLABLE:
        if name not in doc or not (doc[name] is None or type(doc[name]) is dict or doc[name] == {}):
            out.append(found(_STEM, name, doc.get(name, "absent"), "must be an object or null"))
    for name in _FLAGS:
        if type(doc.get(name)) is not bool:
            out.append(found(_STEM, name, doc.get(name, "absent"), "must be a boolean"))
    return out


def _is_disabled(look: Look, doc: Doc, name: str) -> bool:
    """Foreign: a block may be null while its flag, or the config as a whole, switches it off."""
    if foreign(look) is None or name not in doc or doc[name] is not None:
        return False
    if obj(doc.get("config")).get("enabled") is False:
        return True
    return name in ("weights", "factor_weights") and doc.get("auto_weighting_enabled") is False


@rule(
    "INV-F02",
    "keys of raw_factors = keys of per_symbol, all `SYMBOL:DIRECTION`, direction field agrees",
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="contract",
    example="`BTCUSDT` alone",
    part="factor_diagnostics",
)
def factor_keys_agree(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    out: list[Found] = []
    raw, normal = obj(doc.get("raw_factors")), obj(doc.get("per_symbol"))
    for name, block, other in (("raw_factors", raw, normal), ("per_symbol", normal, raw)):
        for key, vector in block.items():
            symbol, _, direction = key.rpartition(":")
            if not symbol or direction not in ("LONG", "SHORT"):
                out.append(found(_STEM, f"{name}[{key}]", key, "a key is SYMBOL:DIRECTION"))
            elif obj(vector).get("direction") != direction:
                place = f"{name}[{key}].direction"
                out.append(found(_STEM, place, obj(vector).get("direction"), f"the key says {direction}"))
            if key not in other:
                text = "not in both raw_factors and per_symbol"
                out.append(found(_STEM, f"{name}[{key}]", key, text, "reference"))
    return out


_MEAN = (f"{_STEM}.mean", 1.0)
_RANGE = ((f"{_STEM}.range", 1.0), (f"{_STEM}.min", 1.0), (f"{_STEM}.max", 1.0))


@rule(
    "INV-F03",
    (
        "per factor: mean, std, min, max, range present; min ≤ mean ≤ max; range = max − min; std ≥ 0. "
        "Degenerate: std and range are 1.0"
    ),
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="contract",
    example="std 0",
    part="factor_diagnostics",
)
def coefficients_are_sane(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for name, item in obj(look.docs[_STEM].get("normalization_coeffs")).items():
        row, place = obj(item), f"normalization_coeffs[{name}]"
        mean, std, low, high, span = (num(row.get(key)) for key in ("mean", "std", "min", "max", "range"))
        if mean is None or std is None or low is None or high is None or span is None:
            out.append(found(_STEM, place, row, "mean, std, min, max and range must be numbers"))
            continue
        is_inside = low <= mean <= high or near(mean, low, HALF_FACTOR) or near(mean, high, HALF_FACTOR)
        if not is_inside and not coarse(look, mean, low, _MEAN) and not coarse(look, mean, high, _MEAN):
            out.append(found(_STEM, f"{place}.mean", mean, f"outside {low}..{high}"))
        degenerate = high - low < _SPECTRUM
        wanted = 1.0 if degenerate else high - low
        if not near(span, wanted, 3 * HALF_FACTOR) and not coarse(look, span, wanted, *_RANGE):
            tier: Tier | None = "reference" if degenerate and near(span, high - low) else None
            out.append(found(_STEM, f"{place}.range", span, f"must be {wanted}", tier))
        if std < 0 or (degenerate and std != 1):
            text = "must be >= 0, and 1 when all values are equal"
            out.append(found(_STEM, f"{place}.std", std, text, None if std < 0 else "reference"))
    return out


Matrix = list[list[float]]


def _matrix(value: Any, size: int) -> Matrix | None:
    rows = [[num(cell) for cell in rows_of(row)] for row in rows_of(value)]
    if len(rows) != size or any(len(row) != size or None in row for row in rows):
        return None
    return [[cell or 0.0 for cell in row] for row in rows]


@rule(
    "INV-F05",
    (
        "matrices square in the order of factors, symmetric, corr diagonal 1, abs(corr) ≤ 1 + 1e-9; PSD "
        "(≥ −1e-9), diag(cov) = vol²"
    ),
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="contract",
    example="asymmetric",
    part="factor_diagnostics",
)
def matrices_are_covariances(look: Look, memory: Memory) -> Outcome:
    block = look.docs[_STEM].get("covariance")
    if type(block) is not dict:
        raise LackingError("factor_diagnostics.covariance is null or no object")
    factors = rows_of(block.get("factors"))
    size = len(factors)
    covariance = _matrix(block.get("covariance_matrix"), size)
    correlation = _matrix(block.get("correlation_matrix"), size)
    if covariance is None or correlation is None:
        return [found(_STEM, "covariance", size, "both matrices must be square in the number of factors")]
    out: list[Found] = []
    vols = obj(block.get("factor_vols"))
    for i in range(size):
        for j in range(i):
            for name, matrix in (("covariance_matrix", covariance), ("correlation_matrix", correlation)):
                if not near(matrix[i][j], matrix[j][i]):
                    place = f"covariance.{name}[{i}][{j}]"
                    out.append(found(_STEM, place, matrix[i][j], f"not symmetric: {matrix[j][i]}"))
            if abs(correlation[i][j]) > 1 + _SPECTRUM:
                out.append(
                    found(_STEM, f"covariance.correlation_matrix[{i}][{j}]", correlation[i][j], "beyond 1")
                )
        vol = num(vols.get(str(factors[i])))
        if not near(correlation[i][i], 1.0):
            place = f"covariance.correlation_matrix[{i}][{i}]"
            tier: Tier | None = "reference" if vol == 0 or covariance[i][i] == 0 else None
            out.append(found(_STEM, place, correlation[i][i], "must be 1", tier))
        if vol is not None and not _is_square(look, covariance[i][i], vol):
            place = f"covariance.covariance_matrix[{i}][{i}]"
            out.append(found(_STEM, place, covariance[i][i], f"{factors[i]}: vol {vol} squared", "reference"))
    grain = outside.half(_COVARIANCE) if (outside := foreign(look)) is not None else 0.0
    if not out and not _is_psd(covariance, grain * size):
        out.append(found(_STEM, "covariance.covariance_matrix", "", "not positive semidefinite", "reference"))
    return out


_COVARIANCE = f"{_STEM}.covariance_matrix"


def _is_square(look: Look, variance: float, vol: float) -> bool:
    if near(variance, vol * vol, HALF_FACTOR * (1 + 2 * abs(vol))):
        return True
    return coarse(look, variance, vol * vol, (_COVARIANCE, 1.0), (f"{_STEM}.factor_vols[]", 2 * vol))


def _is_psd(matrix: Matrix, grain: float) -> bool:
    """Whether no eigenvalue lies below -1e-9, or what rounding by `grain` may move it: a Cholesky factorisation
    of the matrix lifted by that much."""
    size = len(matrix)
    if size > _MAX_FACTORS:
        return True
    scale = max(1.0, *(matrix[i][i] for i in range(size))) if size else 1.0
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - math.fsum(lower[i][k] * lower[j][k] for k in range(j))
            if i == j:
                rest += 2 * _SPECTRUM * scale + grain
                if rest <= 0:
                    return False
                lower[i][i] = math.sqrt(rest)
            else:
                lower[i][j] = rest / lower[j][j]
    return True


@rule(
    "INV-F08",
    "weights: every configured factor, ≥ 0, Σ = 1, min ≤ w ≤ max when feasible",
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="reading",
    example="0.615 with max 0.40 (D-26)",
    part="factor_diagnostics",
)
def weights_are_weights(look: Look, memory: Memory) -> Outcome:
    doc, settings = look.docs[_STEM], look.settings.intel
    weights = obj(doc.get("weights"))
    if not weights and doc.get("auto_weighting_enabled") is not True:
        return ()
    out: list[Found] = []
    values = {name: num(value) for name, value in weights.items()}
    for name in rows_of(obj(doc.get("config")).get("factors")):
        if str(name) not in values:
            out.append(found(_STEM, "weights", str(name), "a configured factor has no weight"))
    shares = [value for value in values.values() if value is not None]
    total, grain = math.fsum(shares), HALF_FRACTION * max(1, len(shares))
    if not near(total, 1.0, grain) and not coarse(look, total, 1.0, (_WEIGHTS, len(shares))):
        out.append(found(_STEM, "weights", total, "the weights must sum to 1"))
    feasible = len(shares) * settings.weight_max >= 1 and len(shares) * settings.weight_min <= 1
    if foreign(look) is not None:
        feasible = False  # the bounds are the executor's own
    low, high = (settings.weight_min, settings.weight_max) if feasible else (0.0, 1.0)
    for name, value in values.items():
        if (
            value is None
            or (value < low and not near(value, low))
            or (value > high and not near(value, high))
        ):
            out.append(found(_STEM, f"weights[{name}]", value, f"must lie in {low}..{high}"))
    return out


@rule(
    "INV-F09",
    "weights = factor_weights.weights = pnl_attribution.weights",
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="contract",
    example="stale mirror",
    part="factor_diagnostics",
)
def weights_are_copied_whole(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    weights = obj(doc.get("weights"))
    out: list[Found] = []
    for name in ("factor_weights", "pnl_attribution"):
        copy = obj(doc.get(name)).get("weights")
        if not _equal(obj(copy), weights):
            tier: Tier | None = "reference" if name == "pnl_attribution" else None
            out.append(found(_STEM, f"{name}.weights", copy, f"weights are {weights}", tier))
    return out


def _equal(a: Doc, b: Doc) -> bool:
    if a == b:
        return True
    if a.keys() != b.keys():
        return False
    pairs = [(num(a[key]), num(b[key])) for key in a]
    return all(x is not None and y is not None and near(x, y, HALF_FRACTION * 2) for x, y in pairs)


@rule(
    "INV-F12",
    (
        "orthogonalized null ⇔ flag false; summary present ⇔ orthogonalized present and equal; weights "
        "non-empty ⇔ auto-weighting on"
    ),
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="reference",
    example="orthogonalization_enabled false beside an orthogonalized block",
    part="factor_diagnostics",
)
def flags_say_what_is_there(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    ortho, flag = doc.get("orthogonalized"), doc.get("orthogonalization_enabled")
    out: list[Found] = []
    if (ortho is None) is not (flag is False):
        out.append(
            found(_STEM, "orthogonalized", "null" if ortho is None else "present", f"the flag is {flag}")
        )
    summary = obj(doc.get("pnl_attribution")).get("orthogonalized_summary")
    if (summary is None) is not (ortho is None):
        place = "pnl_attribution.orthogonalized_summary"
        out.append(
            found(_STEM, place, "absent" if summary is None else "present", "goes with orthogonalized")
        )
    elif type(summary) is dict and type(ortho) is dict:
        for name in ("degenerate", "norms"):
            if summary.get(name) != ortho.get(name):
                place = f"pnl_attribution.orthogonalized_summary.{name}"
                out.append(found(_STEM, place, summary.get(name), f"orthogonalized has {ortho.get(name)}"))
    if bool(obj(doc.get("weights"))) is not (doc.get("auto_weighting_enabled") is True):
        out.append(
            found(
                _STEM, "weights", len(obj(doc.get("weights"))), "non-empty exactly while auto-weighting is on"
            )
        )
    return out
