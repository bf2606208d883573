"""Which folders are those of a search: they may hold code of others, and their files are not replaced."""

from __future__ import annotations

from pathlib import Path

STUDY = ("study.db", "study.json")
"""One of these lies in the folder of a search: its study, or where that is."""

RESULTS = ("trials.csv", "checkpoints", "spool")
"""One of these lies beside the job where the study is lost."""

FILES = (*STUDY, "job.yaml", "space.yaml", "trials.csv", "curves.csv", "environment.json", "report.html")
"""What a search has in its folder, and other commands could write under the same name."""


def is_run_folder(folder: Path) -> bool:
    """Return whether a folder is that of a search, or of what is left of one."""
    if any((folder / name).exists() for name in STUDY):
        return True
    return (folder / "job.yaml").is_file() and any((folder / name).exists() for name in RESULTS)
