"""The Gaussian process against a plain dense implementation of the textbook's formulas."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.described import mixture, networks
from scipy.stats import multivariate_normal

from archscape.search.samplers.bayes.gaussian_process import NOISE, Regression, factor, inverse
from archscape.search.samplers.bayes.kernels import Floats, Kernel
from archscape.search.samplers.bayes.posterior import Posterior, rows_of

KERNELS = pytest.mark.parametrize("kernel", mixture(), ids=lambda kernel: kernel.name)


def regression(kernel: Kernel, count: int = 16) -> Regression:
    views = networks(count)
    target = views["features"][:, 0] + 0.2 * np.random.default_rng(5).normal(size=count)
    return Regression(kernel=kernel, views=views, target=target / target.std(), floor=0.01)


def parameters_of(problem: Regression, seed: int = 0) -> Floats:
    return problem.prior_mean + 0.5 * np.random.default_rng(seed).normal(size=len(problem.priors))


def covariance(problem: Regression, parameters: Floats) -> Floats:
    views = problem.views
    noise = (np.exp(parameters[-1]) + 0.01) * np.eye(len(problem.target))
    dense: Floats = problem.kernel.matrix(views, views, parameters[:-1]) + noise
    return dense


@KERNELS
def test_the_loss_is_the_negative_log_posterior_of_the_parameters(kernel: Kernel) -> None:
    problem = regression(kernel)
    means, deviations = np.array(problem.priors).T

    def expected(parameters: Floats) -> float:
        likelihood = multivariate_normal(cov=covariance(problem, parameters)).logpdf(problem.target)
        return float(-likelihood + 0.5 * (((parameters - means) / deviations) ** 2).sum())

    first, second = parameters_of(problem), parameters_of(problem, seed=1)
    difference = problem.loss(first)[0] - problem.loss(second)[0]  # both up to the same constant
    assert difference == pytest.approx(expected(first) - expected(second))


@KERNELS
def test_its_gradient_is_that_of_finite_differences(kernel: Kernel) -> None:
    problem = regression(kernel)
    parameters = parameters_of(problem)
    steps = 1e-5 * np.eye(len(parameters))
    expected = [(problem.loss(parameters + s)[0] - problem.loss(parameters - s)[0]) / 2e-5 for s in steps]
    np.testing.assert_allclose(problem.loss(parameters)[1], expected, rtol=1e-5, atol=1e-6)


@KERNELS
def test_fitted_parameters_are_better_than_the_prior_means_and_within_bounds(kernel: Kernel) -> None:
    problem = regression(kernel)
    parameters = problem.most_probable()
    assert problem.loss(parameters)[0] < problem.loss(problem.prior_mean)[0]
    means, deviations = np.array(problem.priors).T
    assert (np.abs(parameters - means) <= 4 * deviations + 1e-9).all()


@KERNELS
def test_leaving_one_out_is_predicting_each_from_the_others(kernel: Kernel) -> None:
    problem = regression(kernel)
    parameters = parameters_of(problem)
    dense, left = covariance(problem, parameters), problem.left_out(parameters)
    for i in range(len(problem.target)):
        others = np.arange(len(problem.target)) != i
        weights = np.linalg.solve(dense[np.ix_(others, others)], dense[others, i])
        assert left.mean[i] == pytest.approx(weights @ problem.target[others])
        assert left.variance[i] == pytest.approx(dense[i, i] - weights @ dense[others, i])


@KERNELS
def test_the_posterior_is_that_of_the_textbook(kernel: Kernel) -> None:
    problem, candidates = regression(kernel), networks(9, seed=7)
    parameters = parameters_of(problem)
    posterior = Posterior.of(kernel, parameters, problem.views, candidates, np.full(16, 0.01))
    dense, cross = covariance(problem, parameters), kernel.matrix(problem.views, candidates, parameters[:-1])
    prior = kernel.matrix(candidates, candidates, parameters[:-1])
    np.testing.assert_allclose(
        posterior.mean(problem.target), cross.T @ np.linalg.solve(dense, problem.target)
    )
    expected = np.diag(prior - cross.T @ np.linalg.solve(dense, cross))
    np.testing.assert_allclose(posterior.deviation**2, expected, atol=1e-10)
    own = kernel.matrix(problem.views, problem.views, parameters[:-1])
    np.testing.assert_allclose(posterior.fitted(problem.target), own @ np.linalg.solve(dense, problem.target))


@KERNELS
def test_trials_added_one_by_one_give_the_posterior_of_all(kernel: Kernel) -> None:
    problem, candidates = regression(kernel), networks(9, seed=7)
    parameters, rows = parameters_of(problem), problem.views
    grown = Posterior.of(kernel, parameters, rows_of(rows, slice(0, 12)), candidates, np.full(12, 0.01))
    for row in range(12, 16):
        grown = grown.after(rows_of(rows, slice(row, row + 1)), 0.01)
    whole = Posterior.of(kernel, parameters, rows, candidates, np.full(16, 0.01))
    np.testing.assert_allclose(grown.mean(problem.target), whole.mean(problem.target))
    np.testing.assert_allclose(grown.deviation, whole.deviation)
    np.testing.assert_allclose(grown.fitted(problem.target), whole.fitted(problem.target))
    other = grown.over(rows_of(candidates, slice(2, 5)))
    np.testing.assert_allclose(other.mean(problem.target), whole.mean(problem.target)[2:5])


def test_the_noise_has_a_floor() -> None:
    problem = regression(mixture()[0])
    assert problem.noise(np.full(len(problem.priors), NOISE.mean))[0] == pytest.approx(
        np.exp(NOISE.mean) + 0.01
    )


def test_a_matrix_that_is_nearly_singular_gets_jitter_and_one_that_is_not_finite_an_error() -> None:
    equal = np.ones((3, 3))
    np.testing.assert_allclose(factor(equal) @ factor(equal).T, equal, atol=1e-3)
    with pytest.raises(np.linalg.LinAlgError, match="3 networks is not positive definite"):
        factor(np.full((3, 3), np.nan))


def test_the_inverse_is_that_of_the_whole_matrix() -> None:
    matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(inverse(factor(matrix)), np.linalg.inv(matrix))
