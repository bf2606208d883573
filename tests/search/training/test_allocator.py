"""Memory that a process has freed: it keeps it when told to, and gives it back."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import resource
from archscape.search.training.allocator import keep_freed_memory, return_freed_memory

SIZE = 100 << 20

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * SIZE
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
by_default = faults()
keep_freed_memory()
faults()
kept = faults()
return_freed_memory()
print(by_default, kept, faults())
"""


def test_freed_memory_is_used_again_until_it_is_given_back() -> None:
    """New memory comes page by page, by faults; where pages are huge there are a few all the same."""
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    by_default, kept, returned = map(int, run.stdout.split())
    assert by_default > 20
    assert kept < by_default / 10
    assert returned > by_default / 2
