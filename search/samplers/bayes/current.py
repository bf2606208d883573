"""The model of one metric as it is now: with the networks in training, and on top of a cheaper view of it.

Where trials are compared after a few epochs, far more networks are known there than at the end. What their
model expects of a network is one feature more for the model of the end (Kennedy and O'Hagan 2000, with a
kernel in place of a factor), so that the few whole trainings only have to say what the early epochs do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .estimate import Estimate
from .kernels import Floats, Kernel, Normal, Part, Views, matern52
from .mixture import Forecast, Mixture, fit
from .posterior import rows_of
from .target import NormalScores

if TYPE_CHECKING:
    from ...study.history import Record
    from .networks import Networks
    from .surrogate import Surrogate

CHEAP = Normal(0.0, 1.6)
"""Prior of the weight of the expected early result, in units of its scores."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Current:
    """A mixture and its target.

    Attributes:
        target: The values of the modelled trials as scores.
        rows: The places of these trials among all that tell of the metric.
        mixture: The posteriors over the candidates that are always there.
        certain: The same as if the networks in training had come to their means.
        forecast: What they say of these candidates.
        cheap: The model of a cheaper view that is a feature here; None where there is none.
    """

    target: NormalScores
    rows: Sequence[int]
    mixture: Mixture
    certain: Mixture
    forecast: Forecast
    cheap: Current | None = None

    @classmethod
    def of(cls, surrogate: Surrogate, pending: Views) -> Current:
        """Return a surrogate as it is, with the vectors of networks in training."""
        return cls._of(surrogate.target, surrogate.rows, surrogate.mixture, pending)

    @classmethod
    def _of(
        cls,
        target: NormalScores,
        rows: Sequence[int],
        mixture: Mixture,
        pending: Views,
        cheap: Current | None = None,
    ) -> Current:
        certain = mixture
        for row in range(len(pending["codes"])):
            certain = certain.after(rows_of(pending, slice(row, row + 1)))
        return cls(
            target=target,
            rows=rows,
            mixture=mixture,
            certain=certain,
            forecast=mixture.forecast(target.scores, certain),
            cheap=cheap,
        )

    def means(self, views: Views) -> Floats:
        """Return the posterior means of some networks, (networks,)."""
        return self.mixture.over(self._seen(views)).mean(self.target.scores)

    def _seen(self, views: Views) -> Views:
        """Return networks with what the cheaper view lets expect of them."""
        if self.cheap is None:
            return views
        return {**views, "cheap": self.cheap.means(views)[:, None]}

    def at(self, views: Views, sign: int) -> Estimate:
        """Return what is expected of some networks alone."""
        forecast = self.mixture.over(self._seen(views)).forecast(self.target.scores)
        return Estimate(forecast=forecast, target=self.target, sign=sign)

    def estimate(self, near: Views, sign: int) -> Estimate:
        """Return what is expected of all candidates, those near the best networks last."""
        forecast = self.forecast
        if len(near["codes"]):
            seen = self._seen(near)
            now = self.mixture.over(seen)
            certain = now if self.certain is self.mixture else self.certain.over(seen)
            forecast = forecast.joined(now.forecast(self.target.scores, certain))
        return Estimate(forecast=forecast, target=self.target, sign=sign)


def stacked(
    cheap: Current, networks: Networks, records: Sequence[Record], values: Floats, pending: Views
) -> Current:
    """Return the model of a metric on top of that of a cheaper view.

    The feature changes with every early result, so the model is fitted afresh.

    Args:
        cheap: The model of the cheaper view.
        networks: The networks of the space.
        records: The trials that tell of the metric.
        values: What they came to, more being better.
        pending: The vectors of networks in training.

    Raises:
        LinAlgError: If the trials cannot be modelled.
    """

    def seen(views: Views) -> Views:
        return {**views, "cheap": cheap.means(views)[:, None]}

    part = Part(view="cheap", profile=matern52, groups=np.zeros(1, dtype=np.int64), weight=CHEAP)
    kernels = [
        Kernel(name=f"{kernel.name} + early result", parts=[*kernel.parts, part])
        for kernel in networks.kernels
    ]
    target, tried = NormalScores(values=values), seen(networks.describe(records))
    floor = np.zeros(len(records))
    fits = fit(kernels, tried, target.scores, floor)
    fixed = {**networks.fixed_views, "cheap": cheap.forecast.mean[:, None]}
    mixture = Mixture.of(fits, tried, fixed, floor)
    return Current._of(target, range(len(records)), mixture, seen(pending), cheap)
