# SPDX-License-Identifier: Apache-2.0
# The whole build, non-recursive. Output goes to build/ alone. V=1 shows the commands.
#   make           build/heaptap            make check     every test (T=PATTERN: some)
#   make demo      a leak, found            make demo-node a leak of a Node server, found
#   make fuzz      every parser, FUZZ_TIME seconds each
#   make install   PREFIX, DESTDIR          make lint      layers, format, warnings, style
#   make man       the manual pages         make bench     the cost, measured: docs/benchmarks.md
#   make check-vm  tests on other kernels, in emulated machines: minutes (K="6.1 6.12": some)

# --- settings ----------------------------------------------------------------------------------
VERSION := $(shell sed -n 's/^## \([0-9][^ ]*\).*/\1/p' CHANGES.md | head -n 1)
PREFIX ?= /usr/local
FUZZ_TIME ?= 60
B := build

CC := gcc
CLANG ?= clang
BPFTOOL ?= bpftool
export PATH := $(PATH):/usr/sbin:/sbin

PKGS := libbpf libelf libdw zlib capstone libprotobuf-c jansson libwebsockets libcurl ncursesw
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef $(if $(CI),-Werror)
CPPFLAGS += -D_GNU_SOURCE -DHEAPTAP_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(B)/gen
CFLAGS ?= -O2 -g
LDLIBS = $(shell pkg-config --libs $(PKGS)) -liberty -lm
# heaptap's own allocator, in its own file: with --all the C library's traps in every process.
ALLOCATOR := -l:libjemalloc.a
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
# Test programs keep every frame and every call to an allocator as written.
FRAMES := -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-builtin

COMPILE_obj = $(CC) $(CPPFLAGS) -std=gnu17 $(WARN) $(CFLAGS) -MMD -MP
COMPILE_asan = $(COMPILE_obj) $(SANITIZE)
COMPILE_fuzz = $(CLANG) $(CPPFLAGS) -std=gnu17 -w $(SANITIZE) -fsanitize=fuzzer-no-link -MMD -MP
COMPILE_bpf = $(CLANG) -target bpf -mcpu=v3 -g -O2 -Wall -Wextra -Wno-unused-parameter -Wshadow $(if $(CI),-Werror) -MMD -MP \
	-D__TARGET_ARCH_x86 -D__x86_64__ -Iinclude -idirafter /usr/include/$(shell $(CC) -print-multiarch)

