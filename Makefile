# A thin front for people; CMake and Ninja do the work. `make help` lists what there is.
BUILD ?= build
CMAKE_FLAGS ?=
PREFIX ?= /usr/local
PYTHON ?= python3
sources = $(shell git ls-files '*.c' '*.h' 2>/dev/null)

.PHONY: all help deps configure demo demo-quick check bench bench-gemm bench-grid bench-embed fmt lint install clean
all: configure
	@cmake --build $(BUILD)

help:
	@echo "make             build $(BUILD)/lacuna"
	@echo "make demo        install what is missing, build, pretrain on Fashion-MNIST for 8 minutes, measure, draw"
	@echo "make demo-quick  the same in about one minute"
	@echo "make check       install what is missing, build, run all tests"
	@echo "make bench       Lacuna and PyTorch side by side (bench/setup-peers makes PyTorch's environment first)"
	@echo "make bench-gemm  matrix products beside OpenBLAS, BLIS and oneDNN"
	@echo "make bench-grid, bench-embed  Lacuna and PyTorch over a grid of shapes; features of pictures (bench/README.md)"
	@echo "make deps        apt-get install what building needs (cmake/debian-packages.txt)"
	@echo "make fmt, lint   clang-format; clang-format --dry-run, clang-tidy, cppcheck"
	@echo "make install     into PREFIX ($(PREFIX)); DESTDIR is honoured"
	@echo "make clean       remove $(BUILD)"

deps:
	@sh cmake/deps.sh

configure:
	@test -f $(BUILD)/build.ninja || cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release \
	    -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS) > /dev/null

# Their own make, so that what is missing is there before anything is configured.
demo demo-quick: deps
	@$(MAKE) --no-print-directory all
	@sh examples/demo.sh $(BUILD)/lacuna $(if $(filter demo-quick,$@),quick,full)

check: deps
	@$(MAKE) --no-print-directory all
	@sh cmake/check.sh $(BUILD)

bench: all
	@sh bench/pairs.sh $(BUILD)/lacuna

bench-gemm: all
	@cmake --build $(BUILD) --target bench_gemm_peers
	@sh bench/gemm.sh $(BUILD)/lacuna $(BUILD)/bench_gemm_peers

bench-grid: all
	@sh bench/grid.sh $(BUILD)/lacuna

bench-embed: all
	@cmake --build $(BUILD) --target bench_pictures
	@sh bench/embed.sh $(BUILD)/lacuna $(BUILD)/bench_pictures

fmt:
	@clang-format -i $(sources)

lint: configure
	@clang-format --dry-run -Werror $(sources)
	@cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning --std=c11 --library=posix \
	    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=unknownMacro \
	    --suppress=invalidFunctionArg --suppress=uninitvar --suppress=memleak -j 2 -I src -I include src examples
	@clang-tidy -p $(BUILD) --quiet $(filter src/%.c,$(filter-out src/backend/%,$(sources))) 2>/dev/null

install: all
	@cmake --install $(BUILD)

clean:
	rm -rf $(BUILD)
