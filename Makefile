# Ship-it. `make` prints what there is; `make run` and `make test` install what they need first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-test build run test test-real contract-real check bench bench-api bench-render conformance fuzz tidy web clean

JOBS ?= $(shell nproc)
RELEASE := build/release
FUZZ_SECONDS ?= 60

help:  ## Print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup:  ## Install what building needs (Debian packages; root or sudo)
	@tools/setup build
setup-test: setup
	@tools/setup test

$(RELEASE)/build.ninja: CMakeLists.txt CMakePresets.json
	cmake --preset release >/dev/null

web: setup  ## Build the page into web/dist
	@tools/build-web

build: setup web $(RELEASE)/build.ninja  ## Build the binary: build/release/ship-it
	cmake --build $(RELEASE) -j $(JOBS) --target ship-it

run: build  ## Start the sandbox: a cluster, a queue, an ops repository and the page, on this machine
	@$(RELEASE)/ship-it sandbox

test: setup-test build  ## Unit, contract, flow, simulation, e2e and browser tests
	cmake --build $(RELEASE) -j $(JOBS) --target shipit_test_binaries
	tools/run-tests $(RELEASE)

test-real: setup-test build  ## What needs real outside parts: Kubernetes, Helm, go-yaml (built with Go on first use, cached)
	cmake --build $(RELEASE) -j $(JOBS) --target shipit_real_binaries
	tools/run-tests-real $(RELEASE)

contract-real: setup-test build  ## The cluster's contract on a real control plane (built with Go on first use, cached)
	cmake --build $(RELEASE) -j $(JOBS) --target cluster_contract contract_kube
	tools/contract-real $(RELEASE)

conformance: setup-test build  ## The engine against real Helm: cases, identical, different, per source
	cmake --build $(RELEASE) -j $(JOBS) --target shipit_real_binaries
	tools/conformance $(RELEASE)

check:  ## Format, layers, headers, generated files (quick; CI's first step)
	@tools/setup test
	tools/check

tidy: setup-test  ## clang-tidy over everything (slow)
	tools/check --tidy-all

bench: setup-test build  ## The figures of bench/README.md
	cmake --build $(RELEASE) -j $(JOBS) --target shipit_bench_binaries
	tools/bench $(RELEASE)

bench-render: setup-test build  ## The engine against Helm's SDK in the same run
	cmake --build $(RELEASE) -j $(JOBS) --target shipit_bench_binaries
	tools/bench-render $(RELEASE)

bench-api: setup-test build  ## The embedded cluster against a real kube-apiserver, the same load
	cmake --build $(RELEASE) -j $(JOBS) --target api_load sandbox_server
	tools/bench-api $(RELEASE)

fuzz: setup-test  ## libFuzzer on every parser of untrusted bytes, FUZZ_SECONDS each
	tools/fuzz $(FUZZ_SECONDS)

clean:  ## Remove what was built
	rm -rf build web/dist