# --- what there is -----------------------------------------------------------------------------
SKEL := $(B)/gen/heaptap.skel.h
PROTO := $(patsubst %.proto,$(B)/gen/%.pb-c,$(notdir $(wildcard src/*/*.proto)))
# Definitions first: the linker of libbpf 1.1 loses the offset of a map that is used before it is defined.
BPF := $(patsubst %.c,$(B)/%.o,bpf/maps.bpf.c $(filter-out %/maps.bpf.c,$(wildcard bpf/*.bpf.c)))
LIB := $(patsubst %.c,%.o,$(sort $(wildcard src/*/*.c))) $(notdir $(PROTO:%=%.o))
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
TARGETS := $(patsubst tests/targets/%,$(B)/targets/%,$(basename $(wildcard tests/targets/*.c tests/targets/*.cpp)))
C_DIRS := src src/* bpf include/heaptap tests/*
MAN := $(patsubst docs/man/%.h2m,$(B)/man/%.1,$(wildcard docs/man/*.h2m))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $@;) mkdir -p $(@D) &&

.PHONY: all check check-vm nodes fuzz $(FUZZ:%=%.run) lint lint-build demo demo-node bench man install clean
.DELETE_ON_ERROR:
.SECONDARY:
all: $(B)/heaptap

# What a goal needs is installed first: make remakes an included file and then starts over.
DEPS := build $(if $(filter check check-vm lint fuzz,$(MAKECMDGOALS)),test) $(if $(filter bench,$(MAKECMDGOALS)),bench) \
	$(if $(filter check-vm,$(MAKECMDGOALS)),vm)
READY := $(B)/stamp/$(subst $() ,-,$(strip $(DEPS)))
$(READY): scripts/install-deps.sh
	@mkdir -p $(@D) && $< $(DEPS) && touch $@
ifneq ($(MAKECMDGOALS),clean)
include $(READY)
endif

# --- BPF: small files linked into one skeleton -------------------------------------------------
$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF) $(COMPILE_bpf) -c $< -o $@

$(B)/bpf/heaptap.o: $(BPF)
	$(call say,BPFLD) $(BPFTOOL) gen object $@ $^

$(SKEL): $(B)/bpf/heaptap.o
	$(call say,SKEL) $(BPFTOOL) gen skeleton $< name heaptap_bpf > $@

# --- user space, three times: as shipped (obj), with sanitizers (asan), with coverage too (fuzz) --
define encoding
$(B)/gen/$(basename $(notdir $(1))).pb-c.c $(B)/gen/$(basename $(notdir $(1))).pb-c.h &: $(1)
	$$(call say,PROTO) protoc-c --proto_path=$$(<D) --c_out=$$(@D) $$<
endef
$(foreach proto,$(wildcard src/*/*.proto),$(eval $(call encoding,$(proto))))

%.pb-c.o: WARN :=
define compile
$(B)/$(1)/%.o: $(B)/gen/%.c
	$$(call say,CC) $$(COMPILE_$(1)) -c $$< -o $$@
$(B)/$(1)/%.o: %.c | $(SKEL) $(PROTO:%=%.h)
	$$(call say,CC) $$(COMPILE_$(1)) -c $$< -o $$@
$(B)/$(1)/libheaptap.a: $(LIB:%=$(B)/$(1)/%)
	$$(call say,AR) rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach kind,obj asan fuzz,$(eval $(call compile,$(kind))))

# The flame graph's script and style are put into the program by the assembler (.incbin).
$(foreach kind,obj asan fuzz,$(B)/$(kind)/src/export/svg_parts.o): src/export/svg.js src/export/svg.css src/export/svg_diff.css

