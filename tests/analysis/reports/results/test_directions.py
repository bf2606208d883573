"""Whether more or less is better, by a column's name: the names of the field, and what must hold for all."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.metrics import METRICS, SPREADS
from archscape.analysis.reports.results import column_options, column_words, directions, name_words
from archscape.analysis.reports.results.directions import read_name
from archscape.analysis.reports.results.quantities import QUANTITIES, WORDS

MORE = """
flops_utilization|memory_utilization|macs_utilisation|mfu|memory_free|free_gpu_memory|ram_available_mb
accuracy|Acc|acc@1|top1|Top-1|top-5 accuracy|val_acc|valAcc|valTop1Acc|test/acc|val/acc|metrics/mAP50(B)
mAP|mAP@0.5:0.95|AP50|miou|mIoU|mean IoU|dice|F1|f1_score|AUC|bleu|BLEU-4|psnr|PSNR (dB)|ssim|r2
images/s|img/s|imgs_per_sec|images_per_second|samples/sec|samples_per_second_rtx4090|fps|FPS|throughput
Throughput (img/s)|latency (fps)|throughput/s|tokens/s/GPU|it/s|steps_per_sec|frames per second|images/J
fps/W|GFLOPS/W|TOPS/W|flops/s|MB/s|epochs/hour|accuracy_per_mac|top1/gmacs|images/s/W|test/images_per_s
inferences per joule|train/images_per_sec|frames/s|queries per second|requests_per_minute|neg_loss
neg_mean_squared_error|non_error|-loss|- val_loss|1-err|100 - error|1 - error rate|1/latency
inverse_latency|-log10(err)|recall@10|success_rate|score|reward|speedup|compression_ratio
energy_efficiency|latency_reduction|accuracy_gain|FID ↑|stuff (higher is better)|mean_per_class_acc
acc_at_epoch_90|accuracy under 5 ms|per_class_acc|crops/s|inf/s|R@1|Prec@1|TOPS|bacc|goodput|1-shot acc
hit_rate|log_likelihood|1-crop accuracy|accuracy/top1|speed/fps|acc_200_epochs|min_acc|error reduction
area_under_curve|AreaUnderCurve|area under the ROC curve|true_negative_rate|true_positives|Rank-1|rank@5
fault_tolerance|error_correction_rate|failure detection|time_to_failure|distance_correlation|error_kendall
latency^-1|latency**-1|latency^(-1)|latency⁻¹|images s^-1|loss_neg|correlation coefficient|dice_coef
acc_1000_steps|speedup_factor
"""
LESS = """
memory_usage|power_usage|free_energy|free_params
err|error|error_rate|top1_error|top-1 err|err@1|error (top-1)|test error|loss|val_loss|log_loss
train/loss|perplexity|ppl|rmse|RMSE|mae|mse|wer|FID|lpips|nll|latency|latency_ms|latencyMs|latencyMS
lat_raspi4|latency_ms_per_image|ms|ms/image|ms per image|ms_per_100_images|s/epoch|s/it|time per epoch
seconds_per_step|params|M params|params_M|params (M)|#params|paramsM|numParams|n_params|number of params
flops|FLOPs (G)|GMACs|gmacs|MAdds|mult-adds|macs|log_macs|log10_params|memory|MB|peak_mem_MB|memory_gb
energy|J|energy_J|mJ/inference|J/image|power|W|power (W)|size|model_size|size_mb|epochs|time|train_time
train_seconds|1-acc|1 - accuracy|100-top1|1-val_acc|acc_drop|accuracy loss|accuracy drop|acc_std
accuracy_std|drop in accuracy|memory overhead|time_to_accuracy|time_to_90_acc|neg_acc|negative accuracy
one_minus_acc|1/throughput|inverse fps|acc ↓|foo (lower is better)|non_embedding_params
false_negative_rate|negative_log_likelihood|nll_loss|bits per char|memory at batch 8|W/image
latency/image|time/forward|USD per 1M tokens|cost|training cost|hours|GPU hours|gpu_days|cycles
inference time (ms)|activations|macts|standard error|flops per image|ece|regret|miss_rate|memory/peak
per_image_latency|bytes|FLOPs/image|kWh|train/s|val/seconds|logloss|misclassification rate|BFLOPs
max_rss|EDP|err/param|speed (ms)|Speed (ms/image)|inference speed ms|speed_ms|-accuracy|min_latency
forward pass (ms)|fp16 latency|loss_score|area_under_loss_curve|mCE|bits_per_byte|bits/byte|bits per dim
error_recovery_time|fault_detection_latency|fps^-1|throughput⁻¹|n_weights|AURC|chip_area
"""
UNKNOWN = """
stuff|width|w|b|j|img_size|batch_size|kernel_size|lr|learning_rate|seed|year|per|images_per_class|loss/accuracy|depth|id|images
precision_bits|weight_bits|kl_weight|loss_weights|time_steps|loss_threshold|latency_limit|params_target
top_k|loss_coef|accuracy_budget|score_type|rank|J index|steps
drop_rate|dropout|flops/param|resolution|input size|fp16|latency/throughput||/|()|1-|-|1/
"""


def names(text: str) -> list[str]:
    return text.strip("\n").replace("\n", "|").split("|")


@pytest.mark.parametrize(
    ("way", "text"),
    [("maximize", MORE), ("minimize", LESS), (None, UNKNOWN)],
    ids=["more", "less", "unknown"],
)
def test_a_name_tells_the_better_direction(way: str | None, text: str) -> None:
    assert {name: read_name(name).way for name in names(text)} == dict.fromkeys(names(text), way)


@pytest.mark.parametrize("name", ["size", "bits", "model_size", "epochs", "top_margin", "z_score"])
def test_a_direction_that_a_weak_word_gives_alone_is_a_guess(name: str) -> None:
    assert read_name(name).is_guess
    assert not read_name(f"{name} ↓").is_guess


@pytest.mark.parametrize("name", ["top1", "Top-5", "imagenet_top1", "ms", "energy_J", "score", "fps"])
def test_units_and_numbered_ranks_are_no_guess(name: str) -> None:
    assert not read_name(name).is_guess


def test_our_own_metrics_are_read_as_they_are_defined() -> None:
    own = METRICS | SPREADS
    assert {name: read_name(name).way for name in own} == {name: own[name].direction for name in own}


def test_no_word_stands_for_two_quantities() -> None:
    assert len(WORDS) == sum(len(text.split()) for text in QUANTITIES.values())


def test_the_lists_of_scores_and_errors_agree_with_the_words() -> None:
    assert {read_name(name).way for name in column_words.SCORES} == {"maximize"}
    assert {read_name(name).way for name in column_words.ERRORS} == {"minimize"}


ITEMS = ("image", "img", "sample", "frames", "tokens", "iter", "step")
UNITS = ("s", "sec", "second", "ms", "min", "hour")
MEASURES = [
    word for word, quantity in WORDS.items() if quantity.way and quantity.role != "item" and word.isalpha()
]
NEGATED = ("neg_{}", "-{}", "1-{}", "100 - {}", "inverse {}", "1/{}", "minus_{}")
KEPT = ("log_{}", "log10({})", "our_{}", "val/{}", "mean {}", "{} (avg)", "{}_rate", "{}@5", "{}_2")
PIECES = st.sampled_from([*WORDS, "per", "/", "of", "neg", "x", "(", "1-"])


@pytest.mark.parametrize("per", ["/", " per ", "_per_", " / "])
def test_items_a_time_are_a_speed_and_time_an_item_is_a_cost(per: str) -> None:
    pairs = [(item, unit) for item in ITEMS for unit in UNITS]
    speeds = {read_name(f"{item}{per}{unit}")[:2] for item, unit in pairs}
    costs = {read_name(f"{unit}{per}{item}")[:2] for item, unit in pairs}
    assert (speeds, costs) == ({("maximize", "speed")}, {("minimize", "cost")})


@pytest.mark.parametrize("negated", NEGATED)
def test_a_negation_turns_every_measure_round(negated: str) -> None:
    both = {"maximize", "minimize"}
    assert [
        word for word in MEASURES if {read_name(word).way, read_name(negated.format(word)).way} != both
    ] == []


@pytest.mark.parametrize("wrapped", KEPT)
def test_logarithms_stages_and_folders_leave_the_direction(wrapped: str) -> None:
    turned = [word for word in MEASURES if read_name(wrapped.format(word)).way != read_name(word).way]
    assert turned == []


@pytest.mark.slow
@given(st.text(max_size=30) | st.lists(PIECES, max_size=8).map(" ".join))
def test_any_name_can_be_read_whatever_its_case(name: str) -> None:
    assert read_name(name).way in ("maximize", "minimize", None)


def test_its_examples_hold() -> None:
    for module in (directions, name_words, column_options):
        assert doctest.testmod(module).failed == 0
