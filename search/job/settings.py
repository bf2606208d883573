"""A job: which space, on which data, for which objectives, how long.

It is a YAML file that reads like this:

```yaml
search: digits-frontier
space: digits                  # catalog name or file
data: cluttered-digits         # embedded name, path, or a mapping: {path: photos, size: 64}
recipe: quick                  # preset name, or a mapping that starts from one
objectives: {accuracy: maximize, macs: minimize}
within: {params: ..200k}       # tightens the space's own limits
stop: halving                  # early, by Pareto rank; or a mapping, or left out
sampler: nsga2
trials: 30
workers: 2
seed: 0
```

`search`, `space` and `data` are needed; with `train: FILE.py:name`, a training function of one's own in place
of a recipe, the data is not. Without the others: the recipe and objectives above, the sampler that is chosen
for a new study (`sampler: auto`), no further limits, no stop, 30 trials, one worker, seed 0, `device: auto`,
one training for each network (`repeats: 1`), a `lease: 60` seconds long, no `cache:`, `keep: all` weights. A
relative path is relative to the job file, `~` is the home folder.

`budget: {hours: 8, patience: 50}` ends the search too; without `trials:` beside it there may be any number.

`stop` and `sampler` are a name, or a mapping that changes settings, as in `{rule: nsga2, population: 30}`. A
sampler of one's own is a class in a file: `my_sampler.py:Mine`, or `{rule: my_sampler.py:Mine, alpha: 1}`.

What training gives may have a limit too, `within: {accuracy: 0.9..}`: trials beyond it are infeasible, and
on the frontier only while no other one is within. `metrics: {name: FILE.py:function}` are functions of the
network, taken before its training.

`latency` may be an objective, and a limit: `within: {latency: ..5ms}`. `latency: FILE` names the calibration
that tells it; without that it is the one that `archscape calibrate` keeps for this machine's processor.

`target: {runtime: tflm, dtype: int8, board: pico}` is a small device: `sram` and `flash` are what a network
needs there, in bytes, and may be objectives and limits, `within: {sram: ..256KiB, flash: ..1MiB}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar

from archscape.analysis.costs.memory.targets.settings import TargetSettings
from archscape.analysis.limits import MetricLimit
from archscape.analysis.metrics import TARGET, Direction, Metric, names_asked
from archscape.spaces import Space
from archscape.spaces.errors import JobError, about
from archscape.spaces.kinds import Takes, flag, matching, whole
from archscape.spaces.language.document import Document
from archscape.spaces.language.limits import Limit
from archscape.spaces.language.settings import Settings
from archscape.spaces.language.user_function import UserFunction
from archscape.spaces.printing import Printed, Printout

from ..costs.latency import LatencyObjective
from ..costs.training_recipe import DECIDE_MEMORY
from ..datasets.settings import DataSettings
from ..datasets.sources import task_before_reading
from ..pruners import PrunerSettings
from ..samplers import NAMES, Sampler
from ..samplers.own import as_job_names
from ..samplers.trial_space import check_names
from ..study.artifacts import check_address
from ..study.budget import Budget
from ..study.kept_weights import ALL, KEEP
from ..study.spool import MAX_TRIALS
from ..study.tracking import TRACKERS
from ..study.tracking.reading import Track
from ..training.choices import AnyRecipe
from ..training.own.settings import TrainFunction
from ..training.recipe import Recipe
from ..training.tasks.scores import default_objectives
from .enqueued import Decisions
from .objectives import KnownMetrics, check_own_name, own_metrics, with_units

TRIALS = 30
"""How many networks a search without a budget tries, unless its job says otherwise."""

NEEDED = ("search", "space", "data")

NAME = matching(
    r"[A-Za-z][A-Za-z0-9_.-]{0,49}",
    "the name of a folder and of what is exported: letters, digits, `.`, `_`, `-`, at most 50, "
    "and starts with a letter",
)
DEVICE = matching(r"auto|cpu|mps|cuda(:\d+)?", "auto, cpu, cuda, cuda:N or mps")


@dataclass(frozen=True, kw_only=True, repr=False)
class JobSettings(Printed, Settings):
    """What a job says: its settings, and what they have to fulfil.

    Attributes:
        search: Name of the search, and of its folder.
        space: Where the networks come from.
        data: What they are trained on; from Python a file is an absolute path. With `train` it may be
            left out.
        recipe: How every network is trained; settings that it leaves open are drawn with each network.
        train: The function of the user's that trains every network in place of a recipe.
        objectives: Direction of each objective, the most important first; by default the score of the task
            of the data, and `macs`.
        within: Limits on top of the space's own; those on what only training tells make trials infeasible.
        metrics: Functions of the network that give a number, by the name of the metric: `FILE.py:name`.
        stop: How trials are stopped early, if at all.
        latency: What predicts the latency of networks, where that is an objective or has a limit; by default
            the calibration that `archscape calibrate` keeps for this machine.
        target: The small device that networks are for, which tells `sram` and `flash` of them; a board limits
            both, unless the job does.
        sampler: What proposes the next network: a sampler by name, a class in a file, `FILE.py:Name`, or
            `auto`, which chooses one. A study keeps the one that it began with unless the job names another;
            a new one takes `auto`.
        trials: How many networks are tried: 30, or with a budget alone as many as that allows.
        budget: What the search may spend; what is reached first, of this and the trials, ends it.
        enqueue: Networks of the space that are tried first, as lists of decisions; they count as trials.
        workers: How many are trained at the same time.
        seed: From which all randomness follows. With several workers, what a sampler proposes that looks at
            results also depends on which trials have ended by then, unless the job is deterministic.
        deterministic: Whether the same job tries the same networks whatever the timing: the proposal of trial
            n sees exactly the trials 0 to n - workers, and a worker waits until those have ended.
        device: Where networks are trained; `auto` is CUDA where there is one.
        repeats: With how many seeds each network is trained; its metrics are their means.
        lease: Seconds without a sign of life after which a worker's trial is given to another.
        cache: Folder of results that studies with the same recipe and data share.
        keep: Whose weights stay in `checkpoints/`: `all` complete trials; the `frontier` and the best
            trial; or the `best N` by the first objective. Others are removed once they are beaten.
        artifacts: A folder, or a URL that fsspec knows, where every machine hands over the weights that stay.
        track: What follows the search: trackers by name, or classes in files, `FILE.py:name`.
        origin: The document that the job was read from.
    """

    name: ClassVar[str] = "job"
    search: Annotated[str, NAME]
    space: Annotated[Space, Takes("the name of a space in the catalog, or a file")]
    data: Annotated[str | DataSettings, Takes("the name of embedded data, a path, or a mapping with it")] = ""
    recipe: Annotated[AnyRecipe, Takes("the name of a preset, or a mapping that starts from one")] = field(
        default_factory=Recipe
    )
    train: Annotated[
        TrainFunction | None, Takes("a training function of your own, as in my_training.py:fit")
    ] = None
    objectives: Annotated[Mapping[str, Direction], Takes("a mapping of metrics to maximize or minimize")] = (
        None  # type: ignore[assignment]
    )
    within: Annotated[
        Mapping[str, Limit | MetricLimit],
        Takes("a mapping of metrics to low..high, as in {params: ..200k, accuracy: 0.9..}"),
    ] = field(default_factory=dict)
    metrics: Annotated[
        Mapping[str, UserFunction], Takes("a mapping of names to FILE.py:name, functions of the network")
    ] = field(default_factory=dict)
    stop: Annotated[PrunerSettings | None, Takes("a rule, or a mapping as in {rule: halving, eta: 2}")] = None
    latency: Annotated[LatencyObjective | None, Takes("the file of a calibration")] = None
    target: Annotated[
        TargetSettings | None,
        Takes("a runtime, or a mapping as in {runtime: tflm, dtype: int8, board: pico}"),
    ] = None
    sampler: Annotated[
        str | Sampler, Takes("a sampler, auto, or a mapping as in {rule: tpe, startup: 20}")
    ] = ""
    trials: Annotated[int, whole(1, MAX_TRIALS)] = None  # type: ignore[assignment]
    budget: Annotated[Budget | None, Takes("a mapping of limits, as in {hours: 8, epochs: 2000}")] = None
    enqueue: Annotated[
        tuple[Decisions, ...], Takes("a list of networks: names, files, or mappings of decisions")
    ] = ()
    workers: Annotated[int, whole(1, 1024)] = 1
    seed: Annotated[int, whole(0, 2**31 - 1)] = 0
    deterministic: Annotated[bool, flag()] = False
    device: Annotated[str, DEVICE] = "auto"
    repeats: Annotated[int, whole(1, 100)] = 1
    lease: Annotated[int, whole(1, 86_400)] = 60
    cache: Annotated[str, Takes("a folder")] = ""
    keep: Annotated[str, KEEP] = ALL
    artifacts: Annotated[str, Takes("a folder, or a URL as in s3://bucket/searches")] = ""
    track: Annotated[
        tuple[Track, ...],
        Takes(f"{', '.join(TRACKERS)}, a class as in my_tracker.py:Mine, or a list of these"),
    ] = ()
    origin: Document | None = field(default=None, repr=False, compare=False)

    def printout(self) -> Printout:
        """Return its settings, the space by its name."""
        named = {field.name: getattr(self, field.name) for field in fields(self) if field.repr}
        names = {"space": self.space.name, "track": ", ".join(track.name for track in self.track)}
        rows = [(name, _plain(value)) for name, value in (named | names).items()]
        return Printout(title=f"job {self.search}", columns=("setting", "value"), rows=rows)

    def __post_init__(self) -> None:
        if self.trials is None:
            object.__setattr__(self, "trials", MAX_TRIALS if self.budget else TRIALS)
        if self.objectives is None:
            object.__setattr__(self, "objectives", default_objectives(self.task))
        board = self.target.limits if self.target else {}
        object.__setattr__(self, "within", with_units(self.within, board))
        super().__post_init__()
        if self.train is not None:
            check_train_alone(has_recipe=self.recipe != Recipe(), has_cache=bool(self.cache))
        elif not self.data:
            raise JobError("a job needs `data`, or a `train` function that has its own")
        check_one_input(self.space)
        check_address(self.artifacts)
        if len(self.enqueue) > self.trials:
            raise JobError(f"enqueue has {len(self.enqueue)} networks, but there are {self.trials} trials")
        for name in self.metrics:
            check_own_name(name)
        self.known_metrics.check_objectives(self.objectives)
        self.known_metrics.check_within(self.within)
        if isinstance(self.sampler, Sampler):
            object.__setattr__(self, "sampler", as_job_names(self.sampler))
        elif self.sampler and self.sampler not in NAMES:
            raise JobError(f"job: {NAMES.missing(self.sampler)}")
        if "training_memory" in names_asked(self.measured) and self.known_metrics.is_open:
            raise JobError("training_memory follows from a recipe, which a job with `train:` has not")
        self._check_choices()

    def _check_choices(self) -> None:
        """Check what the recipe leaves open by the rest of the job.

        Raises:
            JobError: If it does not fit.
        """
        if isinstance(self.recipe, Recipe):
            return
        with about("recipe"):
            wide = [key for key in DECIDE_MEMORY if key in self.recipe.open_settings]
            if "training_memory" in names_asked(self.measured) and wide:
                law = f"training_memory is told of a network by one recipe, but `{wide[0]}` is left open"
                raise JobError(f"recipe: {law}; leave the one or the other out")
            check_names(self.space, self.recipe)

    @property
    def task(self) -> str:
        """What networks learn, as far as it is known before the data are read."""
        return task_before_reading(self.data)

    @property
    def asked_trials(self) -> int:
        """How many trials are asked for; 0 where the budget alone ends the search."""
        return 0 if self.budget and self.trials == MAX_TRIALS else self.trials

    @property
    def known_metrics(self) -> KnownMetrics:
        """The metrics that it may name."""
        return KnownMetrics(
            own=tuple(self.metrics), is_open=self.train is not None, has_target=self.target is not None
        )

    @property
    def limits(self) -> dict[str, MetricLimit]:
        """The limits on metrics, those on the costs of a graph and on latency apart."""
        return {name: limit for name, limit in self.within.items() if isinstance(limit, MetricLimit)}

    @property
    def own_metrics(self) -> dict[str, Metric]:
        """The metrics of its own that its study has, by name."""
        return own_metrics(self.objectives, self.limits, self.metrics)

    @property
    def measured(self) -> dict[str, Any]:
        """The facts of what is measured; a job without limits or metrics of its own has the first alone."""
        own = {
            name: {
                "direction": metric.direction,
                **({"call": self.metrics[name].name} if name in self.metrics else {}),
            }
            for name, metric in self.own_metrics.items()
        }
        limits = {name: limit.plain for name, limit in self.limits.items()}
        return {
            "objectives": dict(self.objectives),
            **({"limits": limits} if limits else {}),
            **({TARGET: self.target.to_dict()} if self.target else {}),
            **({"metrics": own} if own else {}),
        }


def check_train_alone(*, has_recipe: bool, has_cache: bool) -> None:
    """Raise unless a training function stands in a job without what goes with a recipe alone.

    Raises:
        JobError: If it does not.
    """
    if has_recipe:
        raise JobError("a job has `recipe:` or `train:`, not both: a training function decides how to train")
    if has_cache:
        raise JobError("`cache:` keeps what recipes trained; with `train:` leave it out")


def check_one_input(space: Space) -> None:
    """Raise unless the networks of a space read one input, as data have it.

    Raises:
        JobError: If they read several.
    """
    if len(space.inputs) > 1:
        raise JobError(
            f"space {space.name} reads several inputs, {space.input_text}, but a sample of data is one map; "
            "search a space of one input, or train what `Space.sample` draws in a loop of your own"
        )


def _plain(value: object) -> object:
    """Return a setting to read: mappings without braces."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items())
    return value if isinstance(value, int) else str(value)