$(B)/heaptap: $(B)/obj/src/main.o $(B)/obj/libheaptap.a
	$(call say,LD) $(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(ALLOCATOR) $(LDLIBS)

# --- tests -------------------------------------------------------------------------------------
$(B)/tests/%: $(B)/asan/tests/unit/%.o $(B)/asan/libheaptap.a
	$(call say,LD) $(CC) $(SANITIZE) $(LDFLAGS) $^ -o $@ -lcmocka $(LDLIBS)
$(B)/tests/golden_profiles: $(patsubst %.c,$(B)/asan/%.o,$(wildcard tests/golden/*.c)) $(B)/asan/libheaptap.a
	$(call say,LD) $(CC) $(SANITIZE) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(B)/targets/%: tests/targets/%.c
	$(call say,TARGET) $(CC) -std=gnu17 -O1 -g $(FRAMES) -Wall -Wextra -MMD -MP $< -o $@ -pthread -ldl
$(B)/targets/%: tests/targets/%.cpp
	$(call say,TARGET) g++ -O1 -g $(FRAMES) -Wall -Wextra -MMD -MP $< -o $@ -pthread
include scripts/targets.mk
include scripts/bench.mk

# What of Node cannot be fetched, its tests say why; the rest is tested all the same.
nodes: | $(READY)
	$(Q)scripts/fetch-nodes || true

check: $(B)/heaptap $(UNIT) $(B)/tests/golden_profiles $(TARGETS) nodes
	$(Q)HEAPTAP_BUILD=$(abspath $(B)) tests/run $(T)

check-vm: $(B)/heaptap $(B)/bench/verifier $(TARGETS)
	$(Q)HEAPTAP_BUILD=$(abspath $(B)) tests/vm $(K)

$(B)/fuzz/fuzz_%: $(B)/fuzz/tests/fuzz/fuzz_%.o $(B)/fuzz/libheaptap.a
	$(call say,LD) $(CLANG) $(SANITIZE) -fsanitize=fuzzer $^ -o $@ $(LDLIBS)
# The corpus is copied: what a run finds new stays in build/ until somebody picks from it.
$(FUZZ:%=%.run): $(B)/fuzz/fuzz_%.run: $(B)/fuzz/fuzz_%
	$(call say,FUZZ) mkdir -p $<.corpus && cp -rT tests/fuzz/corpus/$* $<.corpus && \
		$< -max_total_time=$(FUZZ_TIME) -timeout=10 -verbosity=0 -artifact_prefix=$<. $<.corpus
fuzz: $(FUZZ:%=%.run)

# Warnings are errors in a build of its own (CI: in the only one); every header compiles alone.
LINT := $(if $(CI),$(B),$(B)/lint)
lint:
	$(Q)scripts/check-layers
	$(Q)clang-format --dry-run -Werror $(wildcard $(C_DIRS:%=%/*.[ch]) tests/targets/*.cpp)
	+$(Q)$(MAKE) --no-print-directory CI=1 B=$(LINT) lint-build
	$(Q)scripts/check-style $(LINT)/obj
lint-build: $(B)/heaptap $(patsubst %,$(B)/alone/%,$(wildcard bpf/*.h include/heaptap/*.h src/*/*.h))
	@:
$(B)/alone/%.h: %.h | $(SKEL) $(PROTO:%=%.h)
	$(call say,ALONE) echo '#include "$<"' | $(COMPILE_$(if $(filter bpf/%,$<),bpf,obj)) -I. -x c -c - -o $@

# --- the goals of the README -------------------------------------------------------------------
demo: $(B)/heaptap $(B)/targets/leaky
	$(Q)scripts/demo.sh $^
demo-node: $(B)/heaptap tests/targets/leaky.js
	$(Q)scripts/demo-node.sh $^

$(B)/obj/tests/bench/%.o: CFLAGS += -fno-omit-frame-pointer
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/obj/libheaptap.a
	$(call say,LD) $(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed $^ -o $@ $(LDLIBS)
bench: $(B)/heaptap $(BENCH) $(B)/targets/paced nodes
	$(Q)HEAPTAP_BUILD=$(abspath $(B)) tests/bench/run.py --output docs/benchmarks.md

# A page is the command's own --help, with the sections of docs/man added.
$(B)/man/%.1: docs/man/%.h2m docs/man/help.sed $(B)/heaptap
	$(call say,MAN) help2man -N --version-string=$(VERSION) --include=$< -o $@ \
		--help-option='--help | sed -f $(word 2,$^)' '$(B)/$(subst -, ,$*)'
man: $(MAN)

# Where each shell looks for completion; its name begins the path.
COMPLETION := $(addprefix $(B)/share/,bash-completion/completions/heaptap zsh/site-functions/_heaptap \
	fish/vendor_completions.d/heaptap.fish)
$(COMPLETION): $(B)/heaptap
	$(call say,COMPL) $< completion $(firstword $(subst -, ,$(subst /, ,$(@:$(B)/share/%=%)))) > $@

install: $(B)/heaptap $(MAN) $(COMPLETION)
	$(Q)install -D -m 755 $< $(DESTDIR)$(PREFIX)/bin/heaptap
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(MAN)
	$(Q)for file in $(COMPLETION:$(B)/%=%); do install -D -m 644 $(B)/$$file $(DESTDIR)$(PREFIX)/$$file; done
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/heaptap docs/operations.md docs/push.md docs/troubleshooting.md
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/heaptap/examples docs/examples/*
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system docs/examples/*.service docs/examples/*.timer
	$(Q)sed -i 's,/usr/local/bin/,$(PREFIX)/bin/,' $(DESTDIR)$(PREFIX)/lib/systemd/system/heaptap.service \
		$(DESTDIR)$(PREFIX)/share/doc/heaptap/examples/heaptap.*

clean:
	$(Q)rm -rf $(B) demo.svg demo.pb.gz demo-node.svg demo-node.pb.gz

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
