"""Writes small data in every format that archscape reads, as the formats are published."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

Arrays = Mapping[str, np.ndarray]
NAMES = ("cat", "dog", "eel", "fox")
"""Of the classes of some formats."""


def some_arrays(
    *shape: int, train: int = 40, val: int = 10, test: int = 11, classes: int = 4, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return bytes and labels that take turns; the labels can be learned: they are in the brightness."""
    rng, arrays = np.random.default_rng(seed), dict[str, np.ndarray]()
    for part, count in {"train": train, "val": val, "test": test}.items():
        if count:
            labels = np.arange(count) % classes
            light = (labels * 200 // classes).reshape(-1, *[1] * len(shape))
            arrays[f"x_{part}"] = (rng.integers(0, 56, (count, *shape)) + light).astype(np.uint8)
            arrays[f"y_{part}"] = labels
    return arrays


def write_npz(path: Path, arrays: Arrays) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def write_pt(path: Path, arrays: Arrays) -> Path:
    import torch

    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)
    return path


def write_safetensors(path: Path, arrays: Arrays) -> Path:
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    return path


def cifar_batches(arrays: Arrays, *, batches: int = 2) -> dict[str, bytes]:
    """Return the files of CIFAR-10, by name, as Python 2 pickled them: protocol 2, byte strings as keys."""
    files, x, y = dict[str, bytes](), arrays["x_train"], arrays["y_train"].tolist()
    per = -(-len(x) // batches)
    for i in range(batches):
        rows = slice(i * per, (i + 1) * per)
        files[f"data_batch_{i + 1}"] = _batch(f"training batch {i + 1}", x[rows], y[rows])
    files["test_batch"] = _batch("testing batch 1 of 1", arrays["x_test"], arrays["y_test"].tolist())
    files["batches.meta"] = pickle.dumps(
        {b"num_cases_per_batch": per, b"label_names": [name.encode() for name in NAMES], b"num_vis": 3072},
        protocol=2,
    )
    files["readme.html"] = b"<meta HTTP-EQUIV='REFRESH' content='0'>"
    return files


def _batch(label: str, x: np.ndarray, y: list[int]) -> bytes:
    names = [f"{i}.png".encode() for i in range(len(x))]
    batch = {
        b"batch_label": label.encode(),
        b"labels": y,
        b"data": x.reshape(len(x), -1),
        b"filenames": names,
    }
    return pickle.dumps(batch, protocol=2)


def write_cifar(path: Path, arrays: Arrays) -> Path:
    """Write an archive if the path ends in `.tar.gz`, else the folder."""
    files = cifar_batches(arrays)
    if path.name.endswith(".tar.gz"):
        write_tar(path, {f"cifar-10-batches-py/{name}": content for name, content in files.items()})
    else:
        folder = path / "cifar-10-batches-py"
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    return path


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_idx(folder: Path, arrays: Arrays) -> Path:
    """Write the pairs of MNIST: training images compressed, labels not."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, name in {"train": "train", "test": "t10k"}.items():
        images, labels = arrays[f"x_{part}"][:, 0], arrays[f"y_{part}"].astype(np.uint8)
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder


def idx(array: np.ndarray) -> bytes:
    """Return bytes as an IDX file has them."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_images(folder: Path, arrays: Arrays, *, suffix: str = ".png") -> Path:
    """Write images by part and class: `train/cat/0.png`."""
    for part in ("train", "val", "test"):
        for i, (x, y) in enumerate(zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)):
            file = folder / part / NAMES[y] / f"{i:05}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            image(x).save(file)
    return folder


def image(x: np.ndarray) -> Image.Image:
    """Return bytes (1 or 3, height, width) as an image."""
    return Image.fromarray(x[0] if len(x) == 1 else np.ascontiguousarray(x.transpose(1, 2, 0)))


