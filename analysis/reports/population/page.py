"""A population as one page: what its networks cost, and which choices drive it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from archscape.analysis.statistics.population import QUANTILES
from archscape.spaces.language.limits import COSTS

from ..assets import Assets
from ..figures.plotly_spec import spec
from ..format import label
from ..page import write_page
from ..page.networks import COUNTS
from ..results.choices import ESTIMATOR
from .figure import histogram, population_effects


def write_population_page(
    table: pd.DataFrame, path: Path, *, title: str, explain: str = "macs", assets: Assets = Assets.inline
) -> Path:
    """Write a population as one HTML page, with what explains the variance of one cost.

    Raises:
        InputError: The folder is missing.
    """
    return write_page(
        path,
        "population/population.html",
        assets=assets,
        kicker="archscape population",
        title=title,
        summary=f"{len(table):,} random networks within the limits, every choice uniform.",
        quantiles=QUANTILES,
        costs=[
            (label(cost), *(f"{int(table[cost].quantile(share)):,}" for share in QUANTILES.values()))
            for cost in COSTS
        ],
        charts=COUNTS,
        explain=explain,
        effects=[
            (
                " × ".join(effect.choices),
                f"{effect.share:.1%}",
                f"{effect.low:.1%} to {effect.high:.1%}",
                f"{effect.options:,}",
            )
            for effect in population_effects(table, explain)
        ],
        estimator=ESTIMATOR,
        figures={cost: spec(histogram(table[cost], cost)) for cost in COUNTS},
    )
