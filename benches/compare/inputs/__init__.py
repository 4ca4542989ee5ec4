"""The kernels' inputs: for each a maker with a size, and the edge inputs that decide who is exact.

Runs on every Python that is compared, the oldest included.
"""

from inputs import arrays, called, numbers, shared, structures, texts  # noqa: F401
from inputs.kernel import GROUPS, KERNELS, Kernel

__all__ = ["GROUPS", "KERNELS", "Kernel"]
