"""What a model sees of networks: the same from every process, whatever was described before."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from hashlib import sha256
from math import log

import numpy as np
import pytest

from archscape.search.samplers.bayes.description import (
    FEATURES,
    INACTIVE,
    Describer,
    Description,
    Path,
    joined,
)
from archscape.search.samplers.trial_space import trial_space
from archscape.search.training.choices.reading import read_any_recipe
from archscape.spaces import Sample, Space, load_space


@pytest.fixture(scope="module")
def digits() -> Space:
    return load_space("digits")


@pytest.fixture(scope="module")
def describer(digits: Space) -> Describer:
    return Describer(space=digits)


@pytest.fixture(scope="module")
def samples(digits: Space) -> list[Sample]:
    rng = random.Random(1)
    return [digits.sample(rng) for _ in range(40)]


def digest(description: Description) -> str:
    parts = (description.codes, description.features, description.words)
    return sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def test_codes_are_the_numbers_of_options_and_a_path_that_is_not_asked_has_its_own(
    digits: Space, describer: Describer, samples: list[Sample]
) -> None:
    for sample, codes in zip(samples, describer.describe(samples).codes.tolist(), strict=True):
        taken = {
            path: options[code]
            for (path, options), code in zip(digits.paths.items(), codes, strict=True)
            if code != INACTIVE
        }
        assert taken == sample.decisions


def test_paths_tell_how_many_options_there_are_and_whether_they_are_numbers(describer: Describer) -> None:
    paths = {path.name: path for path in describer.paths}
    assert paths["w"] == Path("w", 5, True)
    assert paths["stage1.any"].ordered is False


def test_features_are_standardised_over_the_space(describer: Describer, digits: Space) -> None:
    rng = random.Random(2)
    features = describer.describe([digits.sample(rng) for _ in range(300)]).features
    assert describer.features == FEATURES
    assert np.abs(features.mean(axis=0)).max() < 0.25
    assert np.abs(features.std(axis=0) - 1).max() < 0.25


def test_features_follow_the_costs(describer: Describer, samples: list[Sample]) -> None:
    macs = [log(sample.totals.macs) for sample in samples]
    features = describer.describe(samples).features
    assert np.corrcoef(macs, features[:, FEATURES.index("macs")])[0, 1] == pytest.approx(1)


def test_a_feature_that_all_networks_share_is_left_out() -> None:
    rows = "[conv: {width: 4, kernel: {3, 5}}, avgpool, linear: {width: 2}]"
    describer = Describer(space=Space.from_yaml(f"space: a\ninput: 1x8x8\nlayers: {rows}\n"))
    assert describer.features == ("params", "macs", "receptive_field")


def test_the_mean_squared_distance_of_the_words_is_about_2(describer: Describer, digits: Space) -> None:
    rng = random.Random(3)
    words = describer.describe([digits.sample(rng) for _ in range(300)]).words
    assert ((words[:150] - words[150:]) ** 2).sum(axis=1).mean() == pytest.approx(2, rel=0.15)


def test_costs_that_the_search_asks_for_are_features_too(digits: Space, samples: list[Sample]) -> None:
    asked = Describer(
        space=digits, further=("latency",), costs_of=lambda sample: {"latency": sample.totals.macs**2}
    )
    features = asked.describe(samples).features
    assert asked.features == (*FEATURES, "latency")
    assert np.allclose(features[:, -1], features[:, FEATURES.index("macs")])


def test_decisions_are_described_as_their_samples_once_or_again(
    digits: Space, describer: Describer, samples: list[Sample]
) -> None:
    decisions = [sample.decisions for sample in samples]
    expected = describer.describe(samples)
    for _ in range(2):
        assert digest(describer.describe_decisions([*decisions[:10], *decisions])[10:]) == digest(expected)
    fresh = Describer(space=digits)
    assert digest(joined([fresh.describe_decisions([each]) for each in decisions[::-1]])[::-1]) == digest(
        expected
    )


def test_nothing_is_described_as_no_rows(describer: Describer) -> None:
    nothing = describer.describe([])
    assert len(nothing) == len(describer.describe_decisions([])) == 0
    assert nothing.words.shape[1] == describer.describe_decisions([]).words.shape[1] > 0


def test_rows_are_chosen_and_joined(describer: Describer, samples: list[Sample]) -> None:
    whole = describer.describe(samples)
    assert digest(joined([whole[:5], whole[[7, 6]]])) == digest(whole[[0, 1, 2, 3, 4, 7, 6]])


def test_decisions_on_training_are_codes_and_change_nothing_else(digits: Space) -> None:
    recipe = read_any_recipe({"rate": {"0.01": None, "0.1": None}, "optimizer": "sgd"})
    space = trial_space(digits, recipe)
    describer, sample = Describer(space=space), space.sample(random.Random(0))
    (path,) = [path for path in space.paths if path not in digits.paths]
    both = [space.replay({**sample.decisions, path: option}) for option in space.paths[path]]
    described = describer.describe(both)
    assert described.codes[:, -1].tolist() == [0, 1]
    assert (described.features[0] == described.features[1]).all()
    assert (described.words[0] == described.words[1]).all()


PROGRAM = """
import random
from hashlib import sha256
from archscape.search.samplers.bayes.description import Describer
from archscape.spaces import load_space
space = load_space("nas-bench-macro")
rng = random.Random(1)
described = Describer(space=space).describe([space.sample(rng) for _ in range(20)])
print(sha256(described.words.tobytes() + described.features.tobytes()).hexdigest())
"""


def test_two_processes_describe_alike() -> None:
    digests = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert digests[0] == digests[1] != ""
