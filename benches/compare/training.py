"""What the kernels are profiled with: each once, on its smallest input."""

import importlib

from inputs import KERNELS


def main() -> None:
    for kernel in KERNELS.values():
        module = importlib.import_module(f"everyday.{kernel.module}")
        kernel.of(module)(*kernel.arguments(kernel.sizes[0]))


if __name__ == "__main__":
    main()
