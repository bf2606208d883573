"""A training loop of one's own, in plain PyTorch: `archscape search examples/training/own-training.yaml`."""

import torch
from torch.nn.functional import cross_entropy


def fit(network, context):
    train, val = context.data.train, context.data.val
    model = network.build().to(context.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=context.settings["rate"], momentum=0.9)
    latest, state = context.checkpoints / "latest.pt", {"epoch": 0}
    if latest.exists():  # it was cut off, or stopped early and promoted
        state = torch.load(latest, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    for epoch in range(state["epoch"] + 1, context.epochs + 1):
        for rows in torch.randperm(len(train)).split(64):
            x, y = train.batch(rows, context.device)
            loss = cross_entropy(model.train()(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.inference_mode():
            x, y = val.batch(slice(0, len(val)), context.device)
            metrics = {
                "accuracy": (model.eval()(x).argmax(1) == y).float().mean().item(),
                "loss": loss.item(),
            }
        go_on = context.report(epoch, metrics)
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save(state | {"epoch": epoch, "metrics": metrics}, latest.with_suffix(".part"))
        latest.with_suffix(".part").replace(latest)  # whole, whenever the process is killed
        if not go_on:
            break
    context.save(model)
    return torch.load(latest, weights_only=True)["metrics"]
