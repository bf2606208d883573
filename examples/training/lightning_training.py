"""A training function that leaves the loop to Lightning (`pip install lightning`)."""

import lightning
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader


class Classifier(lightning.LightningModule):
    def __init__(self, network, context):
        super().__init__()
        self.model, self.context = network.build(), context

    def training_step(self, batch):
        return cross_entropy(self.model(batch[0]), batch[1])

    def validation_step(self, batch):
        accuracy = (self.model(batch[0]).argmax(1) == batch[1]).float().mean()
        self.log("accuracy", accuracy, on_epoch=True, batch_size=len(batch[1]))

    def on_train_epoch_end(self):
        metrics = {"accuracy": self.trainer.callback_metrics["accuracy"]}
        self.trainer.should_stop = not self.context.report(self.current_epoch + 1, metrics)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)


def loader(split, *, shuffle):
    def batch(rows):
        return split.batch(torch.tensor(rows), "cpu")

    return DataLoader(range(len(split)), batch_size=64, shuffle=shuffle, collate_fn=batch)


def fit(network, context):
    module = Classifier(network, context)
    loaders = loader(context.data.train, shuffle=True), loader(context.data.val, shuffle=False)
    latest = context.checkpoints / "latest.ckpt"
    trainer = lightning.Trainer(
        max_epochs=context.epochs,
        accelerator=torch.device(context.device).type,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=[
            lightning.pytorch.callbacks.ModelCheckpoint(
                context.checkpoints,
                filename="latest",
                save_on_train_epoch_end=True,
                enable_version_counter=False,
            )
        ],
    )
    trainer.fit(module, *loaders, ckpt_path=latest if latest.exists() else None)
    context.save(module.model)
    return {"accuracy": trainer.callback_metrics["accuracy"]}
