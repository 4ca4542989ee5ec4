# The task list. Everything is done by tests/run.py (standard library only), so that it works wherever Python and cargo do.
# PYTHON chooses the interpreter that gets everything; the others that are found get a slice (`make test`) or all.
PYTHON ?= python3
RUN = $(PYTHON) tests/run.py

.PHONY: help bench bench-install bench-profilers bench-quick dev demo docs format lint mutants profile stats test test-all wheels

help:
	@echo "make demo       the main job, from nothing: profile, compile, verify, compare"
	@echo "make test       everything on one Python, a slice on the others (what CI runs)"
	@echo "make test-all   everything on every supported Python"
	@echo "make dev        an environment to work in: .venvs/dev"
	@echo "make lint       rustfmt, clippy, ruff, mypy;  make format  applies what can be applied"
	@echo "make mutants    breaks one rule of the compiler at a time: the cases must notice"
	@echo "make profile    profiles the examples;  make wheels  both distributions into dist/"
	@echo "make docs       the documentation as a site, into build/docs"
	@echo "make stats      lines, operations, tests, last speedups"
	@echo "make bench      native against Python, paired; the generator; the comparison with peers and hand-written Rust"
	@echo "make bench-install  a first install, a second one, one after an edit: seconds"
	@echo "make bench-profilers  overhead and ranking of the profiler, against other profilers and an unprofiled run"
	@echo "make bench-quick  native against Python and what of the comparison is already built, in two minutes"

bench bench-install bench-profilers bench-quick dev demo docs format lint mutants profile stats test test-all wheels:
	@$(RUN) $@
