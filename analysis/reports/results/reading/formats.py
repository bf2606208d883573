"""The formats of tables, by the last suffix of a file; one that nobody can read says what it lacks."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from pandas.io.common import get_handle  # type: ignore[import-not-found]

from archscape.spaces.errors import InputError

from .delimited import read_delimited, read_markdown
from .json_tables import read_json
from .numbers import Cell
from .raw import RawTable

DAMAGED = (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
"""What a file that is not what its name says raises."""

TEXTS: Mapping[str, Callable[[str], RawTable]] = {
    ".csv": lambda text: read_delimited(text, ","),
    ".tsv": lambda text: read_delimited(text, "\t"),
    ".json": read_json,
    ".jsonl": read_json,
    ".ndjson": read_json,
    ".md": read_markdown,
}
BINARIES: Mapping[str, Callable[[io.BytesIO], pd.DataFrame]] = {
    ".parquet": lambda file: pd.read_parquet(file, dtype_backend="numpy_nullable"),
    ".feather": lambda file: pd.read_feather(file, dtype_backend="numpy_nullable"),
    ".xlsx": lambda file: _sheet(file, "openpyxl"),
    ".xls": lambda file: _sheet(file, "xlrd"),
    ".ods": lambda file: _sheet(file, "odf"),
}
PACKAGES = {
    ".parquet": "pyarrow",
    ".feather": "pyarrow",
    ".xlsx": "openpyxl",
    ".xls": "xlrd",
    ".ods": "odfpy",
}
"""What pandas needs for them."""
FORMATS = (*TEXTS, *BINARIES)
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")
READABLE = f"a table is .csv, .csv.gz (or {', '.join(COMPRESSIONS[1:])}), {', '.join(FORMATS[1:])}"
"""The law of its name, for messages."""
BEGINNINGS = {
    gzip.compress(b"")[:2]: ".gz", b"PK\x03\x04": ".xlsx", b"PAR1": ".parquet", b"ARROW1": ".feather",
    b"\x28\xb5\x2f\xfd": ".zst", b"BZh": ".bz2", b"\xfd7zXZ": ".xz", b"\xd0\xcf\x11\xe0": ".xls",
}  # fmt: skip
"""What the bytes of a file that is no text begin with, and the suffix it should have."""
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def suffixes(path: Path) -> tuple[str, str]:
    """Return the suffix of a table's format and of its compression, "" where there is none.

    >>> suffixes(Path("results.json.csv.GZ")), suffixes(Path("a.gz")), suffixes(Path("a.txt"))
    (('.csv', '.gz'), ('', ''), ('', ''))
    """
    compression = path.suffix.lower() if path.suffix.lower() in COMPRESSIONS else ""
    name = path.with_suffix("") if compression else path
    form = name.suffix.lower()
    return (form, compression) if form in FORMATS else ("", "")


def read_raw(path: Path) -> RawTable:
    """Read a table as its last suffix says; text that is JSON is read as that, whatever its name.

    Raises:
        InputError: It cannot be read as what its name says, or a package is missing for it.
    """
    form, _ = suffixes(path)
    try:
        data = _content(path)
        if form in BINARIES:
            return _of_frame(BINARIES[form](io.BytesIO(data)))
        text, notes = _decoded(data)
        if form in (".csv", ".tsv") and text.lstrip()[:1] in ("[", "{") and (table := _as_json(text)):
            return table._replace(notes=[*notes, *table.notes, f"JSON, though it is called {form}"])
        table = TEXTS[form](text)
        return table._replace(notes=[*notes, *table.notes])
    except ImportError as error:
        package = "zstandard" if "zstandard" in str(error) else PACKAGES.get(form, str(error))
        law = f"pandas reads this with {package}, which is missing: pip install {package}; or {READABLE}"
        raise InputError(f"{path}: {law}") from None
    except DAMAGED as error:
        raise InputError(f"{path}: cannot be read as a table: {error}") from None


def _content(path: Path) -> bytes:
    with get_handle(path, "rb", compression="infer", is_text=False) as handles:
        data: bytes = handles.handle.read()
    return data


def _decoded(data: bytes) -> tuple[str, list[str]]:
    """Return a text in UTF-8, in UTF-16 or 32 by its byte order mark, or else in Windows' Latin letters."""
    for beginning, suffix in BEGINNINGS.items():
        if data.startswith(beginning):
            raise ValueError(f"its content is that of a {suffix} file; name it so")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding)
            return text, [] if encoding == "utf-8-sig" else [encoding.upper()]
    if b"\0" in data:
        raise ValueError("it is no text, or UTF-16 without a byte order mark")
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), ["no UTF-8, read as Windows-1252 (Latin-1)"]


def _as_json(text: str) -> RawTable | None:
    try:
        return read_json(text)
    except ValueError:
        return None


def _sheet(file: io.BytesIO, engine: str) -> pd.DataFrame:
    """Return the first sheet of a workbook, its cells as they are; of several, a note says which."""
    options = {"dtype": object, "keep_default_na": False, "na_filter": False}
    with pd.ExcelFile(file, engine=engine) as book:  # type: ignore[arg-type]
        frame: pd.DataFrame = pd.read_excel(book, **options)  # type: ignore[call-overload]
        first, *others = map(str, book.sheet_names)
    frame.attrs["notes"] = [f"the first of {len(others) + 1} sheets, '{first}'"] if others else []
    return frame


def _of_frame(frame: pd.DataFrame) -> RawTable:
    notes = frame.attrs.get("notes", [])
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return RawTable([str(name) for name in frame.columns], rows, notes)


def _cell(value: object) -> Cell:
    """Return a cell of a typed table; numbers stay numbers."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
