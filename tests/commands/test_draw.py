"""`archscape draw`."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from helpers.bundles import write_bundle

from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.svg import to_svg
from archscape.spaces import load, load_network

Run = Callable[..., "CompletedProcess[str]"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "file", "start"),
    [
        (("lenet5",), "lenet5.svg", b"<svg"),
        (("vgg16", "--style", "volumes", "--out", "vgg.pdf"), "vgg.pdf", b"%PDF"),
        (("resnet18", "--input", "3x64x64", "--layers", "--out", "net.PNG"), "net.PNG", b"\x89PNG"),
        (("digits",), "digits.svg", b"<svg"),
        (("efficientnet-b1",), "efficientnet-b1.svg", b"<svg"),
    ],
)
def test_a_figure_is_written_as_its_suffix_says(
    archscape: Run, tmp_path: Path, given: tuple[str, ...], file: str, start: bytes
) -> None:
    done = archscape("draw", *given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == file
    assert (tmp_path / file).read_bytes().startswith(start)


@pytest.mark.slow
def test_a_bundle_is_drawn_and_nothing_of_it_is_run(archscape: Run, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "best", load_network("lenet5"))
    (folder / "model.py").write_text("raise SystemExit('run')\n")
    done = archscape("draw", "best")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lenet5.svg").read_text() == to_svg(draw(load("lenet5")))

    table = "network: mixed\ninput: 1x8x8\nuses: mine.py\nlayers: [Mine, linear: {width: 2}]\n"
    (write_bundle(tmp_path / "mixed", table) / "mine.py").write_text("raise SystemExit('run')\n")
    done = archscape("draw", "mixed")
    assert done.returncode == 0, done.stderr
    assert "code, not run" in (tmp_path / "mixed.svg").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("lenet5", "--out", "net.jpg"), "net.jpg: a figure is one of .svg, .png, .pdf"),
        (("lenet5", "--out", "none/net.svg"), "none: no such folder"),
        (("lenet5", "--style", "box"), "boxes or volumes, but got 'box'; did you mean 'boxes'?"),
        (("resnet18", "--style", "volumes"), "resnet18 branches before basic1.0"),
        (("digits", "--style", "volumes"), "digits is a space, whose choices are drawn as boxes"),
        (("digits", "--input", "1x8x8"), "digits is a space, which is drawn on its own input, 1x16x16"),
        (("lenet55",), "the catalog has no 'lenet55'"),
        (("net.py:make",), "a table is needed here"),
        (("net.onnx",), "a table is needed here, or the bundle that it lies in"),
    ],
)
def test_what_cannot_be_drawn_is_told(archscape: Run, given: tuple[str, ...], words: str) -> None:
    done = archscape("draw", *given)
    assert done.returncode == 2
    assert words in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("resnet18", "boxes"),
        ("unet", "boxes"),
        ("digits", "boxes"),
        ("lenet5", "volumes"),
        ("vgg16", "volumes"),
    ],
)
def test_the_figures_of_the_documentation_are_those_that_are_drawn(name: str, style: str) -> None:
    file = Path(__file__).parents[2] / "docs" / f"drawing-{name}.svg"
    is_drawn = file.read_text(encoding="utf-8") == to_svg(draw(load(name), style=style))
    assert is_drawn, f"run: archscape draw {name} --style {style} --out docs/{file.name}"
