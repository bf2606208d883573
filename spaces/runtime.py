"""What generated source needs beyond torch: each definition is copied into the text that uses it.

The code here may use `torch`, `F`, `Tensor`, `nn` and other definitions of this file, nothing else.
"""

from __future__ import annotations
