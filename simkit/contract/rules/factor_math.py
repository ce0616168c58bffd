"""Rules on how S11 factor_diagnostics is reckoned (INV-F04, F06, F07).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from typing import NamedTuple

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import saw
from simkit.contract.look import Doc, Look
from simkit.contract.tolerance import HALF_FACTOR, HALF_SCORE, HALF_USD, near
from simkit.contract.values import found, need, num, obj, rows_of

_STEM = "factor_diagnostics"
#: A norm or a spread up to here is none (B-FAC-2, B-FAC-4).
_DEGENERATE = 1e-9
#: A column with at most this square is projected on by no later one (B-FAC-4): where it is not degenerate either,
#: only Cauchy-Schwarz bounds its inner products.
_NO_DIRECTION = 1e-12
_EPSILON = 1e-9


@rule(
    "INV-F04",
    ("per_symbol = normalisation of raw_factors by normalization_coeffs; zscore within ± max_abs_zscore"),
    source="fac, sys",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="reference",
    example="z = 4.2",
    part="factor_diagnostics",
)
def values_are_normalised(look: Look, memory: Memory) -> Outcome:
    """A factor without a spread is 0 in every vector (B-FAC-2)."""
    doc, settings = look.docs[_STEM], look.settings.intel
    config, normal = obj(doc.get("config")), obj(doc.get("per_symbol"))
    mode = config.get("normalization_mode", settings.normalization_mode)
    bound = num(config.get("max_abs_zscore", settings.max_abs_zscore))
    coeffs = obj(doc.get("normalization_coeffs"))
    scales: dict[str, _Scale | None] = {}
    out: list[Found] = []
    for key, vector in obj(doc.get("raw_factors")).items():
        values = obj(obj(normal.get(key)).get("factors"))
        for name, item in obj(obj(vector).get("factors")).items():
            raw, value = num(item), num(values.get(name))
            if raw is None or value is None:
                continue
            if name not in scales:
                scales[name] = _scale(obj(coeffs.get(name)), mode)
            wanted, fault = _fault(raw, value, scales[name], bound if mode != "minmax" else None)
            if fault:
                text = f"{mode} of the raw value {raw} is {wanted:.12f}"
                out.append(found(_STEM, f"per_symbol[{key}].factors.{name}", value, text))
    return out


class _Scale(NamedTuple):
    """B-FAC-2: (raw - centre) / spread; `doubt` is what rounding leaves open in the two."""

    centre: float
    spread: float
    doubt: float


def _scale(row: Doc, mode: object) -> _Scale | None:
    """How one factor is normalised; None where it has no spread."""
    low, high = num(row.get("min")), num(row.get("max"))
    if low is not None and high is not None and high - low < _DEGENERATE:
        return None
    if mode == "minmax":
        span = _spread(need(num(row.get("range")), "normalization_coeffs.range"))
        return _Scale(need(low, "normalization_coeffs.min"), span, 2 * HALF_SCORE)
    std = _spread(need(num(row.get("std")), "normalization_coeffs.std"))
    return _Scale(need(num(row.get("mean")), "normalization_coeffs.mean"), std, HALF_SCORE + HALF_FACTOR)


def _fault(raw: float, value: float, scale: _Scale | None, bound: float | None) -> tuple[float, bool]:
    """What the value must be, and whether it is something else."""
    if scale is None:
        return 0.0, value != 0.0 and not near(value, 0.0, 2 * HALF_FACTOR)
    wanted = (raw - scale.centre) / scale.spread
    grain = HALF_FACTOR + (scale.doubt + abs(wanted) * HALF_FACTOR) / scale.spread
    if bound is not None and abs(wanted) > bound:
        wanted, grain = (bound if wanted > 0 else -bound), HALF_FACTOR
    return wanted, value != wanted and not near(value, wanted, grain)


def _spread(value: float) -> float:
    """A divisor; none is 1 (B-FAC-2)."""
    return value if value >= _DEGENERATE else 1.0


@rule(
    "INV-F06",
    (
        "off-diagonal dot_products ≤ 1e-6·norm_i·norm_j + 1e-9; diagonal = norm² (0 for degenerate); "
        "degenerate ⇔ norm ≤ 1e-9 and zero column"
    ),
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="reading",
    example="collinear factor not listed",
    part="factor_diagnostics",
)
def columns_are_orthogonal(look: Look, memory: Memory) -> Outcome:
    block = look.docs[_STEM].get("orthogonalized")
    if block is None:
        return ()  # disabled: INV-F12 asks for it where it is on
    norms = {name: _norm(name, value) for name, value in obj(obj(block).get("norms")).items()}
    listed = rows_of(obj(block).get("degenerate"))
    columns = _columns(obj(obj(block).get("per_symbol")), list(norms))
    out: list[Found] = []
    for name, norm in norms.items():
        is_zero = not any(columns[name])
        degenerate = name in listed
        if not degenerate == (norm <= _DEGENERATE) == is_zero:
            column = "zero" if is_zero else "not zero"
            text = f"{name} is {'' if degenerate else 'not '}listed, its norm is {norm}, its column {column}"
            out.append(found(_STEM, "orthogonalized.degenerate", listed, text))
    return out + _dot_faults(look, obj(obj(block).get("dot_products")), norms)


def _norm(name: str, value: object) -> float:
    return need(num(value), f"orthogonalized.norms[{name}]")


def _columns(vectors: Doc, names: list[str]) -> dict[str, list[float]]:
    columns: dict[str, list[float]] = {name: [] for name in names}
    for key, vector in vectors.items():
        for name in names:
            value = num(obj(vector).get(name))
            columns[name].append(need(value, f"orthogonalized.per_symbol[{key}].{name}"))
    return columns


def _dot_faults(look: Look, dots: Doc, norms: dict[str, float]) -> list[Found]:
    out: list[Found] = []
    for one, norm in norms.items():
        for other, width in norms.items():
            place = f"orthogonalized.dot_products[{one}][{other}]"
            value = need(num(obj(dots.get(one)).get(other)), place)
            if one != other:
                share = 1.0 if min(norm, width) ** 2 <= _NO_DIRECTION else 1e-6
                most = share * norm * width + 1e-9
                if abs(value) > most + HALF_FACTOR:
                    out.append(found(_STEM, place, value, f"orthogonal columns: at most {most:.3g}"))
                continue
            wanted = norm * norm if norm > _DEGENERATE else 0.0
            if value != wanted and not near(value, wanted, HALF_FACTOR * (1 + 2 * norm)):
                if (
                    near(value, 1.0)
                    and wanted
                    and saw(look, "A-38", "orthonormal", f"{_STEM}.orthogonalized")
                ):
                    continue
                out.append(found(_STEM, place, value, f"the norm {norm} squared is {wanted:.12f}"))
    return out


@rule(
    "INV-F07",
    "factor_ir has every configured factor; source rule B-FAC-5",
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="W",
    tier="reading",
    severity="W",
    example="0.0 for every factor (`legacy: [D-25]`)",
    part="factor_diagnostics",
)
def ratios_have_their_source(look: Look, memory: Memory) -> Outcome:
    """From PnL while the window has closes, else from raw vectors (A-40). A factor without a spread has no
    ratio: 0 from vectors."""
    doc = look.docs[_STEM]
    ir, by_factor = obj(doc.get("factor_ir")), obj(obj(doc.get("pnl_attribution")).get("by_factor"))
    wanted_source = "pnl" if by_factor else "vectors"
    out: list[Found] = []
    source = doc.get("factor_ir_source", wanted_source)
    if source != wanted_source:
        text = f"pnl_attribution.by_factor holds {len(by_factor)} factors: {wanted_source}"
        out.append(found(_STEM, "factor_ir_source", source, text))
    coeffs = obj(doc.get("normalization_coeffs"))
    vols = obj(obj(doc.get("covariance")).get("factor_vols"))
    for name in map(str, rows_of(obj(doc.get("config")).get("factors"))):
        value = num(ir.get(name))
        if value is None:
            out.append(found(_STEM, f"factor_ir[{name}]", ir.get(name, "absent"), "must be a number"))
            continue
        if by_factor:
            wanted, grain = _from_pnl(num(by_factor.get(name)), num(vols.get(name)))
        else:
            wanted, grain = _from_vectors(obj(coeffs.get(name)))
        if value != wanted and not near(value, wanted, grain):
            out.append(found(_STEM, f"factor_ir[{name}]", value, f"from {wanted_source} it is {wanted:.12f}"))
    return out


def _from_pnl(pnl: float | None, vol: float | None) -> tuple[float, float]:
    if pnl is None or vol is None:
        raise LackingError("pnl_attribution.by_factor or covariance.factor_vols lacks a factor")
    ratio = pnl / (vol + _EPSILON)
    return ratio, HALF_FACTOR + (HALF_USD + abs(ratio) * HALF_FACTOR) / (vol + _EPSILON)


def _from_vectors(row: Doc) -> tuple[float, float]:
    mean, std, low, high = (num(row.get(name)) for name in ("mean", "std", "min", "max"))
    if mean is None or std is None or low is None or high is None:
        raise LackingError("normalization_coeffs lacks a factor")
    if high - low < _DEGENERATE:
        return 0.0, HALF_FACTOR
    ratio = mean / (std + _EPSILON)
    return ratio, HALF_FACTOR + (1 + abs(ratio)) * HALF_FACTOR / (std + _EPSILON)
