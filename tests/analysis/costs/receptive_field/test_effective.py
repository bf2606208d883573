import numpy as np
import pytest

from archscape.analysis.costs.receptive_field import Field
from archscape.analysis.costs.receptive_field.effective import EffectiveField, effective_field
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError


def chain(depth: int, *, shape: str = "1x129", act: str = "none") -> Network:
    conv = f"conv: {{width: 8, depth: {depth}, act: {act}, norm: none}}"
    return Network.from_yaml(f"network: chain\ninput: {shape}\nlayers: [{conv}]")


def last(net: Network) -> str:
    return net.graph.flatten().nodes[-1].name


def test_it_grows_with_the_root_of_the_depth() -> None:
    # Luo et al. 2016, section 2: the variance of n random linear layers is that of n steps of their size.
    fields = {depth: effective_field(chain(depth), last(chain(depth)), draws=16) for depth in (10, 40)}
    spread = {depth: standard_deviation(field.squares) for depth, field in fields.items()}
    for depth, measured in spread.items():
        assert measured == pytest.approx((depth * 2 / 3) ** 0.5, rel=0.15)
    assert fields[40].field.size == (81,)
    assert fields[40].share < 0.7 * fields[10].share


def standard_deviation(weights: np.ndarray) -> float:
    places = np.arange(len(weights))
    mean = (weights * places).sum() / weights.sum()
    return float(((weights * (places - mean) ** 2).sum() / weights.sum()) ** 0.5)


def test_it_lies_inside_the_receptive_field() -> None:
    net = load_network("lenet5")
    field = effective_field(net, "avgpool2", draws=1)
    inside = np.zeros((32, 32), dtype=bool)
    inside[8:24, 8:24] = True  # 16 inputs around the middle
    assert not field.squares[~inside].any()
    assert field.squares.max() == 1
    assert field.middle == (15.5, 15.5)
    assert 0 < field.share <= 1


def test_the_same_seed_gives_the_same_field() -> None:
    first, second, other = (
        effective_field(chain(3), last(chain(3)), draws=2, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first.squares, second.squares)
    assert not np.array_equal(first.squares, other.squares)


def test_trained_weights_are_taken() -> None:
    net = chain(1)
    module = net.build()
    state = {name: value.zero_() for name, value in module.state_dict().items()}
    next(value for value in state.values() if value.ndim == 3)[:, :, 2] = (
        1.0  # reads the right neighbour alone
    )
    field = effective_field(net, last(net), weights=state, draws=1)
    assert field.squares.nonzero()[0].tolist() == [129 // 2 + 1]
    assert field.size == 1


def test_weights_that_do_not_fit_are_named() -> None:
    with pytest.raises(InputError, match="the weights do not fit layer conv1"):
        effective_field(load_network("lenet5"), "conv2", weights={}, draws=1)


@pytest.mark.parametrize(
    ("layer", "words"),
    [("linear1", "the output of linear1 is no map"), ("conv7", "lenet5 has no layer 'conv7'")],
)
def test_a_layer_without_a_middle_is_refused(layer: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        effective_field(load_network("lenet5"), layer, draws=1)


def test_weights_that_see_nothing_are_named() -> None:
    net = chain(1)
    state = {name: value.zero_() for name, value in net.build().state_dict().items()}
    with pytest.raises(InputError, match="every gradient is zero"):
        effective_field(net, last(net), weights=state)


def test_the_size_is_that_of_a_square_of_as_many_positions() -> None:
    squares = np.zeros((9, 9))
    squares[3:6, 3:6] = 1
    squares[0, 0] = 0.045**2  # just below the level
    field = Field((6, 6), (1, 1), (0, 0))
    effective = EffectiveField(network="n", layer="l", field=field, middle=(4, 4), squares=squares)
    assert effective.size == 3
    assert effective.share == 0.5