def write_csv(path: Path, arrays: Arrays) -> Path:
    """Write a table of images by their split."""
    lines = ["path,label,split"]
    for part in ("train", "val", "test"):
        for i, (x, y) in enumerate(zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)):
            name = f"files/{part}-{i}.png"
            (path.parent / "files").mkdir(exist_ok=True)
            image(x).save(path.parent / name)
            lines.append(f"{name},{NAMES[y]},{part}")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_sounds(folder: Path, arrays: Arrays, *, width: int = 2, rate: int = 8000) -> Path:
    """Write bytes (N, channels, length) as sounds by part and class, of so many bytes a sample."""
    for part in ("train", "val", "test"):
        for i, (x, y) in enumerate(zip(arrays[f"x_{part}"], arrays[f"y_{part}"], strict=True)):
            file = folder / part / NAMES[y] / f"{i}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            write_wav(file, (x.astype(np.int64) - 128), width=width, rate=rate)
    return folder


def write_wav(file: Path, sound: np.ndarray, *, width: int = 2, rate: int = 8000) -> None:
    """Write a sound (channels, length), whole numbers from -128 to 127, at the top of so many bytes."""
    values = sound.T.astype(np.int64) << (8 * width - 8)
    if width == 1:
        content = (values + 128).astype(np.uint8).tobytes()
    else:
        content = np.ascontiguousarray(values, "<i8").view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(len(sound))
        wav.setsampwidth(width)
        wav.setframerate(rate)
        wav.writeframes(content)


def write_masks(folder: Path, arrays: Arrays) -> Path:
    """Write images and masks: a pixel brighter than the middle has the label 1."""
    for part in ("train", "val", "test"):
        for kind in ("images", "masks"):
            (folder / part / kind).mkdir(parents=True)
        for i, x in enumerate(arrays[f"x_{part}"]):
            image(x).save(folder / part / "images" / f"{i}.png")
            Image.fromarray(mask_of(x)).save(folder / part / "masks" / f"{i}.png")
    return folder


def mask_of(x: np.ndarray) -> np.ndarray:
    return (x[0] > 128).astype(np.uint8)


def write_hugging_face(folder: Path, arrays: Arrays) -> Path:
    """Write what `DatasetDict.save_to_disk` of datasets 5.2 does: streams of Arrow, and JSON about them."""
    import pyarrow as pa

    features = {"image": {"_type": "Image"}, "label": {"names": [*NAMES], "_type": "ClassLabel"}}
    splits = {"train": "train", "val": "validation", "test": "test"}
    for part, name in splits.items():
        images = [{"bytes": png(x), "path": None} for x in arrays[f"x_{part}"]]
        struct = pa.array(images, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
        columns = {"image": struct, "label": pa.array(arrays[f"y_{part}"].tolist(), pa.int64())}
        write_arrow(folder / name, pa.table(columns), features)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": [*splits.values()]}))
    return folder


def write_arrow(folder: Path, table: object, features: Mapping[str, object], *, batch: int = 7) -> Path:
    """Write one part."""
    import pyarrow as pa

    assert isinstance(table, pa.Table)
    folder.mkdir(parents=True)
    name = "data-00000-of-00001.arrow"
    with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}], "_split": None}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features, "description": ""}))
    return folder


def png(x: np.ndarray) -> bytes:
    content = io.BytesIO()
    image(x).save(content, "PNG")
    return content.getvalue()


FUNCTION = """\
import numpy as np


def make():
    with np.load({path!r}) as archive:
        return dict(archive)


class Items:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], int(self.y[i])


def datasets():
    arrays = make()
    return {{part: Items(arrays[f"x_{{part}}"], arrays[f"y_{{part}}"]) for part in ("train", "val", "test")}}
"""


def write_function(path: Path, arrays: Arrays) -> str:
    """Write a file of functions that return data, and return how a job names the first."""
    npz = write_npz(path.with_name("behind.npz"), arrays)
    path.write_text(FUNCTION.format(path=str(npz)))
    return f"{path}:make"
