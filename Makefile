# `make test` is what CI runs. Versions: Go's in go.mod, the tools' in tools/go.mod, and nowhere else.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)
PLATFORMS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64
VETTED := darwin/arm64 windows/amd64
FUZZTIME ?= 1m
BENCHTIME ?= 1s
CHAOS_TIME ?= 10m
CHAOS_SEED ?= 0
CHAOS_FLAGS ?=
LINT := bin/golangci-lint
VULN := bin/govulncheck

.PHONY: help
help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the binary into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/parley$(shell $(GO) env GOEXE) ./cmd/parley

.PHONY: test
test: vet lint cross sdk-js web exact race deploy ## Everything that CI runs: vet, lint, builds for every platform, tests

.PHONY: vet
vet: ## go vet, and go.mod and go.sum as they should be
	$(GO) vet ./...
	$(GO) mod verify
	$(GO) mod tidy -diff

.PHONY: lint
lint: $(LINT) vuln ## Run the linter that tools/go.mod pins, and look for known vulnerabilities
	$(LINT) run ./...

# govulncheck asks a database on the network. It ends with 3 if code of ours reaches a known vulnerability; any other
# failure is that of a machine that does not reach the database, and does not fail the build.
.PHONY: vuln
vuln: $(VULN) ## Look for known vulnerabilities that our code reaches
	@status=0; $(VULN) ./... >bin/vuln.txt 2>&1 || status=$$?; \
	case $$status in \
		0) tail -n 1 bin/vuln.txt;; \
		3) cat bin/vuln.txt; exit 1;; \
		*) echo "govulncheck was left out: it did not reach its database (bin/vuln.txt)";; \
	esac

$(VULN): tools/go.mod tools/go.sum
	@mkdir -p bin
	$(GO) build -modfile=tools/go.mod -o $@ golang.org/x/vuln/cmd/govulncheck

# The linter is built once for every change of tools/go.sum, not linked anew by each `go tool`.
$(LINT): tools/go.mod tools/go.sum
	@mkdir -p bin
	$(GO) build -modfile=tools/go.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: cross
cross: ## Build for linux, darwin and windows, and vet the tests there
	@for p in $(PLATFORMS); do \
		echo "build $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./...; \
	done
	@for p in $(VETTED); do \
		echo "vet $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./...; \
	done

# What the race detector links with. A fresh Debian machine has Go, and no C compiler.
.PHONY: cc
cc:
	@command -v "$${CC:-gcc}" >/dev/null || { \
		echo "installing gcc, which the race detector needs"; \
		as_root=; [ "$$(id -u)" -eq 0 ] || as_root=sudo; \
		$$as_root apt-get update -qq; \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev; }

# A fresh Debian machine may have no Node.
.PHONY: node
node:
	@{ command -v node && command -v npm; } >/dev/null || { \
		echo "installing nodejs and npm, which the JavaScript client needs"; \
		as_root=; [ "$$(id -u)" -eq 0 ] || as_root=sudo; \
		$$as_root apt-get update -qq; \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; }

