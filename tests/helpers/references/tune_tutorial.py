"""A search as PyTorch's tutorial on hyperparameter tuning with Ray Tune has it, with networks as candidates.

https://docs.pytorch.org/tutorials/beginner/hyperparameter_tuning_tutorial.html: a function that trains one
candidate, in an actor of its own; images loaded one by one with Pillow by worker processes of a `DataLoader`,
for training and for validation; `.item()` at every step; a checkpoint after every epoch. Epochs, batch,
optimizer, rate and its schedule are those of the recipe `quick`, and every candidate is trained to the end.
The tutorial gives a trial two CPUs, and eight processes to a loader. On two cores one CPU and two processes,
so two trials at once, are faster.

Command: `python -m helpers.references.tune_tutorial FOLDER CPUS LOADERS`, with `images.npz` and
`networks.json` in FOLDER; it writes `accuracies.json` there.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

EPOCHS, BATCH, RATE, WEIGHT_DECAY, WARMUP = 3, 48, 0.02, 0.01, 0.2


def load_part(folder: str, part: str) -> Any:
    """Return a map-style data set that opens, converts and standardises one image at a time."""
    import numpy as np
    from PIL import Image
    from torch.utils.data import Dataset

    from .transforms import compose, normalize, to_tensor

    with np.load(Path(folder, "images.npz")) as arrays:
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        mean, std = float(arrays["mean"]), float(arrays["std"])
    transform = compose(to_tensor, normalize([mean / 255], [std / 255]))

    class Part(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(labels)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            return transform(Image.fromarray(images[index])), int(labels[index])

    return Part()


def train_candidate(config: dict[str, Any]) -> None:
    """Train one network and report after every epoch."""
    import torch
    from ray import tune
    from torch import nn, optim
    from torch.utils.data import DataLoader

    from archscape.spaces import Network
    from archscape.spaces.codegen.build import build

    net = build(Network.from_json(config["network"]))
    train_part, val_part = (load_part(config["folder"], part) for part in ("train", "val"))
    train_loader = DataLoader(train_part, BATCH, shuffle=True, num_workers=config["loaders"], drop_last=True)
    val_loader = DataLoader(val_part, BATCH, shuffle=True, num_workers=config["loaders"])
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(net.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * len(train_loader)
    warmup = max(1, round(WARMUP * steps))
    schedule = optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (steps - step) / max(1, steps - warmup))
    )
    for epoch in range(EPOCHS):
        running_loss = 0.0
        net.train()
        for inputs, labels in train_loader:
            optimizer.zero_grad()
            loss = criterion(net(inputs), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            running_loss += loss.item()
        net.eval()
        val_loss, total, correct = 0.0, 0, 0
        for inputs, labels in val_loader:
            with torch.no_grad():
                outputs = net(inputs)
                total += labels.size(0)
                correct += (outputs.argmax(1) == labels).sum().item()
                val_loss += criterion(outputs, labels).cpu().numpy()
        kept = {
            "epoch": epoch,
            "net_state_dict": net.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
        }
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "data.pkl").write_bytes(pickle.dumps(kept))
            tune.report(
                {"loss": float(val_loss / len(val_loader)), "accuracy": correct / total},
                checkpoint=tune.Checkpoint.from_directory(folder),
            )


def main(folder: Path, cpus: int, loaders: int) -> None:
    """Train every network of the folder, and write their accuracies."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray import tune

    networks = json.loads((folder / "networks.json").read_text())
    # Ray looks for this module where its actors are: beside the benchmarks.
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    tuner = tune.Tuner(
        tune.with_resources(train_candidate, resources={"cpu": cpus}),
        tune_config=tune.TuneConfig(metric="loss", mode="min"),
        run_config=tune.RunConfig(storage_path=str(folder.resolve() / "tune"), verbose=0),
        param_space={
            "network": tune.grid_search(networks),
            "folder": str(folder.resolve()),
            "loaders": loaders,
        },
    )
    results = tuner.fit()
    accuracies = [result.metrics["accuracy"] for result in results if result.metrics]
    (folder / "accuracies.json").write_text(json.dumps(accuracies))
    ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
