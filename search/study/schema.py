"""Schema of the database: the tables of archscape, beside Optuna's.

`archscape_trials` holds one row per architecture of a study: everything known of it, and the process that
works on it. Its uniqueness rules make "no architecture twice" and "no number twice" hold for any number of
processes. `archscape_epochs` holds one row per trained epoch, `archscape_marks` one per trial and rung of
early stopping, `archscape_weights` one per trial that left weights, `archscape_proposals` one per trial on
who proposed it and why.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

tables = MetaData()

trials = Table(
    "archscape_trials",
    tables,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("trial_id", Integer, nullable=False),  # Optuna's
    Column("state", String(8), nullable=False),  # a `TrialState`
    Column("changed", BigInteger, nullable=False),  # place in the order of all changes of state in the study
    Column("rung", Integer),  # epoch at which it was paused
    Column("attempts", Integer, nullable=False),
    Column("machine", String(200)),
    Column("pid", Integer),
    Column("born", BigInteger),
    Column("beat", DateTime(timezone=True)),
    Column("seed", Integer, nullable=False),
    Column("decisions", Text, nullable=False),  # JSON, as are the next three
    Column("network", Text, nullable=False),
    Column("costs", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("cause", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("worker", String(200), nullable=False),
    Column("started", String(32), nullable=False),  # ISO 8601, UTC
    Column("finished", String(32), nullable=False),
    UniqueConstraint("study_id", "hash"),
    Index("archscape_trials_changed", "study_id", "changed"),
    Index("archscape_trials_state", "study_id", "state", "machine"),
)

epochs = Table(
    "archscape_epochs",
    tables,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),  # counted through all repeats
    Column("metrics", Text, nullable=False),  # JSON
)

rung_results = Table(
    "archscape_marks",
    tables,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("rung", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),  # order of arrival at the rung
    Column("objectives", Text, nullable=False),  # JSON
    Column("passed", Boolean, nullable=False),
    Index("archscape_marks_place", "study_id", "rung", "place"),
)

weights = Table(
    "archscape_weights",
    tables,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),  # SHA-256; "" where only the place is known
    Column("host", Text, nullable=False),
    Column("folder", Text, nullable=False),
)

proposals = Table(
    "archscape_proposals",
    tables,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sampler", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("predictions", Text, nullable=False),  # JSON: by objective its mean, deviation and incumbent
)


def storable(text: str) -> str:
    """Return a text as every database takes it: that of the user's code may hold zeros or half characters."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
