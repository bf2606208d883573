"""Data sets: names and files become tensors.

```text
what a job says of its data    settings.py      DataSettings
  a name: embedded data        embedded/        one set a file, EMBEDDED
  a path: files of a format    readers/         one format a file, READERS  -> Samples
      which sample is where    partition.py     training, validation, test
      samples as arrays        decoding.py      in memory, or in the cache.py of this machine
the arrays of all parts        sources.py       open_source                 -> Source (arrays.py)
mean, deviation, classes       statistics.py    block by block
what is trained on             dataset.py       load_dataset                -> Dataset, of three split.py
```
"""

from __future__ import annotations

from .arrays import SPLITS, Arrays, Source
from .embedded import EMBEDDED
from .readers import READERS

__all__ = ["EMBEDDED", "READERS", "SPLITS", "Arrays", "Source"]
