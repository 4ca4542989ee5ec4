"""All that the programs use of the benchmark runner when they are imported and called: its clock."""

from time import perf_counter

__all__ = ["perf_counter"]
