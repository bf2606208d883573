"""The share of a GPU's memory that a process may take."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from archscape.search.training.device import limit_memory
from archscape.spaces.errors import JobError


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, float("nan")])
def test_a_share_of_memory_is_a_share(share: float) -> None:
    with pytest.raises(JobError, match="memory share: it is above 0 and up to 1, but got"):
        limit_memory(share)


def test_a_share_of_memory_is_of_a_device_that_is_there() -> None:
    limit_memory(0.5, device="cpu")
    with pytest.raises(JobError, match="'cuda:99' is not on this machine"):
        limit_memory(0.5, device="cuda:99")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_what_goes_beyond_the_share_is_out_of_memory() -> None:
    code = (
        "import torch; from archscape.search.training.device import limit_memory; limit_memory(0.01)\n"
        "total = torch.cuda.get_device_properties(0).total_memory\n"
        "torch.empty(total // 200, dtype=torch.uint8, device='cuda')\n"
        "try: torch.empty(total // 50, dtype=torch.uint8, device='cuda')\n"
        "except torch.OutOfMemoryError: print('out of memory')"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "out of memory\n"
