"""Functions of the user's that return data: what they may return, and what is said of everything else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from archscape.search.datasets.arrays import Source
from archscape.search.datasets.sources import open_source
from archscape.spaces.errors import CodeNotRun
from archscape.spaces.language.user_function import UserFunction

_numbers = count()

HEAD = """\
import numpy as np
import torch

X = np.arange(20 * 12, dtype=np.float32).reshape(20, 1, 3, 4)
Y = np.arange(20) % 2

"""


@pytest.fixture
def maker(tmp_path: Path) -> Callable[..., str]:
    """Write a file of a name of its own with a function `make`, vouched for, and return how it is named."""

    def write(body: str, *, vouched: bool = True) -> str:
        path = tmp_path / f"made_{next(_numbers)}.py"
        path.write_text(HEAD + dedent(body))
        function = UserFunction.parse(f"{path}:make", tmp_path)
        if vouched:
            function.vouch()
        return str(function)

    return write


GOOD = {
    "arrays": "def make():\n    return {'x_train': X, 'y_train': Y}\n",
    "tensors": "def make():\n    return {'x_train': torch.tensor(X), 'y_train': torch.tensor(Y)}\n",
    "a dataset": """
        def make():
            return torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    """,
    "a list of pairs": "def make():\n    return {'train': list(zip(X, Y))}\n",
    "with targets": """
        class Known(list):
            targets, classes = Y.tolist(), ["no", "yes"]

        def make():
            return Known(zip(X, Y))
    """,
}


@pytest.mark.parametrize("case", GOOD)
def test_arrays_tensors_and_map_style_datasets_are_data(case: str, maker: Callable[..., str]) -> None:
    source = open_source(maker(GOOD[case]))
    assert [len(source.arrays[f"y_{part}"]) for part in ("train", "val", "test")] == [16, 2, 2]
    assert source.arrays["x_train"].shape == (16, 1, 3, 4)
    images = np.concatenate([source.arrays[f"x_{part}"] for part in ("train", "val", "test")])
    assert np.array_equal(np.sort(images.reshape(20, 12), 0), np.arange(240).reshape(20, 12))
    assert source.class_names == (("no", "yes") if case == "with targets" else ())


def test_up_to_three_datasets_are_the_parts(maker: Callable[..., str]) -> None:
    source = open_source(
        maker("def make():\n    pairs = [*zip(X, Y)]\n    return pairs[:12], pairs[12:15], pairs[15:]\n")
    )
    assert [len(source.arrays[f"y_{part}"]) for part in ("train", "val", "test")] == [12, 3, 5]
    assert source.arrays["x_val"][0, 0, 0, 0] == 144


def test_images_of_pillow_have_their_channels_put_first(maker: Callable[..., str]) -> None:
    body = """
        from PIL import Image

        def make():
            return [(Image.new("RGB", (6, 4), (i, 0, 0)), i % 2) for i in range(20)]
    """
    arrays = open_source(maker(body)).arrays
    assert (arrays["x_train"].shape, arrays["x_train"].dtype) == ((16, 3, 4, 6), np.uint8)


@pytest.mark.parametrize("returned", ["{'x_train': X, 'y_train': Y}", "[*zip(X, Y)],"])
def test_it_is_called_once_for_all_processes(
    returned: str, maker: Callable[..., str], tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    note = f"with open({str(calls)!r}, 'a') as file:\n        file.write('.')"
    make = maker(f"def make():\n    {note}\n    return {returned}\n")
    first = open_source(make).statistics
    Path(make.removesuffix(":make")).touch()
    assert open_source(make).statistics == first
    assert calls.read_text() == "."


def test_labels_that_a_dataset_changes_are_those_of_its_items(maker: Callable[..., str]) -> None:
    body = """
        class Changed:
            targets, target_transform = Y, staticmethod(lambda y: 1 - y)

            def __len__(self):
                return 20

            def __getitem__(self, i):
                return X[i], self.target_transform(Y[i])

        def make():
            return Changed()
    """
    arrays = open_source(maker(body)).arrays
    assert np.array_equal(arrays["y_train"], 1 - arrays["x_train"][:, 0, 0, 0] / 12 % 2)


BAD = {
    "nothing": (
        "def make():\n    pass\n",
        "`__len__` and `__getitem__`, or one for each part; it returned nothing",
    ),
    "text": ("def make():\n    return 'data'\n", "it returned str"),
    "a generator": ("def make():\n    return ((x, y) for x, y in zip(X, Y))\n", "it returned generator"),
    "other names": ("def make():\n    return {'x_train': X, 'y': Y}\n", "it returned a dict with 'x_train'"),
    "no training part": (
        "def make():\n    return {'val': [*zip(X, Y)]}\n",
        "it returned no part 'train', but val",
    ),
    "an empty part": ("def make():\n    return [*zip(X, Y)], []\n", "the part 'val' is empty"),
    "an object": (
        "def make():\n    return {'x_train': X, 'y_train': object()}\n",
        "'y_train' must be an array or a tensor, but is a object",
    ),
    "an error": (
        "def make():\n    raise RuntimeError('no\\nway')\n",
        ": raised an error: RuntimeError: no way",
    ),
    "samples alone": (
        "def make():\n    return [X, X[:3]], \n",
        "train[0] must be a sample and its target, but is a ndarray",
    ),
    "several sizes": (
        "def make():\n    return [(X[i][:, : 2 + i % 2], 0) for i in range(20)]\n",
        "train[1] is (1, 3, 4) float32, but the first (1, 2, 4) float32",
    ),
    "targets of several sizes": (
        "def make():\n    return [(x, [0] * (1 + i % 2)) for i, x in enumerate(X)]\n",
        "train: targets: its items have several shapes",
    ),
    "rows of several sizes": (
        "def make():\n    return {'x_train': X, 'y_train': [[0], [0, 1]] * 10}\n",
        "y_train: its items have several shapes",
    ),
    "no axes": (
        "def make():\n    return [(3.0, i % 2) for i in range(20)]\n",
        "train[0]: a sample is (C, *spatial), 1 to 3 axes of space, of real numbers, but is ()",
    ),
    "NaN": (
        "def make():\n    X[7, 0, 0, 1] = np.nan\n    return [*zip(X, Y)],\n",
        "train must hold finite real numbers; its type is float32 and x[7, 0, 0, 1] is nan",
    ),
    "broken items": (
        """
            class Bad(list):
                def __getitem__(self, i):
                    return {}[i]

            def make():
                return Bad(range(9))
        """,
        ": raised an error: KeyError: 0",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_anything_else_ends_in_a_line(
    case: str, maker: Callable[..., str], refusal: Callable[..., str]
) -> None:
    body, message = BAD[case]
    assert message in refusal(maker(body))


def test_a_function_is_called_on_the_users_word_alone(maker: Callable[..., str]) -> None:
    with pytest.raises(CodeNotRun, match="is code and was not run"):
        open_source(maker(GOOD["arrays"], vouched=False))


def test_what_it_prints_goes_to_standard_error(
    maker: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    open_source(maker("def make():\n    print('loading')\n    return {'x_train': X, 'y_train': Y}\n"))
    assert capsys.readouterr() == ("", "loading\n")


def test_text_labels_of_items_are_converted(
    maker: Callable[..., str], notes: Callable[..., tuple[Source, list[str]]]
) -> None:
    source, lines = notes(maker("def make():\n    return [(x, 'ab'[y]) for x, y in zip(X, Y)]\n"))
    assert source.class_names == ("a", "b")
    assert "the labels are text; a, b become 0 to 1" in lines[0]
