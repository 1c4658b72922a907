# Builds, checks, tests and shows HPK. `make help` lists what there is.
#
# Root is needed for the development cluster (cluster-up, test, demo), which installs what this machine lacks; not for building.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

PREFIX ?= /usr/local
JOBS ?= 2
CC ?= cc
# The tool chain, where PATH has none.
export PATH := $(PATH):/opt/swift/usr/bin

PROGRAMS := bin/hpk-kubelet bin/hpk-pod bin/hpk-init
# Release builds carry Swift's runtime inside, since compute nodes have none; they have a folder of their own beside the tests' .build.
RELEASE := --configuration release --static-swift-stdlib --scratch-path .build-release --jobs $(JOBS)
SCRIPTS := $(shell find cluster control-plane .ci -type f -exec grep -lE '^\#!/(usr/)?bin/(env )?(ba)?sh|^\# shellcheck shell=' {} + 2>/dev/null)

.PHONY: all
all: $(PROGRAMS) ## build bin/hpk-kubelet, bin/hpk-pod and bin/hpk-init (release)

# SwiftPM knows best what is out of date, so it is always asked.
.PHONY: FORCE
bin/hpk-kubelet bin/hpk-pod bin/hpk-bench bin/hpk-bench-c: bin/%: FORCE | bin
	swift build $(RELEASE) --product $*
	install -m 755 .build-release/release/$* $@

bin/hpk-init: Sources/hpk-init/main.c | bin
	$(CC) -static -Os -Wall -Wextra -Werror -o $@ $<

bin:
	mkdir -p bin

.PHONY: demo
demo: ## install, build, start the cluster, run the examples through hpk-kubelet
	cluster/install
	$(MAKE) all
	cluster/demo

.PHONY: test
test: ## all tests, on a bare machine too: install, build, unit tests, cluster tests
	cluster/install
	$(MAKE) test-unit
	$(MAKE) test-cluster

# The mesh's streams would take the processors from tests beside them that wait for answers, so they have their own run.
.PHONY: test-unit
test-unit: ## unit tests
	swift build --build-tests --jobs $(JOBS)
	swift test --skip-build --skip ClusterTests --skip LiveMeshSuite
	swift test --skip-build --filter LiveMeshSuite

.PHONY: test-cluster
test-cluster: all ## tests against the real Slurm, API server and Apptainer (starts the cluster if it is down, and leaves it as it was)
	swift build --build-tests --jobs $(JOBS)
	cluster/run $(MAKE) --no-print-directory test-live

# What the cluster's real daemons have to say to each layer, the lowest first; one run each, since fault tests fork and stall others.
.PHONY: test-live
test-live:
	swift test --skip-build --filter '^SlurmTests'
	swift test --skip-build --filter '^KubernetesTests' --skip LiveFaultTests
	swift test --skip-build --filter '^KubernetesTests.LiveFaultTests'
	swift test --skip-build --filter '^PodSupervisorTests'
	swift test --skip-build --filter '^HPKKubeletTests.*Image'
	swift test --skip-build --filter '^ClusterTests'

.PHONY: test-mesh
test-mesh: ## only the mesh: its packets, its keys, and legs between network namespaces
	cluster/install
	swift build --build-tests --jobs $(JOBS)
	swift test --skip-build --filter '^MeshTests'

.PHONY: test-slurm-releases
test-slurm-releases: ## Slurm's tests and real pods against slurmctld 22.05, 24.11 and 26.05 (RELEASES="24.11" for one of them)
	cluster/install
	$(MAKE) all
	swift build --build-tests --jobs $(JOBS)
	HPK_JOBS=$(JOBS) cluster/run cluster/test-releases $(RELEASES)

.PHONY: test-slurm-headers
test-slurm-headers: ## only compile the target Slurm against the headers of 24.11 and 26.05
	swift build --target Slurm --jobs $(JOBS)
	cluster/test-headers

# Measurements on the development cluster, which is started if it is down and left as it was. BENCH_ARGS hands on options: --json, --html FILE,
# --svg FOLDER, --rounds N; see `bin/hpk-bench SUBCOMMAND --help`. Programs are release builds. Standard output is the report's alone.
BENCHMARKS := slurm churn latency scale
BENCH_ARGS ?=
.PHONY: bench $(BENCHMARKS:%=bench-%)
bench: $(BENCHMARKS:%=bench-%) bench-mesh ## all measurements, one after the other
bench-slurm: ## submit, query and cancel: the Slurm library, plain C, Slurm's commands
bench-churn: ## many short pods to their end, beside plain batch jobs
bench-latency: ## from an event in Slurm or a container to the status that a watcher sees
bench-scale: ## 10,000 pods: memory, processor, RPCs, re-adoption
$(BENCHMARKS:%=bench-%): bench-%:
	@$(MAKE) --no-print-directory all bin/hpk-bench bin/hpk-bench-c >&2
	@cluster/run bin/hpk-bench $* $(BENCH_ARGS)

# It makes hosts of its own, and needs no cluster.
.PHONY: bench-mesh
bench-mesh: ## pods of different hosts: throughput, round trips, rest; beside slirp4netns, pasta and the bare link
	@cluster/install-bench >&2
	@$(MAKE) --no-print-directory bin/hpk-bench >&2
	@bin/hpk-bench mesh $(BENCH_ARGS)

.PHONY: cluster-up cluster-down cluster-status
cluster-up: ## start the development cluster
	cluster/up
cluster-down: ## stop it (cluster/down --purge also removes its state)
	cluster/down
cluster-status: ## show its components; fails when one is dead
	cluster/status

.PHONY: format
format: ## format the Swift sources in place
	swift format --in-place --recursive --parallel Package.swift Sources Tests

.PHONY: lint
lint: ## check format and scripts
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	shellcheck --external-sources --source-path=. $(SCRIPTS)

.PHONY: install
install: all ## install the programs below PREFIX (default /usr/local), stripped
	install -d $(DESTDIR)$(PREFIX)/bin
	install -s -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin/

.PHONY: clean
clean: ## remove what was built here
	rm -rf bin .build .build-release

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\)[a-z -]*:[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
