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

# The next build of regress.c, under the same name.
TARGETS += $(B)/targets/next/regress
$(B)/targets/next/regress: tests/targets/regress.c tests/targets/target.h | $(READY)
	$(call say,TARGET) mkdir -p $(@D) && $(CC) -std=gnu17 -O1 -g $(FRAMES) -Wall -Wextra -DPADDING \
		-MMD -MP $< -o $@

# --- stacks ------------------------------------------------------------------------------------
$(B)/targets/deepcxx: FRAMES := -O2 -fomit-frame-pointer

UNLOADED := $(addprefix $(B)/targets/libunloaded-,a.so b.so)
TARGETS += $(UNLOADED)
$(B)/targets/libunloaded-a.so: UNLOADED_IS := -DNAME=a -DFRAME=40 -DPADDING=5
$(B)/targets/libunloaded-b.so: UNLOADED_IS := -DNAME=b -DFRAME=136 -DPADDING=77
$(UNLOADED): tests/targets/lib/unloaded.c | $(READY)
	$(call say,TARGET) $(CC) -O2 -g -Wall -Wextra -fomit-frame-pointer -fno-builtin -fPIC -shared \
		$(UNLOADED_IS) $< -o $@

# Another C library; without musl-gcc its tests are skipped.
MUSL_CC ?= $(shell command -v musl-gcc)
MUSL := $(addprefix $(B)/targets/musl-,static dynamic)
TARGETS += $(if $(MUSL_CC),$(MUSL))
$(B)/targets/musl-static: LINK := -static
$(MUSL): tests/targets/lib/musl.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(MUSL_CC) -std=gnu17 -O2 -g -fomit-frame-pointer -fno-builtin -Wall -Wextra $(LINK) $< -o $@

TARGETS += $(if $(MUSL_CC),$(addprefix $(B)/targets/,member-musl musl-forms))
$(B)/targets/musl-forms: tests/targets/lib/forms.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(MUSL_CC) $(FORMS) $< -o $@
$(B)/targets/member-musl: tests/targets/member.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(MUSL_CC) -std=gnu17 -O1 -g $(FRAMES) -Wall -Wextra -Wl,--build-id $< -o $@

# Other allocators; what is not installed is not built, and its tests are skipped.
TARGETS += $(addprefix $(B)/targets/,libwrapper.so own-malloc own-new families-static forms)
$(B)/targets/own-new: tests/targets/lib/own_new.cpp tests/targets/target.h | $(READY)
	$(call say,TARGET) g++ -O1 -g $(FRAMES) -Wall -Wextra $< -o $@
$(B)/targets/families-static: tests/targets/families.cpp tests/targets/target.h | $(READY)
	$(call say,TARGET) g++ -O1 -g $(FRAMES) -Wall -Wextra -static $< -o $@
FORMS := -std=gnu17 -D_GNU_SOURCE -O1 -g $(FRAMES) -fno-builtin -Wall -Wextra
$(B)/targets/forms: tests/targets/lib/forms.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(CC) $(FORMS) $< -o $@
$(B)/targets/libwrapper.so: tests/targets/lib/wrapper.c | $(READY)
	$(call say,TARGET) $(CC) -O1 -g $(FRAMES) -Wall -Wextra -fPIC -shared $< -o $@ -ldl
$(B)/targets/own-malloc: tests/targets/lib/own_malloc.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(CC) -std=gnu17 -O1 -g $(FRAMES) -fno-builtin -Wall -Wextra $< -o $@

JEMALLOC_A := $(wildcard /usr/lib/x86_64-linux-gnu/libjemalloc.a)
TARGETS += $(if $(JEMALLOC_A),$(addprefix $(B)/targets/jemalloc-,static direct))
$(B)/targets/jemalloc-static: tests/targets/families.cpp tests/targets/target.h | $(READY)
	$(call say,TARGET) g++ -O1 -g $(FRAMES) -Wall -Wextra $< $(JEMALLOC_A) -o $@ -pthread -ldl
$(B)/targets/jemalloc-direct: tests/targets/lib/direct.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(CC) -std=gnu17 -O1 -g $(FRAMES) -Wall -Wextra $< -o $@ -ljemalloc

# An allocator that samples itself.
SDT_H := $(wildcard /usr/include/*/sys/sdt.h /usr/include/sys/sdt.h)
TARGETS += $(if $(SDT_H),$(B)/targets/told)
$(B)/targets/told: tests/targets/lib/told.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(CC) -std=gnu17 -O1 -g $(FRAMES) -Wall -Wextra $< -o $@

# A library with an allocator linked into it, and the program it is for.
JEMALLOC_PIC := $(wildcard /usr/lib/x86_64-linux-gnu/libjemalloc_pic.a)
TARGETS += $(if $(JEMALLOC_PIC),$(B)/targets/embedding)
$(B)/targets/libembedding.so: tests/targets/lib/forms.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(CC) $(FORMS) -DEMBEDDED -fPIC -shared $< $(JEMALLOC_PIC) -o $@ -pthread -lm
$(B)/targets/embedding: tests/targets/lib/embedding.c $(B)/targets/libembedding.so
	$(call say,TARGET) $(CC) $(FORMS) $< -o $@ -L$(B)/targets -lembedding -Wl,-rpath,'$$ORIGIN'

MIMALLOC_H := $(wildcard /usr/include/mimalloc.h)
TARGETS += $(if $(MIMALLOC_H),$(B)/targets/mimalloc-direct)
$(B)/targets/mimalloc-direct: tests/targets/lib/direct.c tests/targets/target.h | $(READY)
	$(call say,TARGET) $(CC) -std=gnu17 -O1 -g $(FRAMES) -Wall -Wextra -DMIMALLOC $< -o $@ -lmimalloc

# The loop of the bench, as a process beside a watched one.
TARGETS += $(B)/targets/pairs
$(B)/targets/pairs: tests/bench/pairs.c | $(READY)
	$(call say,TARGET) $(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra $< -o $@

# The judge of recorded stacks, and what the verifier says: no targets, but built for tests.
ORACLE := $(patsubst %,$(B)/obj/tests/stacks/%.o,oracle dump_file dwfl_walk)
TARGETS += $(B)/targets/oracle $(B)/bench/verifier
$(B)/targets/oracle: $(ORACLE) $(B)/obj/libheaptap.a
	$(call say,LD) $(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

# What the resolver of JavaScript frames says of a blocked process, and its recorder.
V8_TOOLS := $(B)/targets/frames $(B)/targets/record_tape
TARGETS += $(V8_TOOLS)
$(V8_TOOLS): $(B)/targets/%: $(B)/obj/tests/v8/%.o $(B)/obj/tests/v8/stack_scan.o $(B)/obj/libheaptap.a
	$(call say,LD) $(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

SPACES := $(B)/obj/tests/v8/spaces.o
TARGETS += $(B)/targets/spaces
$(B)/targets/spaces: $(SPACES) $(B)/obj/libheaptap.a
	$(call say,LD) $(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)
