"""`simkit schema`: the JSON Schema of one document, for editors and other programs.

Comes in: a name. Goes out: the schema on stdout, or a table of names. May import `contract.schemas`,
`scenario.schema`, `report.words`.
"""

from __future__ import annotations

from difflib import get_close_matches

import click

from simkit.core.errors import Exit, SimkitError

_SCENARIO = "scenario"


@click.command("schema")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """Print the JSON Schema (2020-12) of one document. NAME: scenario; or a surface by file, manifest key or
    id: risk_snapshot, symbol_scores, S7. Without one, the names."""
    click.echo(_schema(name) if name else _names(), nl=not name)
    return Exit.SAME


def _schema(name: str) -> str:
    from simkit.contract import schemas

    if name == _SCENARIO:
        from simkit.core import canon
        from simkit.scenario.schema import document_schema

        return canon.pretty(canon.encode(document_schema())).decode()
    document = schemas.named(name)
    if document is None:
        known = [_SCENARIO, *schemas.DOCUMENTS]
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There is {', '.join(known)}."
        raise SimkitError(f"{name}: no document of this name has a schema. {hint}")
    return schemas.shipped(document.name).decode()


def _names() -> str:
    from simkit.contract.schemas import DOCUMENTS
    from simkit.report.words import columns

    rows = [(d.name, d.id, d.path, d.description) for d in DOCUMENTS.values()]
    return "\n".join(columns([*rows, (_SCENARIO, "", "scenarios/**/*.yaml", "What an author writes.")]))
