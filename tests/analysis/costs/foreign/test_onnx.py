"""An ONNX file: what counts as a parameter, what every operator costs, open sizes, and hostile graphs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from helpers.model_files import node, write_graph, write_model_file
from onnx import TensorProto, helper

from archscape.analysis.costs.foreign import profile_file
from archscape.analysis.costs.foreign.onnx_operators import OPERATORS
from archscape.analysis.costs.foreign.table import FileProfile
from archscape.spaces import load_network
from archscape.spaces.codegen.formats.base import Preprocessing
from archscape.spaces.errors import InputError

IMAGE = ("x", ("batch", 3, 8, 8))


def floats(*shape: int) -> np.ndarray:
    """Return numbers none of which is zero."""
    return np.arange(1, 1 + int(np.prod(shape)), dtype=np.float32).reshape(shape)


def costs_of(file: FileProfile) -> tuple[int, int, int, int]:
    return file.params, file.macs, file.flops, file.activations


@pytest.mark.parametrize(
    ("op", "options", "constants", "costs"),
    [
        ("Conv", {"pads": [1] * 4}, {"w": (4, 3, 3, 3), "b": (4,)}, (112, 6912, 2 * 6912 + 256, 256)),
        ("Conv", {"group": 3}, {"w": (6, 1, 3, 3)}, (54, 1944, 3888, 216)),
        ("Conv", {"strides": [2, 2], "dilations": [2, 2]}, {"w": (4, 3, 3, 3)}, (108, 432, 864, 16)),
        ("ConvTranspose", {"strides": [2, 2]}, {"w": (3, 5, 2, 2)}, (60, 3840, 7680, 1280)),
        ("MatMul", {}, {"w": (8, 5)}, (40, 960, 1920, 120)),
        ("BatchNormalization", {}, dict.fromkeys(("g", "b", "m", "v"), (3,)), (6, 0, 384, 0)),
        ("InstanceNormalization", {}, {"g": (3,), "b": (3,)}, (6, 0, 7 * 192 + 6, 0)),
        ("PRelu", {}, {"slope": (3, 1, 1)}, (3, 0, 384, 0)),
        ("Mul", {}, {"gamma": (3, 1, 1)}, (3, 0, 192, 0)),
        ("Add", {}, {"scalar": (1,)}, (0, 0, 192, 0)),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}, {}, (0, 0, 144, 0)),
        ("AveragePool", {"kernel_shape": [3, 3]}, {}, (0, 0, 9 * 108, 0)),
        ("GlobalAveragePool", {}, {}, (0, 0, 192, 0)),
        ("Softmax", {}, {}, (0, 0, 576, 0)),
        ("LRN", {"size": 5}, {}, (0, 0, 13 * 192, 0)),
    ],
)  # fmt: skip
def test_an_operator_costs_what_its_shapes_say(
    op: str,
    options: dict[str, object],
    constants: dict[str, tuple[int, ...]],
    costs: tuple[int, int, int, int],
    tmp_path: Path,
) -> None:
    """Behind an activation, so that no sum or product scales the input."""
    nodes = [node("Relu", ["x"], "h"), node(op, ["h", *constants], "y", **options)]
    arrays = {name: floats(*shape) for name, shape in constants.items()}
    file = profile_file(write_graph(tmp_path / "net.onnx", nodes, [IMAGE], arrays))
    params, macs, flops, activations = costs
    assert costs_of(file) == (params, macs, flops + 192, activations)
    assert file.lower_bounds == ()


def test_a_recurrent_layer_multiplies_each_step_with_all_gates(tmp_path: Path) -> None:
    """Four gates of two directions: of 5 steps, 6 features and 3 units."""
    nodes = [node("LSTM", ["x", "w", "r"], "y", direction="bidirectional", hidden_size=3)]
    constants = {"w": floats(2, 12, 6), "r": floats(2, 12, 3)}
    file = profile_file(write_graph(tmp_path / "net.onnx", nodes, [("x", (5, 1, 6))], constants))
    assert (file.params, file.macs, file.activations) == (216, 5 * 216, 5 * 48)
    assert file.lower_bounds == ("flops",)


def test_products_of_maps_write_no_activations(tmp_path: Path) -> None:
    inputs = [("x", ("batch", 2, 4, 6)), ("z", ("batch", 2, 6, 5))]
    file = profile_file(write_graph(tmp_path / "net.onnx", [node("MatMul", ["x", "z"], "y")], inputs, {}))
    assert costs_of(file) == (0, 240, 480, 0)
    assert dict(file.inputs) == {"x": (2, 4, 6), "z": (2, 6, 5)}
    equation = node("Einsum", ["x", "z"], "y", equation="bhij,bhjk->bhik")
    assert profile_file(write_graph(tmp_path / "net.onnx", [equation], inputs, {})).macs == 240


def test_weights_that_two_layers_share_count_once(tmp_path: Path) -> None:
    nodes = [node("Conv", ["x", "w"], "h", pads=[1] * 4), node("Conv", ["h", "w"], "y", pads=[1] * 4)]
    file = profile_file(write_graph(tmp_path / "net.onnx", nodes, [IMAGE], {"w": floats(3, 3, 3, 3)}))
    assert ([layer.params for layer in file.layers], file.macs) == ([81, 0], 2 * 81 * 64)


def test_what_scales_the_input_and_biases_of_zeros_are_no_parameters(tmp_path: Path) -> None:
    nodes = [
        node("Sub", ["x", "mean"], "centred"),
        node("Div", ["centred", "std"], "scaled"),
        node("Conv", ["scaled", "w", "zeros"], "y"),
    ]
    constants = {"mean": floats(3, 1, 1), "std": floats(3, 1, 1), "w": floats(4, 3, 1, 1)}
    constants["zeros"] = np.zeros(4, np.float32)
    file = profile_file(write_graph(tmp_path / "net.onnx", nodes, [IMAGE], constants))
    assert [layer.params for layer in file.layers] == [0, 0, 12]
    assert file.coverage.constants == {"mean": 3, "std": 3}


def test_preprocessing_inside_a_file_of_ours_adds_no_parameters(tmp_path: Path) -> None:
    network = load_network("lenet5")
    units = Preprocessing(dtype="uint8", mean=(33.0,), std=(78.0,))
    for suffix in (".onnx", ".pt2"):
        file = profile_file(write_model_file(network, tmp_path / f"net{suffix}", units))
        assert (file.params, file.macs) == network.totals[:2]


def test_constants_are_followed_through_what_computes_them(tmp_path: Path) -> None:
    """A weight that is transposed, and one that is quantised, are parameters of the layer that reads them."""
    nodes = [
        node("Transpose", ["t"], "w", perm=[1, 0]),
        node("MatMul", ["x", "w"], "h"),
        node("QuantizeLinear", ["h", "scale", "zero"], "hq"),
        node("DequantizeLinear", ["hq", "scale", "zero"], "hd"),
        node("DequantizeLinear", ["q", "scale", "zero"], "qd"),
        node("MatMul", ["hd", "qd"], "y"),
    ]
    constants = {"t": floats(6, 8), "q": np.ones((6, 4), np.int8)}
    constants |= {"scale": np.float32(0.5).reshape(()), "zero": np.int8(0).reshape(())}
    file = profile_file(write_graph(tmp_path / "net.onnx", nodes, [IMAGE], constants))
    products = [layer for layer in file.layers if layer.op == "MatMul"]
    assert [(layer.params, layer.macs) for layer in products] == [(48, 8 * 6 * 24), (24, 6 * 4 * 24)]
    assert (file.params, file.lower_bounds) == (72, ())
    assert "quantised (2 x DequantizeLinear)" in file.notes[0]


def test_operators_that_are_not_known_are_named_and_make_lower_bounds(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Magic", ["x"], ["h"], name="spell", domain="mine"),
        node("Conv", ["h", "w"], "y"),
    ]
    file = profile_file(write_graph(tmp_path / "net.onnx", nodes, [IMAGE], {"w": floats(4, 3, 1, 1)}))
    assert dict(file.coverage.unknown) == {"Conv": ("Conv_y",), "mine.Magic": ("spell",)}
    assert (file.params, file.lower_bounds) == (12, ("macs", "flops", "activations"))


def test_branches_are_not_counted_silently(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [node("Relu", ["x"], "b")],
        "branch",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)],
    )
    nodes = [node("If", ["yes"], "y", then_branch=branch, else_branch=branch)]
    path = write_graph(tmp_path / "net.onnx", nodes, [IMAGE], {"yes": np.array(True)})
    assert dict(profile_file(path).coverage.unknown) == {"If": ("If_y",)}


def test_open_sizes_are_asked_for(tmp_path: Path) -> None:
    path = write_graph(
        tmp_path / "net.onnx",
        [node("Conv", ["x", "w"], "y")],
        [("x", ("batch", 3, "height", "width"))],
        {"w": floats(4, 3, 1, 1)},
    )
    with pytest.raises(InputError, match=r"the sizes height, width of 'x' are open .*--input 3x224x224"):
        profile_file(path)
    assert profile_file(path, input=(3, 10, 20)).macs == 12 * 200
    assert profile_file(path, input={"x": (3, 10, 20)}).layers[0].shape == (4, 10, 20)
    with pytest.raises(InputError, match="reads 3xheightxwidth as 'x', but got 3x10"):
        profile_file(path, input=(3, 10))


def test_a_batch_that_is_fixed_is_told(tmp_path: Path) -> None:
    path = write_graph(
        tmp_path / "net.onnx",
        [node("Conv", ["x", "w"], "y")],
        [("x", (4, 3, 8, 8))],
        {"w": floats(4, 3, 1, 1)},
    )
    file = profile_file(path)
    assert (file.macs, file.layers[0].shape) == (4 * 12 * 64, (4, 8, 8))
    assert file.notes == ("Its batch is fixed at 4: costs are those of all 4 samples.",)


def test_weights_beside_a_file_are_not_opened(tmp_path: Path) -> None:
    """Nor is what a hostile file names in their place."""
    path = write_graph(
        tmp_path / "net.onnx", [node("Conv", ["x", "w"], "y")], [IMAGE], {"w": floats(64, 3, 3, 3)}
    )
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="data.bin", size_threshold=0)
    (tmp_path / "data.bin").unlink()
    model = onnx.load(path, load_external_data=False)
    model.graph.initializer[0].external_data[0].value = "../../../../etc/passwd"
    path.write_bytes(model.SerializeToString())
    assert profile_file(path).params == 64 * 27


def test_functions_of_a_file_are_taken_apart(tmp_path: Path) -> None:
    path = write_graph(
        tmp_path / "net.onnx",
        [helper.make_node("Block", ["x", "w"], ["y"], domain="mine")],
        [IMAGE],
        {"w": floats(4, 3, 1, 1)},
    )
    model = onnx.load(path)
    body = [helper.make_node("Conv", ["a", "b"], ["c"]), helper.make_node("Relu", ["c"], ["d"])]
    opsets = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("mine", "Block", ["a", "b"], ["d"], body, opsets))
    path.write_bytes(model.SerializeToString())
    assert costs_of(profile_file(path)) == (12, 768, 2 * 768 + 256, 256)


def test_shapes_that_do_not_fit_are_not_known(tmp_path: Path) -> None:
    nodes, weights = [node("Conv", ["x", "w"], "y")], {"w": floats(4, 3, 1, 1)}
    file = profile_file(write_graph(tmp_path / "net.onnx", nodes, [("x", ("batch", 3))], weights))
    assert (dict(file.coverage.unknown), file.params) == ({"Conv": ("Conv_y",)}, 12)


@pytest.mark.parametrize("size", [0, -1])
def test_sizes_that_are_none_are_open(size: int, tmp_path: Path) -> None:
    nodes, weights = [node("Conv", ["x", "w"], "y")], {"w": floats(4, 3, 1, 1)}
    path = write_graph(tmp_path / "net.onnx", nodes, [("x", (size, 3, size, 8))], weights)
    assert profile_file(path, input=(3, 6, 8)).macs == 12 * 48


def test_names_out_of_a_file_cannot_drive_a_terminal(tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="\x1b[2Jred" + "x" * 500)]
    (layer,) = profile_file(write_graph(tmp_path / "net.onnx", nodes, [IMAGE], {})).layers
    assert layer.name.startswith("\\x1b[2Jred")
    assert len(layer.name) < 200


def test_names_that_are_no_text_are_damage(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "net.onnx", [node("Relu", ["x"], "y")], [IMAGE], {})
    path.write_bytes(path.read_bytes().replace(b"Relu_y", b"Relu\xff\xfe"))
    with pytest.raises(InputError, match="a damaged ONNX file: a name in it is no text"):
        profile_file(path)


def test_each_operator_of_the_table_is_one_of_onnx() -> None:
    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history()}
    assert set(OPERATORS) <= known


def test_without_the_extra_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r"net.onnx: .* is not installed; pip install 'archscape\[onnx\]'"):
        profile_file(tmp_path / "net.onnx")


def convolution(path: Path, sizes: tuple[int | str, ...] | None) -> Path:
    nodes = [node("Conv", ["x", "w"], "y")]
    return write_graph(path, nodes, [("x", sizes)], {"w": floats(4, 1, 3, 3)})  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("shape", "law"),
    [
        ((1, 2, 2), "Conv 'Conv_y' leaves nothing of a map of this size"),
        ((1, 1, 1), "Conv 'Conv_y' leaves nothing of a map of this size"),
        ((1, 10**30, 8), "a size is at most 2,147,483,647"),
        ((3, 8, 8), "Conv 'Conv_y' reads 1 channels, but gets 3"),
    ],
)
def test_an_input_that_no_map_has_is_one_error(tmp_path: Path, shape: tuple[int, ...], law: str) -> None:
    with pytest.raises(InputError, match=law):
        profile_file(convolution(tmp_path / "a.onnx", ("n", "c", "h", "w")), input=shape)


def test_an_input_without_sizes_takes_those_of_the_user(tmp_path: Path) -> None:
    file = convolution(tmp_path / "a.onnx", None)
    assert profile_file(file, input=(1, 8, 8)).macs == 4 * 9 * 36
    with pytest.raises(InputError, match="the sizes of 'x' are not in the file; give --input"):
        profile_file(file)
