"""A network as a package of Core ML, for machines of Apple; these alone run it, so it is not compared.

The package is a folder, which is written as one archive. Core ML takes no bytes, so samples are float32; what
brings them to the units of the network is inside all the same.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import NAMESPACE_URL, uuid5

from archscape.spaces.errors import InputError, first_line

from ..quiet_export import quiet_export
from .base import Export, Format
from .extras import needing
from .properties import properties

LEFT_OUT = ("executorch_debug_handle_mapping.json",)
"""Files that the converter leaves in a package, and nothing reads."""


def write(export: Export) -> Path:
    """Write the package as an archive, to be unpacked where it is used.

    Raises:
        InputError: If the extra is not installed, or Core ML lacks an operator of the network.
    """
    from ..exported_program import exported_program

    name = export.network.name
    with _quiet(), needing("coreml", name):
        import coremltools
    if export.preprocessing is not None:
        export = replace(export, preprocessing=replace(export.preprocessing, dtype="float32"))
    program = exported_program(export)
    try:
        with _quiet():
            model = coremltools.convert(
                program.run_decompositions({}),
                minimum_deployment_target=coremltools.target.iOS17,
                compute_precision=coremltools.precision.FLOAT32,
                skip_model_load=True,
            )
    except (RuntimeError, ValueError, NotImplementedError) as error:
        cause = first_line(error)
        raise InputError(f"network {name}: Core ML does not take it: {cause}") from error
    model.user_defined_metadata.update(properties(export))
    with TemporaryDirectory(prefix="archscape-coreml-") as folder, _quiet():
        package = Path(folder, f"{export.path.name}.mlpackage")
        model.save(str(package))
        return export.write(".mlpackage.zip", _archived(package))


def _archived(package: Path) -> bytes:
    """Return a package as an archive; the same of the same package, whose manifest has random names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(package.rglob("*")):
            if file.is_file() and file.name not in LEFT_OUT:
                known = zipfile.ZipInfo(str(file.relative_to(package.parent)))
                known.external_attr = 0o644 << 16
                text = file.read_bytes()
                archive.writestr(known, _renamed(text) if file.name == "Manifest.json" else text)
    return content.getvalue()


def _renamed(manifest: bytes) -> bytes:
    """Return a manifest whose items have names that follow from their paths."""
    text = manifest.decode()
    for random, item in json.loads(text)["itemInfoEntries"].items():
        text = text.replace(random, str(uuid5(NAMESPACE_URL, item["path"])))
    known = json.loads(text)
    known["itemInfoEntries"] = dict(sorted(known["itemInfoEntries"].items()))
    return json.dumps(known, indent=4).encode()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep bars of progress, and what the converter says of versions and missing libraries, to itself."""
    with quiet_export("coremltools", "torchao", "torch.utils._pytree"), redirect_stderr(io.StringIO()):
        yield


COREML = Format(
    summary="A network as a package of Core ML, with preprocessing and weights; it is not run here.",
    takes=frozenset({"preprocessing", "softmax", "fold"}),
    extra="coreml",
    note="the Core ML package was converted, but not run: that takes a machine of Apple",
    write=write,
)