JS := sdk/js
JS_SOURCES := $(wildcard $(JS)/*.json $(JS)/src/*.ts $(JS)/test/*.ts $(JS)/scripts/*)

GO_SOURCES := $(shell git ls-files '*.go' ':!*_test.go' 'sdk/conformance/scripts' 2>/dev/null)

.PHONY: sdk-js
sdk-js: $(JS)/build/conforms ## Build and test the JavaScript client, if it or a node has changed

$(JS)/build/conforms: $(JS)/build/tested $(JS)/conformance/adapter.mjs $(JS)/README.md $(wildcard $(GO_SOURCES))
	$(GO) run ./sdk/conformance -- node $(JS)/conformance/adapter.mjs
	$(GO) build -o $(JS)/build/parley ./cmd/parley
	node $(JS)/scripts/readme.mjs $(JS)/build/parley
	@touch $@

$(JS)/build/tested: $(JS)/node_modules/.package-lock.json $(JS_SOURCES) wire/testdata/vectors.json
	@! grep -n '"resolved"' $(JS)/package-lock.json # it names no registry: see .npmrc
	cd $(JS) && npm run --silent build && npm run --silent size && npm test --silent
	@touch $@

$(JS)/node_modules/.package-lock.json: $(JS)/package.json $(JS)/package-lock.json | node
	cd $(JS) && npm ci --no-audit --no-fund
	@touch $@

# A fresh Debian machine may have no browser. CHROMIUM=PATH uses another one.
.PHONY: chromium
chromium:
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || { \
		echo "installing chromium, which the tests of the pages need"; \
		as_root=; [ "$$(id -u)" -eq 0 ] || as_root=sudo; \
		$$as_root apt-get update -qq; \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; }

WEB := web
PAGES := internal/web/dist examples/webchat/dist
WEB_SOURCES := $(shell git ls-files $(WEB) $(JS)/src examples/webchat $(PAGES) ':!$(WEB)/test' 2>/dev/null)
WEB_TESTS := $(wildcard $(WEB)/test/*)

.PHONY: web
web: $(WEB)/build/checked ## Build the pages that the binary embeds, and test them in a browser

$(WEB)/build/checked: $(WEB)/build/built $(WEB_TESTS) $(wildcard $(GO_SOURCES)) | chromium
	cd $(WEB) && GO="$(GO)" npm test --silent
	@touch $@

# The committed files are the build of their sources, or this fails.
$(WEB)/build/built: $(WEB)/node_modules/.package-lock.json $(wildcard $(WEB_SOURCES))
	@! grep -n '"resolved"' $(WEB)/package-lock.json # it names no registry: see .npmrc
	cd $(WEB) && npm run --silent types && npm run --silent build
	@changed=$$(git status --porcelain $(PAGES)); [ -z "$$changed" ] || { \
		echo "$$changed"; echo "$(PAGES): not what is committed: look at it and commit it"; exit 1; }
	@mkdir -p $(WEB)/build && touch $@

$(WEB)/node_modules/.package-lock.json: $(WEB)/package.json $(WEB)/package-lock.json | node
	cd $(WEB) && npm ci --no-audit --no-fund
	@touch $@

.PHONY: race
race: cc ## Run the tests with the race detector, in random order
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 15m ./...

.PHONY: exact
exact: ## Run the tests that count allocations, bytes and ratios to the floor, which the race detector would falsify
	$(GO) test -run 'Allocat|LittleMemory' ./...
	$(GO) test -count=1 -v -run 'RatiosToTheFloor|HonestUsersUnderAttack' ./cmd/parley

.PHONY: deploy
deploy: ## Check the files of the folder deploy against the libraries of what reads them
	cd deploy/check && $(GO) test ./...

.PHONY: quick
quick: ## Run the tests without the race detector
	$(GO) test ./...

.PHONY: bench
bench: ## Run the benchmarks of the packages that have some
	@pkgs=$$(grep -rlE --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u); \
	if [ -z "$$pkgs" ]; then echo "no package has benchmarks"; else \
		$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $$pkgs; fi

.PHONY: fuzz
fuzz: ## Fuzz every decoder, a minute each (FUZZTIME=1m)
	@grep -roE --include='*_test.go' -H '^func Fuzz[A-Za-z0-9_]+' . | while IFS=: read -r file func; do \
		echo "$$(dirname "$$file") $${func#func }"; \
		$(GO) test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$(dirname "$$file")" || exit 1; \
	done

.PHONY: chaos
chaos: ## Kill, pause, drain and cut off real nodes under real clients, and judge (CHAOS_TIME=10m CHAOS_SEED=0)
	$(GO) run ./internal/chaos/cmd/chaos -time $(CHAOS_TIME) -seed $(CHAOS_SEED) $(CHAOS_FLAGS)

.PHONY: chaos-storages
chaos-storages: ## The same for storages: counters, queues and keys that are set once (CHAOS_TIME=10m CHAOS_SEED=0)
	$(GO) run ./internal/chaos/cmd/chaos -storages -time $(CHAOS_TIME) -seed $(CHAOS_SEED) $(CHAOS_FLAGS)

.PHONY: growth
growth: ## Simulate the directory with 10 to 200 nodes and 100 million users: the table of docs/growth.md
	$(GO) test ./internal/directory -count=1 -run TestSimulatedClusters -v -args -sim

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist $(JS)/dist $(JS)/build $(WEB)/build $(WEB)/screenshots
