"""Decide what to improve next from experiments and metrics. Plain Python; PyRust compiles it when it installs."""

from continuous_improvement.experiments import analyze_experiment_results
from continuous_improvement.opportunities import identify_improvement_opportunities

__all__ = ["analyze_experiment_results", "identify_improvement_opportunities"]

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
