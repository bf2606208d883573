"""Looking inside networks of every task: what is measured is what a plain computation gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from helpers.trained_networks import NETWORKS, as_trained, trained_on
from torch import nn

from archscape.analysis.inspection import layers
from archscape.analysis.inspection.look import Look
from archscape.analysis.inspection.preferred import preferred_inputs
from archscape.analysis.reports.inspection.page import write_look
from archscape.analysis.reports.inspection.paper import write_look_figures
from archscape.search.datasets.dataset import load_dataset
from archscape.search.trained.inspection.look import LookSettings, look_inside
from archscape.search.trained.trained_network import TrainedNetwork
from archscape.search.training.evaluation import evaluate
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task
from archscape.search.training.train import train
from archscape.spaces import Network
from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from helpers.browser import Browser

pytestmark = pytest.mark.usefixtures("one_thread")


def unseen(words: str, done: float, total: float) -> None:
    pass


@pytest.fixture(scope="module")
def trained() -> TrainedNetwork:
    """A network for digits after two epochs."""
    fresh = trained_on("classification")
    outcome = train(fresh.network.build, fresh.data, Recipe(epochs=2), seed=0, device="cpu")
    return as_trained(fresh.network, fresh.data, outcome.state)


@pytest.fixture(scope="module")
def seen(trained: TrainedNetwork) -> Look:
    return look_inside(trained, LookSettings(features=100), unseen)


def test_confusion_and_losses_equal_a_plain_loop(trained: TrainedNetwork, seen: Look) -> None:
    module, counts, losses = trained.module(), np.zeros((10, 11), dtype=int), []
    with torch.inference_mode():
        for x, y in zip(trained.data.val.x, trained.data.val.y, strict=True):
            output = module(x[None])
            counts[int(y), int(output.argmax())] += 1
            losses.append(float(nn.functional.cross_entropy(output, y[None])))
    assert seen.confusion is not None
    assert (seen.confusion.counts == counts).all()
    order = np.argsort(losses)[::-1][:12]
    assert [sample.index for sample in seen.worst] == order.tolist()
    np.testing.assert_allclose([sample.loss for sample in seen.worst], np.array(losses)[order], rtol=1e-4)


def test_metrics_are_those_of_an_evaluation(trained: TrainedNetwork, seen: Look) -> None:
    task = make_task(trained.data)
    assert seen.metrics == evaluate(trained.module(), trained.data.val, task, device="cpu")


def test_maps_equal_those_of_a_forward_hook(trained: TrainedNetwork, seen: Look) -> None:
    module, given = trained.module(), {}
    names = [name for name, each in module.named_modules() if isinstance(each, nn.Conv2d)]
    for name in names:
        module.get_submodule(name).register_forward_hook(
            lambda _, args, output, name=name: given.update({name: output})
        )
    with torch.inference_mode():
        module(trained.data.val.x[[0, 5, 17]])
    assert [each.layer for each in seen.maps] == names
    assert all((each.maps == given[each.layer].numpy()).all() for each in seen.maps)


def test_filters_are_the_weights(trained: TrainedNetwork, seen: Look) -> None:
    for each in seen.filters:
        assert (each.weights == trained.weights[f"{each.layer}.weight"].numpy()).all()


def test_a_preferred_input_raises_its_unit_above_every_sample_of_its_contrast(seen: Look) -> None:
    for each in seen.preferred:
        assert (each.after > each.before).all()
    classes = seen.preferred[-1]
    assert classes.names == tuple("0123456789")
    assert np.square(classes.inputs).mean() <= 1 + 1e-6


def test_of_a_linear_unit_it_is_the_filter_as_long_as_the_bound(trained: TrainedNetwork) -> None:
    module = trained.module()
    (name, first), *_ = layers.convolutions(module).items()
    found = preferred_inputs(module, (1, 8, 8), name, [0, 1, 2, 3], seed=3)
    patches = found.inputs[:, :, 3:6, 3:6]  # the middle of 8 is 4, a kernel of 3 around it
    filters = 3 * first.weight / first.weight.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    torch.testing.assert_close(patches, filters.detach(), atol=2e-2, rtol=0)
    assert found.inputs.count_nonzero() == 4 * 9


def test_the_same_seed_sees_the_same(trained: TrainedNetwork, seen: Look) -> None:
    again = look_inside(trained, LookSettings(features=100), unseen)
    assert seen.embedding is not None
    assert again.embedding is not None
    assert (again.embedding.tsne == seen.embedding.tsne).all()
    assert all((a.inputs == b.inputs).all() for a, b in zip(again.preferred, seen.preferred, strict=True))


def test_named_layers_units_and_samples(trained: TrainedNetwork) -> None:
    settings = LookSettings(samples=(7,), layers=("linear",), units=(3,), worst=2, features=20)
    look = look_inside(trained, settings, unseen)
    assert [sample.index for sample in look.samples] == [7]
    assert [(each.layer, each.units, each.names) for each in look.preferred] == [("linear", (3,), ("3",))]
    assert look.notes["maps"] == "Of linear there are no maps: it gives one number a unit."
    assert len(look.worst) == 2
    assert look.embedding is not None
    assert look.embedding.layer == "linear"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (LookSettings(samples=(3, 300)), "samples 0 to 299, but got 300"),
        (LookSettings(layers=("convv",)), "no layer 'convv'; did you mean 'conv"),
        (
            LookSettings(layers=("linear",), units=(10,), features=10),
            "layer 'linear' has units 0 to 9, but got 10",
        ),
    ],
)
def test_what_is_not_there_is_refused(trained: TrainedNetwork, settings: LookSettings, message: str) -> None:
    with pytest.raises(InputError, match=message):
        look_inside(trained, settings, unseen)


@pytest.mark.parametrize("task", NETWORKS)
def test_every_task_has_a_page(task: str, tmp_path: Path) -> None:
    look = look_inside(trained_on(task), LookSettings(worst=3, units=(0,)), unseen)
    page = write_look(look, tmp_path / "look.html").read_text()
    assert len(look.worst) == 3
    assert look.samples[0].index == 0
    for section, note in look.notes.items():
        assert section == "confusion" or note in page
    first = look.worst[0]
    beside = {
        "segmentation": ["target", "given"],
        "denoising": ["target", "given"],
        "reconstruction": ["given"],
        "next-sample": ["likeliest"],
    }
    assert [each.name for each in first.maps] == beside.get(task, [])
    assert set(first.boxes) == ({"is", "given"} if task == "localisation" else set())
    assert bool(first.label) == (task in ("classification", "multi-label", "regression", "localisation"))
    assert (look.predictions is not None) == (task in ("regression", "localisation"))
    assert (look.confusion is not None) == (task in ("classification", "segmentation"))


@pytest.mark.parametrize("task", ["next-sample", "localisation"])
def test_lines_and_boxes_are_drawn_for_paper(task: str, tmp_path: Path) -> None:
    look = look_inside(trained_on(task), LookSettings(worst=3, units=(0,)), unseen)
    names = {path.name for path in write_look_figures(look, tmp_path, [".svg"])}
    numbers = {"numbers.svg"} if task == "localisation" else set()
    assert names == {"maps.svg", "filters.svg", "preferred.svg", "worst.svg"} | numbers


def test_of_volumes_the_middle_slice_is_shown(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "volumes.npz", x_train=rng.normal(size=(60, 2, 4, 5, 6)), y_train=np.arange(60) % 3)
    data = load_dataset(str(tmp_path / "volumes.npz"))
    network = Network.from_yaml(
        "{network: n, input: 2x4x5x6, layers: [conv: {width: 3}, avgpool, linear: {width: 3}]}"
    )
    look = look_inside(as_trained(network, data), LookSettings(samples=(0,), worst=1), unseen)
    assert look.maps[0].maps.shape == (1, 3, 4, 5, 6)
    assert look.notes["features"] == "Of 5 samples there are too few to arrange; 10 are needed."
    write_look(look, tmp_path / "look.html")


def test_a_browser_shows_hostile_names_as_text(
    browser: Browser, trained: TrainedNetwork, tmp_path: Path
) -> None:
    from helpers.pages import faults

    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    named = replace(trained.data, name=hostile, class_names=(hostile, *"bcdefghij"))
    look = look_inside(
        replace(trained, data=named, title=hostile), LookSettings(features=50, units=(0,)), unseen
    )
    file, page = write_look(look, tmp_path / "look.html"), browser.page()
    page.resize(1400)
    page.go(file.as_uri())
    page.wait("document.querySelectorAll('#plot-tsne .point').length == 50")
    assert "\n".join(faults(page)) == ""
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert page.evaluate("document.querySelector('#worst figcaption').textContent.includes('given')")
