# SPDX-License-Identifier: Apache-2.0
# Test targets that need more than the common rule: variants of simple.c, a library, a 32-bit and a
# Rust program. Included by the Makefile after TARGETS is set. Without rustc its test is skipped.

RUSTC ?= $(shell command -v rustc)
SIMPLE := $(addprefix $(B)/targets/simple-,nopie static static-stripped stripped)
TARGETS += $(SIMPLE) $(B)/targets/libplugin.so $(B)/targets/bits32 $(if $(RUSTC),$(B)/targets/rust)

$(B)/targets/simple-nopie: LINK := -no-pie -fno-pie
$(B)/targets/simple-static: LINK := -static
$(B)/targets/simple-static-stripped: LINK := -static -s
$(B)/targets/simple-stripped: LINK := -s
$(SIMPLE): tests/targets/simple.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(CC) -std=gnu17 -O1 -g $(FRAMES) -Wall -Wextra $(LINK) $< -o $@

$(B)/targets/libplugin.so: tests/targets/lib/plugin.c | $(READY)
	$(call say,TARGET) $(CC) -O1 -g $(FRAMES) -Wall -Wextra -fPIC -shared $< -o $@

# Freestanding, so that 32-bit code needs no 32-bit C library.
$(B)/targets/bits32: tests/targets/lib/bits32.c | $(READY)
	$(call say,TARGET) $(CC) -m32 -O1 -static -nostdlib -ffreestanding \
		-fno-pie -no-pie -fno-stack-protector $< -o $@

$(B)/targets/rust: tests/targets/lib/rust.rs | $(READY)
	$(call say,TARGET) MAKEFLAGS= $(RUSTC) -O -g -C force-frame-pointers=yes -o $@ $<

# The judge of recorded stacks is no target, but built with them.
ORACLE := $(patsubst %,$(B)/obj/tests/stacks/%.o,oracle dump_file dwfl_walk)
TARGETS += $(B)/targets/oracle
$(B)/targets/oracle: $(ORACLE) $(B)/obj/libheaptap.a
	$(call say,LD) $(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)
