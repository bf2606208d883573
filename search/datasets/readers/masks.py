"""Images and their masks, for segmentation: `images/1.png` with `masks/1.png`, also under `train/` and so on.

The value of a pixel of a mask is its label; 255 counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archscape.spaces.errors import JobError, suggest

from ..settings import DataSettings
from .base import Block, Reader, Samples, parts_of
from .common.class_folders import all_files, check_inside, files_under, part_folders
from .common.images import SUFFIXES, ImageDecoder, MaskDecoder, decoded, size_of

CLASSES = "classes.txt"
"""Names the classes, one a line, beside `images` and `masks`."""


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the images of a folder and their masks.

    Raises:
        JobError: If one has no partner, is damaged, or of another size than it.
    """
    folders = part_folders(path)
    by_part = {part: _pairs(folder, path) for part, folder in (folders or {"train": path}).items()}
    pairs = [pair for part in by_part.values() for pair in part]
    images = ImageDecoder.of(pairs[0][0], settings)
    masks = MaskDecoder(size=images.size, is_scaled=images.is_scaled)

    def blocks() -> Iterator[Block]:
        for start in range(0, len(pairs), images.rows):
            some = pairs[start : start + images.rows]
            for image, mask in some:
                _check_sizes(image, mask)
            x = decoded([image for image, _ in some], images)
            yield x, decoded([mask for _, mask in some], masks)

    return Samples(
        source=str(path),
        count=len(pairs),
        blocks=blocks,
        targets=None,
        parts=parts_of({part: len(those) for part, those in by_part.items()}) if folders else None,
        names=tuple(image.relative_to(path).as_posix() for image, _ in pairs),
        class_names=_class_names(path),
        task="segmentation",
    )


def _pairs(folder: Path, root: Path) -> list[tuple[Path, Path]]:
    """Return each image with the mask of its name."""
    by_stem = []
    for kind in ("images", "masks"):
        files = files_under(folder / kind, root, SUFFIXES, kind)
        stems = {file.relative_to(folder / kind).with_suffix("").as_posix(): file for file in files}
        if len(stems) < len(files):
            twice = next(file for file in files if file not in stems.values())
            raise JobError(f"{twice}: another file there has the same name before its suffix")
        by_stem.append(stems)
    images, masks = by_stem
    if not images:
        raise JobError(f"{folder / 'images'}: it holds no images")
    for ours, others, kind in ((images, masks, "masks"), (masks, images, "images")):
        for stem in ours.keys() - others.keys():
            near = suggest(stem, others) if len(others) < 10_000 else ""
            raise JobError(f"{ours[stem]}: there is no {folder / kind / stem}.* for it{near}")
    return [(images[stem], masks[stem]) for stem in images]


def _check_sizes(image: Path, mask: Path) -> None:
    ours, its = size_of(image), size_of(mask)
    if ours != its:
        shown = f"{its[0]}x{its[1]}, but {image.name} has {ours[0]}x{ours[1]}"
        raise JobError(f"{mask}: a mask has the size of its image; it has {shown}")


def _class_names(path: Path) -> tuple[str, ...]:
    file = path / CLASSES
    check_inside(file, path)
    try:
        return tuple(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(f"{file}: not a readable list of classes: {error}") from None


def _recognises(path: Path) -> bool:
    folders = (path, path / "train", path / "training")
    return any((folder / "images").is_dir() and (folder / "masks").is_dir() for folder in folders)


MASKS = Reader(
    what="a folder of images and one of their masks",
    example="FOLDER with images/1.png and masks/1.png",
    recognises=_recognises,
    files=all_files,
    read=read,
    takes=("size", "channels"),
    task="segmentation",
)
