"""Data parallelism that a training function starts itself: two processes train one network, over gloo.

The worker's process is rank 0: it alone reports, and tells the others whether to go on.
"""

import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from torch import multiprocessing
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

PROCESSES = 2


def fit(network, context):
    with tempfile.TemporaryDirectory() as folder:
        shared = {"network": network, "train": context.data.train, "seed": context.seed}
        shared |= {"epochs": context.epochs, "file": str(Path(folder, "rendezvous"))}
        others = multiprocessing.spawn(follow, (shared,), nprocs=PROCESSES - 1, join=False)
        model, accuracy = train(0, shared, context)
        while not others.join():
            pass
    context.save(model)
    return {"accuracy": accuracy}


def follow(index, shared):
    train(index + 1, shared)


def train(rank, shared, context=None):
    """Train as one of the processes; rank 0 has the context."""
    file = f"file://{shared['file']}"
    dist.init_process_group("gloo", init_method=file, rank=rank, world_size=PROCESSES)
    torch.manual_seed(shared["seed"])
    model = DistributedDataParallel(shared["network"].build())
    optimizer, accuracy = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9), 0.0
    for epoch in range(1, shared["epochs"] + 1):
        for rows in torch.randperm(len(shared["train"])).split(64 * PROCESSES)[:-1]:
            x, y = shared["train"].batch(rows[rank::PROCESSES], "cpu")
            optimizer.zero_grad()
            cross_entropy(model(x), y).backward()
            optimizer.step()
        go_on = torch.ones(1)
        if context:
            accuracy = measure(model, context.data.val)
            go_on.fill_(context.report(epoch, {"accuracy": accuracy}))
        dist.broadcast(go_on, 0)
        if not go_on:
            break
    dist.destroy_process_group()
    return model, accuracy


@torch.inference_mode()
def measure(model, split):
    x, y = split.batch(slice(0, len(split)), "cpu")
    accuracy = (model.module.eval()(x).argmax(1) == y).float().mean().item()
    model.module.train()
    return accuracy
