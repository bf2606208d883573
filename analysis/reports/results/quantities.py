"""What columns measure: the words and units of each quantity, and whether more or less is better.

A line is a quantity. Its role says what a column can be taken for: a score, an error, a cost, a speed; an
item is what others are counted by (an image, a step) and is neither good nor bad. `directions` reads names by
these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from archscape.analysis.metrics import METRICS, Direction

Role = Literal["score", "error", "cost", "speed", "item"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Quantity(NamedTuple):
    """What a word of a column's name stands for.

    Attributes:
        kind: What it is called here; costs of one kind stand together.
        role: What a column of it can be taken for.
        way: Its better direction; None where it has none.
        is_weak: Whether other words decide where there are some: units, `top`, `size`.
    """

    kind: str
    role: Role
    way: Direction | None
    is_weak: bool = False


QUANTITIES: Mapping[Quantity, str] = {
    Quantity("accuracy", "score", METRICS["accuracy"].direction): "acc accs accuracy accuracies bacc",
    Quantity("accuracy", "score", METRICS["accuracy"].direction, is_weak=True): "top",
    Quantity("quality", "score", "maximize"): (
        "ap map ar mar iou miou giou fiou dice jaccard f1 fscore auc auroc auprc roc precision recall prec "
        "rec sensitivity specificity tpr tnr hit hits success win wins correct kappa mcc r2 rsq pearson "
        "spearman kendall srcc plcc pcc corr correlation bleu rouge meteor cider spice chrf comet mrr ndcg "
        "psnr ssim msssim vmaf mos similarity pck oks pq mota hota idf1 nds em match likelihood elbo reward "
        "return fitness elo robustness aupr aupro pesq stoi sdr sisdr sisnr snr mtbf mttf"
    ),
    Quantity("quality", "score", "maximize", is_weak=True): "score scores quality",
    Quantity("error", "error", METRICS["loss"].direction): (
        "err errs error errors loss losses logloss xent crossentropy sse inaccuracy misclassification "
        "perplexity ppl rmse mse mae mape smape rmsle msle nmse nrmse bpc bpb bpd wer cer ter eer fid kid "
        "fvd lpips niqe brisque nll bce ce entropy divergence kl ece brier mpjpe epe aee absrel distance "
        "hausdorff chamfer miss misses failure failures fault faults false fpr fnr frr regret misclassified "
        "mistakes incorrect violations mce mfr nme aurc eaurc"
    ),
    Quantity("macs", "cost", METRICS["macs"].direction): (
        "macs mac gmacs gmac mmacs mmac kmacs tmacs flops flop gflops gflop mflops bflops mflop kflops "
        "tflops tflop pflops madds madd adds multadds multadd mults gmadds mmadds bops gbops ops gops mops "
        "operations complexity"
    ),
    Quantity("params", "cost", METRICS["params"].direction): (
        "params param parameters parameter mparams kparams nparams weights"
    ),
    Quantity("activations", "cost", METRICS["activations"].direction): (
        "activations acts macts gacts"
    ),
    Quantity("latency", "cost", METRICS["latency"].direction): "latency latencies lat delay",
    Quantity("latency", "cost", "minimize", is_weak=True): (
        "ms msec msecs millis millisecond milliseconds us µs μs usec microsecond microseconds ns "
        "nanoseconds"
    ),
    Quantity("memory", "cost", "minimize"): (
        "memory mem ram sram rss maxrss vram rom flash footprint storage disk"
    ),
    Quantity("memory", "cost", "minimize", is_weak=True): (
        "bytes byte kb mb gb tb kib mib gib tib kilobytes megabytes gigabytes"
    ),
    Quantity("energy", "cost", "minimize"): (
        "energy joules joule edp carbon co2 co2e kgco2 kgco2e tco2e emissions"
    ),
    Quantity("energy", "cost", "minimize", is_weak=True): "mj uj µj μj nj pj kj wh kwh mwh co2eq",
    Quantity("power", "cost", "minimize"): "power watts watt tdp",
    Quantity("power", "cost", "minimize", is_weak=True): "mw kw",
    Quantity("time", "cost", METRICS["seconds"].direction): (
        "time times runtime duration walltime wallclock slowdown ttft elapsed seconds hours minutes days "
        "cycles"
    ),
    Quantity("time", "cost", METRICS["seconds"].direction, is_weak=True): (
        "s sec secs second min mins minute h hr hrs hour day"
    ),
    Quantity("size", "cost", "minimize", is_weak=True): "size sizes bits bit area luts dsps",
    Quantity("price", "cost", "minimize", is_weak=True): "cost costs price usd eur dollar dollars $ €",
    Quantity("epochs", "item", "minimize", is_weak=True): "epochs epoch",
    Quantity("speed", "speed", "maximize"): (
        "throughput fps qps tops goodput rps ips tps sps wps kbps mbps gbps speed framerate speedup "
        "acceleration bandwidth mfu hfu efficiency compression savings saving saved hz khz mhz ghz"
    ),
    Quantity("receptive_field", "item", METRICS["receptive_field"].direction): "receptivefield",
    Quantity("item", "item", None): (
        "image images img imgs picture pictures sample samples example examples frame frames token tokens "
        "query queries request requests item items batch batches step steps iter iters iteration iterations "
        "it inference inferences input inputs sequence sequences seq seqs word words video videos clip "
        "clips patch patches pixel pixels instance instances sentence sentences call calls run runs "
        "prediction predictions forward update updates evaluation evaluations trial trials network networks "
        "model models point points"
    ),
}  # fmt: skip

WORDS: dict[str, Quantity] = {
    word: quantity for quantity, words in QUANTITIES.items() for word in words.split()
}
"""The quantity of each word, in small letters."""

LETTERS = {
    "J": Quantity("energy", "cost", "minimize", is_weak=True),
    "W": Quantity("power", "cost", "minimize", is_weak=True),
    "B": Quantity("memory", "cost", "minimize", is_weak=True),
    "R": Quantity("quality", "score", "maximize", is_weak=True),
}
"""Units and measures of one large letter, as in `R@1`: a `w` or `b` is a width or an option."""

SPREADS = _words("std stdev stddev sd sem stderr var variance spread deviation uncertainty ci iqr jitter")
"""Words of how much a quantity varies: whatever it is, less is better."""
_SYMBOLS = "byte bytes char chars character characters dim dims dimension dimensions token word symbol"
PHRASES: Mapping[str, str] = {
    "area under": "auc", "area below": "auc",
    "true positive": "tpr", "true positives": "tpr", "true negative": "tnr", "true negatives": "tnr",
    "receptive field": "receptivefield", "time to failure": "mttf", "time between failures": "mtbf",
    **{f"bits {per} {symbol}": "bpc" for per in ("per", "/") for symbol in _SYMBOLS.split()},
    **{f"rank{sign}{at}": "top1" for sign in ("", " ", " @ ") for at in (1, 5, 10, 20)},
}  # fmt: skip
"""Words that mean together what none of them does, and the word that means the same."""
REMEDIES = _words(
    "tolerance correction detection recovery prevention avoidance resilience resistance coverage free"
)
"""Words after an error that make it something good: `fault_tolerance`."""
CORRELATIONS = _words("correlation corr pearson spearman kendall srcc plcc pcc r2 rsq kappa mcc")
"""Words that decide behind an error too: `distance_correlation`."""
SETTING_ENDS: Mapping[str, frozenset[str]] = {
    word: roles
    for words, roles in (
        (
            "threshold thresholds limit limits budget target targets goal cap constraint weight weighting "
            "temperature steps type mode id seed",
            _words("score error cost speed"),
        ),
        ("coef coefs coeff coeffs coefficient factor scale margin index", _words("error cost")),
        ("weights size bits", _words("score error")),
    )
    for word in words.split()
}
"""Words behind a measure of these roles that make it a setting: `loss_weight`, `precision_bits`."""
BIT_WIDTHS = _words("w a n num weight weights act acts activation activations quant quantization kv k v")
"""What `bits` behind it are a setting of."""
LOSSES = _words("gap degradation penalty overhead deficit")
"""Words after a quantity that are bad whatever it is."""
GAINS = _words("gain gains improvement improvements utilization utilisation util occupancy")
"""And those that are good."""
FREE = frozenset(("free", "available"))
"""Words right behind a quantity that turn it round, and before memory: `free_params` are counted."""
FALLS = _words("drop drops reduction reductions decrease decline")
"""Words after a quantity that are good where less of it is, and the other way round."""
NEGATIONS = _words("neg negative negated minus inverse inv reciprocal")
"""Words before a quantity that turn it round."""
INVERTED = _words("inv inverse inverted reciprocal neg negated")
"""The same, as the last word."""
NOTS = frozenset(("non", "not"))
"""The same, of the very next word alone: `non_error`, but not `non_embedding_params`."""
PREPOSITIONS = _words("to at of for on in until with under vs by when given from @")
"""What stands behind them says of what or when, not what is measured."""
SETTINGS = _words(
    "crop kernel train test val dataset data window hidden embed vocab group population stride step "
    "resolution field head ensemble buffer grid block filter"
)
"""Whose `size` is a setting and no cost, as is that of every item but a model or a network."""

RATE_UNITS = frozenset(("s", "sec", "second", "min", "minute", "h", "hr", "hour", "day"))
"""Units of time that whatever is counted by them is a speed in, as in `crops/s`."""

COST_KINDS = ("macs", "params", "activations", "latency", "memory", "energy", "power", "time", "speed")
"""Kinds of the costs of a table in their order, where nobody names them."""
SPARE_KINDS = ("size", "price", "epochs")
"""Kinds that are costs where there are no others."""
