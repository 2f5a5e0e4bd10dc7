/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded stacks in a file: registers, raw bytes and what the kernel's walk made of them, for
 * tests that walk the same stacks by other means.
 *
 * The file is DUMP_MAGIC and then records, each a struct dump_record with its payload behind it, in
 * the machine's own byte order.
 */
#ifndef HEAPTAP_COLLECT_DUMP_H
#define HEAPTAP_COLLECT_DUMP_H

#include <stdio.h>

#include "collect/stacks.h"
#include "heaptap/wire.h"
#include "proc/space.h"

#define DUMP_MAGIC "heaptap-stacks-1\n"

enum dump_kind {
	DUMP_SAMPLE = 1, /* struct dump_sample, its pcs, its stack */
	DUMP_MAPPING,	 /* struct dump_mapping, its path with the NUL */
};

struct dump_record {
	uint32_t kind, size; /* bytes of payload */
};

struct dump_sample {
	uint64_t pc, sp, fp, rbx; /* as the direct caller goes on */
	uint32_t end;		  /* enum ht_stack_end of the kernel's walk */
	uint32_t nr_pcs;
	uint32_t stack_size; /* bytes from sp - HT_RED_ZONE up */
	uint32_t spare;
};

struct dump_mapping {
	uint64_t start, end, offset;
	uint32_t live, spare;
};

/* 0 or -errno. */
int dump_sample(FILE *out, const struct ht_copy_event *copy, const struct stack *stack);
int dump_mappings(FILE *out, const struct space *space);

#endif
