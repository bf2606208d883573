"""Artifacts: a place that all machines of a search reach, where trained weights are handed over.

It is a folder, or a URL that fsspec knows: `s3://bucket/searches`, `gs://...`, `sftp://host/path`. A file
there is named by the hash of its network and the SHA-256 of its weights, so that no search replaces what
another left. Users and passwords belong in the environment, as fsspec's file systems read them.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from archscape.spaces.atomic import temporary_name
from archscape.spaces.errors import JobError, about, suggest

from .secrets import hide_secrets

if TYPE_CHECKING:
    from .reader import StudyReader

_PROTOCOL = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
FILE_SYSTEMS = (
    *("file", "memory", "s3", "gs", "gcs", "abfs", "az", "adl", "hdfs", "webhdfs"),
    *("sftp", "ssh", "smb", "ftp", "webdav", "oci", "oss", "hf", "dbfs", "lakefs"),
)
"""Those of fsspec that keep files; the package of each, as `s3fs`, is installed by whoever uses it."""

FEW = 8
"""So many files are removed without asking first which of them are there."""


def check_address(address: str) -> None:
    """Check that an address of artifacts is a folder, or a URL of one file system without a secret.

    Raises:
        JobError: If it is not; the message holds no secret.
    """
    shown, match = hide_secrets(address), _PROTOCOL.fullmatch(address)
    if "::" in address:
        raise JobError(
            f"'{shown}' is a chain of file systems; give the URL of one, as in s3://bucket/searches"
        )
    if shown != address:
        law = "holds a secret, which the files of a search would keep"
        raise JobError(f"'{shown}' {law}; give it to the file system by the environment")
    if match and match[1] not in FILE_SYSTEMS:
        raise JobError(f"'{shown}': no file system '{match[1]}'{suggest(match[1], FILE_SYSTEMS)}")


@about("artifacts")
def check_folder(address: str) -> None:
    """Check before anything is trained that a folder of artifacts is there, or can be made; ask no URL.

    Raises:
        JobError: If weights cannot be written there.
    """
    if not address or _PROTOCOL.fullmatch(address):
        return
    try:
        Path(address).mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(address, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise JobError(f"'{address}': weights cannot be kept there: {reason}; name a folder for them")


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """The place of the weights of one search.

    Attributes:
        address: The folder or URL; it has a folder for each search.
        search: The name of the search.
        identity: The id of its study: another study of this name has another folder.
    """

    address: str
    search: str
    identity: str

    @classmethod
    def of(cls, study: StudyReader) -> Self | None:
        """Return the artifacts of a study; None if its job names none."""
        address = study.settings.get("artifacts", "")
        return cls(address=address, search=study.name, identity=study.identity) if address else None

    @classmethod
    def all_of(cls, study: StudyReader) -> list[Self]:
        """Return the artifacts that may hold weights of a study: its own, then those it was copied from."""
        own = cls.of(study)
        copied = [cls(**origin) for origin in study.origins()]
        return [own, *copied] if own else copied

    def __str__(self) -> str:
        """Return where they are, for people."""
        return f"{hide_secrets(self.address).rstrip('/')}/{self._folder}"

    @property
    def _folder(self) -> str:
        return f"{self.search}-{self.identity[:8]}"

    def put(self, file: Path, network: str, digest: str) -> None:
        """Hand weights over; in a folder and on object stores they are there whole or not at all.

        Args:
            file: The weights.
            network: The hash of the network.
            digest: The SHA-256 of the weights.

        Raises:
            Exception: Whatever the file system raises.
        """
        files, folder = self._open()
        target = f"{folder}/{_name(network, digest)}"
        files.makedirs(folder, exist_ok=True)
        if files.exists(target) and files.size(target) == file.stat().st_size:
            return
        if "file" not in _protocols(files):
            files.put_file(str(file), target)  # half of one has another size, or digest
            return
        temporary = temporary_name(Path(target))
        try:
            files.put_file(str(file), str(temporary))
            files.mv(str(temporary), target)
        finally:
            temporary.unlink(missing_ok=True)

    def fetch(
        self, network: str, digest: str, target: Path, *, check: Callable[[Path], object] = lambda file: None
    ) -> bool:
        """Bring weights to a file, whole or not at all; False if they are not there.

        Args:
            network: The hash of the network.
            digest: The SHA-256 of the weights.
            target: The file.
            check: Raises if a file does not hold them; it is then no file of ours.

        Raises:
            Exception: Whatever the file system raises, or the check.
        """
        files, folder = self._open()
        source = f"{folder}/{_name(network, digest)}"
        if not files.exists(source):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(target)
        try:
            files.get_file(source, str(temporary))
            check(temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def remove(self, weights: Mapping[str, str]) -> None:
        """Remove the weights of networks, given by their hashes and the SHA-256 of each.

        Raises:
            Exception: Whatever the file system raises.
        """
        if not weights:
            return
        files, folder = self._open()
        names = {_name(network, digest) for network, digest in weights.items()}
        for name in names if len(names) <= FEW else names & self._names(files, folder):
            with suppress(FileNotFoundError):  # another process was first
                files.rm_file(f"{folder}/{name}")

    def discard(self, weights: Mapping[str, str], log: Callable[[str], object]) -> None:
        """Remove weights as `remove` does; those that cannot be removed are in nobody's way."""
        try:
            self.remove(weights)
        except Exception as error:  # whatever a file system raises
            log(f"weights that need not be kept are left in {self}: {hide_secrets(str(error))}")

    def _names(self, files: Any, folder: str) -> set[str]:
        with suppress(FileNotFoundError):
            names: Iterable[str] = files.ls(folder, detail=False)
            return {path.rpartition("/")[2] for path in names}
        return set()

    def _open(self) -> tuple[Any, str]:
        """Return the file system, and the folder of the search there."""
        from fsspec.core import url_to_fs

        files, path = url_to_fs(self.address)
        return files, f"{path.rstrip('/')}/{self._folder}"


def _name(network: str, digest: str) -> str:
    return f"{network}-{digest[:16]}.safetensors"


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)
