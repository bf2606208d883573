"""Small networks of every task with real data, trained or as they were initialised."""

from __future__ import annotations

import torch

from archscape.search.datasets.arrays import Arrays
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.datasets.settings import DataSettings
from archscape.search.datasets.sources import open_source
from archscape.search.trained.trained_network import TrainedNetwork
from archscape.spaces import Network

CONVS = "conv: {width: 4}, maxpool, conv: {width: 6}"
PLAIN = f"[{CONVS}, avgpool, linear: {{width: WIDTH}}]"
MAPS = "[conv: {width: 4}, conv: {width: WIDTH, kernel: 1, norm: none, act: none}]"
NEXT = "[conv: {width: 4, kernel: 2, padding: causal}, conv: {width: 256, kernel: 1, norm: none, act: none}]"
NETWORKS = {
    "classification": ("digits", "1x8x8", PLAIN, 10),
    "multi-label": ("several-digits", "1x32x32", PLAIN, 10),
    "segmentation": ("digit-masks", "1x16x16", MAPS, 2),
    "regression": ("digit-positions", "1x16x16", PLAIN, 2),
    "localisation": ("digit-boxes", "1x16x16", PLAIN, 4),
    "denoising": ("noisy-digits", "1x8x8", MAPS, 1),
    "reconstruction": ("digits", "1x8x8", MAPS, 1),
    "next-sample": ("digit-sequences", "1x64", NEXT, 256),
}


def trained_on(task: str) -> TrainedNetwork:
    name, _, rows, width = NETWORKS[task]
    of_samples = task in ("reconstruction", "next-sample")
    asked = DataSettings(path=name, task=task) if of_samples else name
    source = open_source(asked)
    data = make_dataset(name, source)
    shape = "x".join(map(str, data.input))
    network = Network.from_yaml(
        f"{{network: n, input: {shape}, layers: {rows.replace('WIDTH', str(width))}}}"
    )
    return as_trained(network, data, arrays=source.arrays)


def as_trained(
    network: Network,
    data: Dataset,
    weights: dict[str, torch.Tensor] | None = None,
    *,
    arrays: Arrays | None = None,
) -> TrainedNetwork:
    torch.manual_seed(0)
    state = weights or network.build().state_dict()
    return TrainedNetwork(
        title="n",
        name="0",
        network=network,
        weights=state,
        data=data,
        arrays=arrays or {},
        metadata={},
        metrics={},
        device="cpu",
    )
