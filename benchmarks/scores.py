"""Whether scores of untrained networks help a search, and whether all losses tell more than the last ones.

Claim: with synflow and NASWOT as further features, the model of `bayes` ranks unseen networks at most a
little better after 20 results, no better after 100, and a search finds the best ones no sooner on both kinds
of networks; so no sampler has them. While a network trains, its loss tells earlier than its accuracy how it
will end, and the sum of its losses no more than the latest; so the sum is not recorded.

Command: `python benchmarks/scores.py TABLES --kept FOLDER` (writes benchmarks/results/scores-DATE.md). TABLES
is the folder of the published tables, FOLDER that where trainings are kept and found again. About a quarter
of an hour on one core. Hardware: any; no time is compared.

Networks: 543 cells of NAS-Bench-201, no two isomorphic, with the scores that NASLib published for them and
the test accuracy after 200 epochs; and random networks of the space `digits`, trained here, with the scores
of `helpers/scores/zero_cost.py` (64 images, the seed of the weights fixed) and the mean accuracy on
validation and test part. The model sees decisions, words of the graph and features; a score is one feature
more, the normal scores of its ranks, with a length of its own. A search is of a random half of the networks,
starts from 8, the same with and without scores, and takes the best expected improvement. Gains are paired by
seed, with Student's 95% interval. Signals are held against the final test accuracy; the interval of their
difference is that of 2,000 resamples of the networks.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch load

from helpers.beds.estimates import mean
from helpers.scores.early import signals
from helpers.scores.scored import SCORES, Scored, published_cells, trained_networks
from helpers.scores.searches import rank_correlation, search
from helpers.scores.trainings import TRAININGS, Trainings, trained
from results import write_results
from scipy.stats import spearmanr

SEEDS = range(20)
RESULTS = (20, 50, 100)
TRIALS = (15, 20, 30)
VARIANTS = (("synflow",), ("naswot",), SCORES)
ALONE = ("params", "macs", *SCORES)


def alone_row(networks: Scored) -> str:
    """Return the row of the table of what ranks networks without a model."""
    values = [spearmanr(networks.alone(name), networks.accuracies).statistic for name in ALONE]
    cells = " | ".join(f"{value:.3f}" for value in values)
    return f"| {networks.name} | {len(networks.accuracies)} | {cells} |"


def rank_rows(networks: Scored) -> Iterator[str]:
    """Yield rows of the table of rank correlations on unseen networks."""
    for tried in RESULTS:
        without = [rank_correlation(networks, (), tried=tried, seed=seed) for seed in SEEDS]
        gains = [
            [
                rank_correlation(networks, scores, tried=tried, seed=seed) - known
                for seed, known in zip(SEEDS, without, strict=True)
            ]
            for scores in VARIANTS
        ]
        cells = [signed(each) for each in gains]
        yield f"| {networks.name} | {tried} | {mean(without).value:.3f} | {' | '.join(cells)} |"


def search_rows(networks: Scored) -> Iterator[str]:
    """Yield rows of the table of regrets."""
    curves = {
        scores: [search(networks, scores, trials=max(TRIALS), seed=seed) for seed in SEEDS]
        for scores in ((), *VARIANTS)
    }
    for trials in TRIALS:
        regrets = {scores: [curve[trials - 1] for curve in each] for scores, each in curves.items()}
        cells = [
            signed([ours - base for ours, base in zip(regrets[scores], regrets[()], strict=True)])
            for scores in VARIANTS
        ]
        yield f"| {networks.name} | {trials} | {mean(regrets[()]).value:.3f} | {' | '.join(cells)} |"


def signed(differences: list[float]) -> str:
    """Return the mean of differences with its interval."""
    estimate = mean(differences)
    return f"{estimate.value:+.3f} [{estimate.low:+.3f}, {estimate.high:+.3f}]"


def signal_rows(trainings: Trainings, folder: Path) -> Iterator[str]:
    """Yield rows of the table of early signals."""
    networks = trained(trainings, folder)
    whole = len(networks[0].losses)
    for epochs in sorted({max(1, whole // 6), whole // 3, 2 * whole // 3}):
        known = signals(networks, epochs)
        gain = f"{known.gain.value:+.3f} [{known.gain.low:+.3f}, {known.gain.high:+.3f}]"
        parts = (known.accuracy, known.loss, known.losses)
        numbers = " | ".join(f"{part:.3f}" for part in parts)
        yield f"| {trainings.name} | {len(networks)} | {epochs} of {whole} | {numbers} | {gain} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tables", type=Path, help="the folder of the published tables")
    parser.add_argument("--kept", type=Path, required=True, help="the folder of the trainings")
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    tables = [published_cells(options.tables, data) for data in ("cifar10", "cifar100")]
    tables.append(trained_networks(TRAININGS[0], options.kept))
    names = [" + ".join(scores) for scores in VARIANTS]
    heads = " | ".join(f"+ {name}" for name in names)
    rule = "--:|" * (len(names) + 2)
    write_results(
        "scores",
        __doc__ or "",
        [
            "## Rank correlation with the accuracy, without a model",
            "",
            f"| networks | number | {' | '.join(ALONE)} |",
            f"|:--|{'--:|' * (len(ALONE) + 1)}",
            *map(alone_row, tables),
            "",
            f"## Rank correlation on unseen networks, {len(SEEDS)} seeds",
            "",
            f"| networks | results | without | {heads} |",
            f"|:--|{rule}",
            *(row for networks in tables for row in rank_rows(networks)),
            "",
            f"## Regret of a search in accuracy points, {len(SEEDS)} seeds; less is better",
            "",
            f"| networks | trials | without | {heads} |",
            f"|:--|{rule}",
            *(row for networks in tables for row in search_rows(networks)),
            "",
            "## Rank correlation of early signals with the final test accuracy",
            "",
            "| trainings | networks | after | accuracy | loss | sum of losses | sum against accuracy |",
            "|:--|--:|--:|--:|--:|--:|--:|",
            *(row for trainings in TRAININGS for row in signal_rows(trainings, options.kept)),
        ],
    )


if __name__ == "__main__":
    main()
