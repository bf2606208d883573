"""A run as a table of its complete trials, so that it is shown as any table is: families, spread, rows."""

from __future__ import annotations

from archscape.analysis.statistics.frontier import Direction

from ..run.results import Digest, RunResults, digest
from .columns import Results
from .naming import BLOCK_RULE, FAMILY, FEWEST, MIXED, family_of_network, gathered


def as_table(run: RunResults | Digest) -> Results:
    """Return the complete trials of a run, named by their numbers, with families where they are told apart.

    They are if two blocks make up more than half of five networks or more each; `naming.BLOCK_RULE`.
    """
    found = digest(run) if isinstance(run, RunResults) else run
    rows = found.done.assign(trial=[f"trial {number}" for number in found.done["number"]]).reset_index(
        drop=True
    )
    families = [family_of_network(str(text)) for text in rows["network"]]
    large = [name for name in gathered(families, largest=100) if families.count(name) >= FEWEST]
    told = len(large) >= 2
    if told:
        rows[FAMILY] = [name or MIXED for name in families]
    costs: dict[str, Direction] = {cost: "minimize" for cost in found.costs if rows[cost].notna().any()}
    error = f"{found.score}_std"
    noisy = error in rows and bool(rows[error].notna().any())
    if noisy:
        rows["standard_error"] = rows[error] / rows["repeats"].clip(lower=1) ** 0.5
    return Results(
        title=found.results.name,
        rows=rows,
        score=found.score,
        way=found.way,
        costs=costs or {found.costs[0]: "minimize"},
        name="trial",
        family=FAMILY if told else "",
        error="standard_error" if noisy else "",
        known=True,
        said=(BLOCK_RULE,),
    )
