"""What other frameworks call things, and what they are called here: for suggestions in messages.

Beside each of our names stand those of Keras, PyTorch, Optuna, Ray Tune and papers, without case, separators
and a closing `1d`, `2d` or `3d`. The first of our names that is known where theirs stood is suggested, so one
table serves rows, parameters, values, jobs and recipes.

>>> nearest("out_channels", ["width", "kernel"]), nearest("ReLU", ["act", "norm"])
("'width'", '`act: {act: relu}`')
>>> nearest("kernal", ["kernel", "width"]), nearest("zebra", ["kernel"])
("'kernel'", '')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

_ACTIVATIONS = """relu relu6 leaky_relu elu selu gelu silu hardswish mish softplus sigmoid hardsigmoid tanh
    hardtanh softmax log_softmax prelu"""

_THEIRS: Mapping[str, str] = {
    # rows
    "linear": "dense fc fullyconnected",
    "conv": "convolution",
    "separable": "separableconv depthwiseseparable depthwiseseparableconv",
    "conv: {width: 8, groups: 8}": "depthwise depthwiseconv",
    "upconv": "convtranspose transposedconv deconv deconvolution",
    "maxpool": "maxpooling",
    "avgpool": "averagepooling averagepool adaptiveavgpool globalaveragepooling globalavgpool gap",
    "maxpool: {kernel: none}": "adaptivemaxpool globalmaxpooling globalmaxpool",
    "lrn": "localresponsenorm",
    "upsample": "upsampling",
    "blurpool": "blur antialias antialiaseddownsample",
    "p4conv": "p4convz2 p4convp4 gconv groupconv r2conv",
    "resize": "interpolate",
    "concat": "concatenate cat",
    "add": "sum",
    "multiply": "mul product",
    "subtract": "sub minus difference",
    "se": "squeezeexcite squeezeexcitation seratio",
    "dropout": "spatialdropout",
    "droppath": "dropconnect stochasticdepth",
    "attention": "multiheadattention selfattention",
    "basic": "residualblock resblock basicblock",
    "bottleneck": "bottleneckblock",
    "inverted": "mbconv invertedresidual invertedbottleneck",
    "dense": "denseblock",
    "shuffle": "channelshuffle",
    "context": "aspp",
    "reshape": "view",
    "zero": "none",
    "floor": "int trunc",
    # values of rows, then the rows of the same name
    "silu": "swish",
    "act: {act: silu}": "swish",
    "batch": "batchnorm batchnormalization bn batchsize",
    "layer": "layernorm layernormalization ln",
    "instance": "instancenorm",
    "group(8)": "groupnorm gn",
    "he": "kaiming henormal",
    "xavier": "glorot",
    "truncated": "truncnormal",
    "norm": "batch batchnorm batchnormalization bn normalization normlayer",
    "norm: {norm: layer}": "layer layernorm layernormalization ln",
    "norm: {norm: instance}": "instance instancenorm",
    "norm: {norm: group(8)}": "groupnorm gn",
    # parameters of rows
    "width": "filters units channels outchannels outfeatures outputdim planes features",
    "kernel": "kernelsize k ks poolsize filtersize size",
    "stride": "strides s",
    "padding": "pad",
    "pad": "zeropadding zeropad reflectionpad replicationpad constantpad circularpad",
    "mode": "paddingmode padmode",
    "padding_mode": "padmode mode",
    "same_upper": "sameupper tfsame",
    "bias": "usebias",
    "dilation": "dilationrate",
    "act": "activation nonlinearity",
    "init": "kernelinitializer weightinit",
    "rate": "p prob dropoutrate droprate lr learningrate",
    "depth": "repeat repeats blocks numblocks numlayers nblocks n",
    "ratio": "reduction reductionratio",
    "rows": "layers",
    "expand": "expansion expandratio expansionratio",
    "growth": "growthrate",
    "scale": "scalefactor upscalefactor",
    "from": "inputs in",
    # sections of a network, a space and a job
    "input": "inputshape inputsize shape",
    "layers": "stages backbone",
    "network": "name model",
    "space": "name model searchspace",
    "search": "name study studyname",
    "choices": "hyperparameters params",
    "within": "constraints limits",
    "data": "dataset",
    "recipe": "training trainer",
    "objectives": "objective metric metrics direction directions",
    "stop": "pruner scheduler earlystopping patience",
    "sampler": "algorithm searchalgorithm strategy",
    "trials": "ntrials numtrials numsamples budget nstartuptrials",
    "workers": "njobs numworkers parallel concurrency maxconcurrenttrials",
    "seed": "randomstate randomseed",
    "device": "gpu",
    "cuda": "gpu",
    "halving": "asha successivehalving successivehalvingpruner",
    "hyperband": "hyperbandpruner mohyperband bohb",
    "median": "medianstopping medianpruner",
    "bayes": "bayesian bayesopt bayesianoptimization bo gp gaussianprocess botorch smac",
    "tpe": "tpesampler parzen hyperopt",
    "nsga2": "genetic nsgaii nsgaiisampler",
    "evolution": "evolutionary regularizedevolution agingevolution rea genetic",
    "random": "randomsampler randomsearch",
    "local": "localsearch hillclimbing hillclimb neighbourhood greedy",
    "grid": "gridsampler gridsearch bruteforcesampler bruteforce exhaustive",
    "optuna": "gpsampler cmaessampler cmaes nsgaiiisampler",
    "quasi-random": "qmc qmcsampler sobol halton quasirandom lowdiscrepancy",
    "startup": "nstartuptrials startuptrials",
    "population": "populationsize",
    "tournament": "tournamentsize samplesize",
    "eta": "reductionfactor",
    # costs and metrics
    "params": "parameters numparams nparams modelsize weights",
    "macs": "multadds madds gmacs mmacs flops gflops",
    "flops": "gflops mflops",
    "activations": "acts",
    "accuracy": "acc top1 valacc valaccuracy",
    "test_accuracy": "testacc",
    "maximize": "max maximise higher",
    "minimize": "min minimise lower",
    # recipes
    "weight_decay": "wd",
    "epochs": "numepochs maxepochs nepochs nwarmupsteps minresource graceperiod",
    "schedule": "scheduler lrscheduler lrschedule",
    "warmup": "warmupsteps warmupepochs",
    "label_smoothing": "labelsmooth smoothing",
    "augment": "augmentation augmentations transforms",
    "seconds": "timelimit timeout",
    "adamw": "adam",
    "cosine": "cosineannealing cosineannealinglr",
    "plateau": "reducelronplateau",
    "flip": "horizontalflip randomhorizontalflip hflip",
    "shift": "randomcrop crop translate",
}

HOMONYMS: Mapping[str, str] = {
    "dense": "a fully connected layer is `linear: {width: 10}`",
    "softmax": "a softmax across all channels is `act: {act: softmax}`",
    "residual": "a block of two convolutions and a skip is `basic: {width: 64}`",
}
"""Rows that are something else in other frameworks: what these mean is written so."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known name that a word most likely means, in quotes as a message has it; "" for none."""
    words = sorted({*known})
    for name in (*meant(word, words), *get_close_matches(word, words, n=1)):
        return f"`{name}`" if ":" in name else f"'{name}'"
    return ""


def meant(word: str, known: Iterable[str]) -> list[str]:
    """Return our names for a word of others that are known, the likeliest first; none for a slip of the pen.

    >>> meant("learning_rate", ["rate", "batch"]), meant("ratee", ["rate"])
    (['rate'], [])
    """
    words, plain = {*known}, _plain(word)
    same = [name for name in sorted(words) if _plain(name) == plain and plain not in HOMONYMS]
    ours = [name for name in _OURS.get(plain, ()) if {name, re.split(r"[:(]", name)[0]} & words]
    return [*same, *ours]


def _plain(word: str) -> str:
    """Return a name without case, separators and the number of dimensions: `conv` for `Conv2d`."""
    return re.sub(r"(?<=[a-z])[123]d$", "", re.sub(r"[_\- ]", "", word.lower()))


def _inverted(theirs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return our names by theirs."""
    ours: dict[str, list[str]] = {}
    for name, others in theirs:
        for other in others.split():
            ours.setdefault(other, []).append(name)
    return ours


_OURS = _inverted(
    [*_THEIRS.items(), *((f"act: {{act: {name}}}", _plain(name)) for name in _ACTIVATIONS.split())]
)
