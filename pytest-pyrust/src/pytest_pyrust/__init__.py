"""The pytest plugin of PyRust: hooks only; all work is done in `pyrust`."""
