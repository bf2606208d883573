"""From what a job says of its data to its arrays: by name or by a reader; decoded at most once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from archscape.spaces.errors import JobError, about, suggest
from archscape.spaces.language.user_function import is_function

from .arrays import OF_SAMPLES, Source, task_of
from .cache import IN_MEMORY_BYTES, CacheEntry
from .decoding import MemoryStore, decode
from .embedded import EMBEDDED
from .partition import partition
from .progress import Log, Progress, no_log, no_progress
from .readers import READERS
from .readers.base import Reader, Samples, check_taken
from .settings import GROUP, DataSettings


@about("data")
def open_source(
    data: str | Path | DataSettings, *, say: Log = no_log, show: Progress = no_progress
) -> Source:
    """Return the arrays of data: embedded, of a file or a folder, or of a function.

    Args:
        data: An embedded name, a path, or settings.
        say: Takes a line about what was converted, or is waited for.
        show: Takes how far decoding is.

    Raises:
        JobError: If there is no such data, or it cannot be used; the message says why.
    """
    settings = data if isinstance(data, DataSettings) else DataSettings(path=str(data))
    if settings.task in OF_SAMPLES:
        source = open_source(replace(settings, task=None), say=say, show=show)
        return replace(source, task=settings.task)
    if settings.path in EMBEDDED:
        if settings.named:
            law = f"data: {settings.path} is embedded and as it is"
            raise JobError(f"{law}, so `{settings.named[0]}:` changes nothing")
        return EMBEDDED.load(settings.path).source()
    path = Path(settings.path)
    reader = find_reader(path)
    check_taken(settings, reader.takes, reader.what)
    lists = [Path(file) for key, file in settings.split.items() if key != GROUP]
    files = [*reader.files(path), *lists]
    facts = [reader.what, str(path.resolve()), reader.code(path), settings.to_dict()]
    entry = CacheEntry.of(str(path), facts, files)
    return entry.open() or _read(reader, path, settings, entry, say=say, show=show)


def find_reader(path: Path) -> Reader:
    """Return the reader of a path.

    Raises:
        JobError: If there is nothing, or nothing that a reader recognises.
    """
    if not path.exists() and not is_function(str(path)):
        if path.suffix:
            raise JobError(f"{path}: no such file")
        raise JobError(f"data: '{path}' is neither embedded data nor a file{suggest(str(path), EMBEDDED)}")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise JobError(f"{path}: neither a file nor a folder")
    for reader in readers():
        if reader.recognises(path):
            return reader
    known = "; ".join(f"{reader.example}, {reader.what}" for reader in readers())
    raise JobError(f"{path}: neither embedded data nor of a format that is read: {known}")


def task_before_reading(data: str | DataSettings) -> str:
    """Return what is learned from data, as far as that shows before they are read; else classification.

    >>> task_before_reading("digit-masks"), task_before_reading("numbers.npz")
    ('segmentation', 'classification')
    """
    settings = data if isinstance(data, DataSettings) else DataSettings(path=data)
    path = Path(settings.path)
    if settings.task:
        return settings.task
    if settings.path in EMBEDDED:
        return EMBEDDED.load(settings.path).task
    tasks = (reader.task for reader in readers() if reader.recognises(path))
    known = next(tasks, "") if settings.path and path.exists() else ""
    return known or "classification"


def readers() -> Iterator[Reader]:
    """Yield all readers."""
    for name in READERS:
        yield READERS.load(name)


def _read(
    reader: Reader, path: Path, settings: DataSettings, entry: CacheEntry, *, say: Log, show: Progress
) -> Source:
    """Return the arrays, of small light files as they are read, else from the cache, once that is written."""
    samples = reader.read(path, settings)
    if 0 < samples.light_bytes <= IN_MEMORY_BYTES:
        return _in_memory(samples, settings, say)
    with entry.locked(say):
        source = entry.open()  # another process may have written it meanwhile
        if source is None:
            parts, notes = partition(samples, settings)
            say(f"{path}: {samples.count:,} samples are decoded once, to {entry.folder}")
            for note in (*samples.notes, *notes):
                say(note)
            entry.write(samples, parts, show)
            source = entry.open()
    if source is None:
        raise JobError(f"{entry.folder}: what was written cannot be read; is somebody else removing it?")
    return source


def _in_memory(samples: Samples, settings: DataSettings, say: Log) -> Source:
    parts, notes = partition(samples, settings)
    for note in (*samples.notes, *notes):
        say(note)
    store = MemoryStore()
    decode(samples, parts, store, show=no_progress, words="")
    task = samples.task or task_of(store.arrays["x_train"], store.arrays["y_train"])
    return Source(arrays=store.arrays, task=task, class_names=samples.class_names)
