"""pix2pix, with a discriminator beside the network: `archscape search examples/training/pix2pix.yaml`.

Isola, Zhu, Zhou, Efros 2017, section 3: a generator learns to make images that are near their targets (L1),
and that a discriminator, which sees what they were made from, cannot tell from these.
"""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss

from archscape.spaces import Network

# The catalog's `patchgan` without two of its levels and half as wide: it judges 36 patches of 16x16 pixels
# (section 6.1.2), which overlap.
PATCHGAN = """
network: small-patchgan
input: 2x16x16
defaults: {act: leaky_relu(0.2)}
layers:
  - conv: {width: 32, kernel: 4, stride: 2, padding: 1, norm: none}
  - conv: {width: 64, kernel: 4, padding: 1}
  - conv: {name: patches, width: 1, kernel: 4, padding: 1, norm: none, act: none}
"""


def fit(network, context):
    data, settings = context.data, context.settings
    generator = network.build().to(context.device)
    discriminator = Network.from_yaml(PATCHGAN).build().to(context.device)
    parts = {"generator": generator, "discriminator": discriminator}
    for name in ("generator", "discriminator"):
        weights = parts[name].parameters()
        parts[f"{name} optimizer"] = torch.optim.Adam(weights, settings["rate"], betas=(0.5, 0.999))
    latest, done, metrics = context.checkpoints / "latest.pt", 0, {}
    if latest.exists():  # it was cut off, or stopped early and promoted
        state = torch.load(latest, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        torch.set_rng_state(state["random numbers"])
        done, metrics = state["epoch"], state["metrics"]
    for epoch in range(done + 1, context.epochs + 1):
        for rows in torch.randperm(len(data.train)).split(32):
            x, y = data.train.batch(rows, context.device)
            step(parts, x, y, share=settings["l1"])
        metrics = {"mae": error(generator, data, context.device)}
        go_on = context.report(epoch, metrics)
        state = {name: part.state_dict() for name, part in parts.items()}
        state |= {"epoch": epoch, "metrics": metrics, "random numbers": torch.get_rng_state()}
        torch.save(state, latest.with_suffix(".part"))
        latest.with_suffix(".part").replace(latest)  # whole, whenever the process is killed
        if not go_on:
            break
    context.save(generator)
    return metrics


def step(parts, x, y, share):
    """Train the discriminator, then the generator, on images x and their targets y (n, 1, 16, 16)."""
    generator, discriminator = parts["generator"].train(), parts["discriminator"].train()
    made = generator(x)
    apart = judge(discriminator, x, y, is_true=True) + judge(discriminator, x, made.detach(), is_true=False)
    descend(parts["discriminator optimizer"], apart / 2)
    descend(
        parts["generator optimizer"], judge(discriminator, x, made, is_true=True) + share * l1_loss(made, y)
    )


def judge(discriminator, x, image, is_true):
    """Return how far the discriminator is from saying of each patch that it is true, or made."""
    patches = discriminator(torch.cat([x, image], 1))
    return binary_cross_entropy_with_logits(patches, torch.full_like(patches, float(is_true)))


def descend(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@torch.inference_mode()
def error(generator, data, device):
    """Return the mean absolute error on the validation part, in grey levels."""
    x, y = data.val.batch(slice(0, len(data.val)), device)
    return l1_loss(generator.eval()(x), y).item() * data.statistics.targets.std[0]
