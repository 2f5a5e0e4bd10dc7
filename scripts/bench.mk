# SPDX-License-Identifier: Apache-2.0
# What walk_cost needs beside the common rule of tests/bench: a skeleton of its own, in which the
# walker as it is shipped is timed, and its target with and without frame pointers.

WALK_TARGETS := $(B)/bench/walk_target-fp $(B)/bench/walk_target-nofp
BENCH := $(filter-out %.bpf %/walk_target,$(BENCH)) $(WALK_TARGETS)
WALK_BPF := $(patsubst %,$(B)/bpf/%.bpf.o,maps stack walk javascript) $(B)/bench/walk_cost.bpf.o

$(B)/bench/walk_cost.bpf.o: tests/bench/walk_cost.bpf.c
	$(call say,BPF) $(COMPILE_bpf) -c $< -o $@
$(B)/bench/walk_cost.linked.o: $(WALK_BPF)
	$(call say,BPFLD) $(BPFTOOL) gen object $@ $^
$(B)/gen/walk_cost.skel.h: $(B)/bench/walk_cost.linked.o
	$(call say,SKEL) $(BPFTOOL) gen skeleton $< name walk_cost_bpf > $@
$(B)/obj/tests/bench/walk_cost.o: | $(B)/gen/walk_cost.skel.h

$(B)/bench/walk_target-fp: FRAME_POINTER := -fno-omit-frame-pointer
$(B)/bench/walk_target-nofp: FRAME_POINTER := -fomit-frame-pointer
$(WALK_TARGETS): tests/bench/walk_target.c | $(READY)
	$(call say,TARGET) $(CC) -std=gnu17 -O2 -g $(FRAME_POINTER) -fno-optimize-sibling-calls \
		-Wall -Wextra $< -o $@
