"""Kernels: positive definite, and with the gradients that finite differences give."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.described import PATHS, mixture, networks

from archscape.search.samplers.bayes.encoding import Encoder
from archscape.search.samplers.bayes.kernels import Floats, Kernel, Profile, exponential, matern52
from archscape.search.samplers.bayes.mixture import kernels


def test_a_mixture_sees_decisions_alone_with_words_and_with_features() -> None:
    assert [kernel.name for kernel in mixture()] == ["codes", "codes + words", "codes + features"]


def test_without_words_or_features_their_parts_are_missing() -> None:
    assert [kernel.name for kernel in kernels(Encoder(paths=PATHS).groups, 0, 0)] == ["codes"]


@pytest.mark.parametrize("profile", [exponential, matern52])
def test_a_profile_is_1_at_no_distance_and_its_slope_is_its_derivative(profile: Profile) -> None:
    squares = np.array([0.0, 1e-3, 0.1, 1.0, 10.0])
    value, slope = profile(squares)
    assert value[0] == 1
    step = 1e-7
    up, down = profile(squares[1:] + step)[0], profile(squares[1:] - step)[0]
    np.testing.assert_allclose(slope[1:], (up - down) / (2 * step), rtol=1e-4)


@pytest.mark.parametrize("kernel", mixture(), ids=lambda kernel: kernel.name)
def test_covariances_are_those_of_the_formula(kernel: Kernel) -> None:
    rng = np.random.default_rng(1)
    views, parameters = networks(6), rng.normal(size=len(kernel.priors))
    expected = np.zeros((6, 6))
    for part, amplitude, weights in kernel.split(parameters):
        vectors = views[part.view]
        for i in range(6):
            for j in range(6):
                square = sum(
                    weights[g] * (a - b) ** 2
                    for g, a, b in zip(part.groups, vectors[i], vectors[j], strict=True)
                )
                expected[i, j] += amplitude * part.profile(np.array([square]))[0][0]
    np.testing.assert_allclose(kernel.matrix(views, views, parameters), expected, atol=1e-12)
    np.testing.assert_allclose(np.diag(expected), kernel.variance(parameters))


@pytest.mark.parametrize("kernel", mixture(), ids=lambda kernel: kernel.name)
def test_covariances_are_positive_definite_also_where_paths_are_not_asked_for(kernel: Kernel) -> None:
    parameters = np.random.default_rng(2).normal(size=len(kernel.priors))
    assert np.linalg.eigvalsh(kernel.matrix(networks(60), networks(60), parameters)).min() > -1e-10


@pytest.mark.parametrize("kernel", mixture(), ids=lambda kernel: kernel.name)
def test_the_gradient_is_that_of_finite_differences(kernel: Kernel) -> None:
    rng = np.random.default_rng(3)
    views, parameters, pull = networks(12), rng.normal(size=len(kernel.priors)) / 2, rng.normal(size=(12, 12))
    pull += pull.T
    _, pull_back = kernel.matrix_with_gradient(views, parameters)

    def loss(shift: Floats) -> float:
        return float((pull * kernel.matrix(views, views, parameters + shift)).sum())

    steps = 1e-5 * np.eye(len(parameters))
    expected = [(loss(step) - loss(-step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(pull_back(pull), expected, rtol=1e-6, atol=1e-6)
