# make run    boots Linux and prints the output of a command in it
# make test   runs all tests
# make check  the whole gate: format, lint, types, layers, tests
# make bench  measures against QEMU, qemu-storage-daemon, C and the bare interpreter
# make docs   writes the pages of docs/devices
# make uapi   makes the bindings again from Debian's kernel headers
# Each sets up what it needs: .venv here, and Debian packages (tools/install-packages).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Byte-compiled modules are a part of a fast start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint check bench docs uapi wheel clean

run: $(VENV)/ready
	$(BIN)/lkvm run -- sh -c 'uname -a; nproc; free -m'

test: $(VENV)/ready-for-tests
	$(BIN)/python -m pytest

lint: $(VENV)/ready-for-tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint wheel test

bench: $(VENV)/ready-for-tests
	$(BIN)/python bench/exits.py
	$(BIN)/python bench/start.py
	$(BIN)/python bench/boot.py
	$(BIN)/python bench/blk.py
	$(BIN)/python bench/blk.py --unpinned

docs: $(VENV)/ready
	$(BIN)/python tools/device_pages.py

uapi: $(VENV)/ready-for-tests
	for arch in x86_64 arm64 riscv64; do \
	    $(BIN)/lkvm uapi generate --headers "$$(tools/fetch-headers)" --arch $$arch -o src/kvmtool/uapi || exit; \
	done

# Builds the wheel, installs it alone and runs it from elsewhere.
wheel: $(VENV)/ready
	rm -rf build/wheel && mkdir -p build/wheel
	$(BIN)/python -m pip wheel -q --no-deps -w build/wheel .
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/pip install -q build/wheel/*.whl
	cd build/wheel && venv/bin/lkvm --version && venv/bin/lkvm run --help >/dev/null

$(VENV)/ready: pyproject.toml $(wildcard src/kvmtool/core/*.p[yx][xdi] src/kvmtool/core/*.h) tools/install-packages
	tools/install-packages run
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e .
	$(BIN)/lkvm setup
	touch $@

$(VENV)/ready-for-tests: $(VENV)/ready
	tools/install-packages test
	$(BIN)/python -m pip install -q -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist src/*.egg-info src/kvmtool/core/*.c src/kvmtool/core/*.so
