// SPDX-License-Identifier: Apache-2.0
/* Writing records; a stream that failed is found by ferror() at the end, here by a short write. */
#include "collect/dump.h"

#include <errno.h>
#include <string.h>

static int put(FILE *out, const void *data, size_t size)
{
	return fwrite(data, 1, size, out) == size ? 0 : -EIO;
}

int dump_sample(FILE *out, const struct ht_copy_event *copy, const struct stack *stack)
{
	const struct dump_sample sample = {
		.pc = copy->pc,
		.sp = copy->sp,
		.fp = copy->fp,
		.rbx = copy->rbx,
		.end = stack->end,
		.nr_pcs = stack->nr,
		.stack_size = copy->size,
	};
	const size_t pcs_size = stack->nr * sizeof(*stack->pcs);
	const struct dump_record record = {DUMP_SAMPLE, sizeof(sample) + pcs_size + copy->size};
	int err = put(out, &record, sizeof(record));

	err = err ?: put(out, &sample, sizeof(sample));
	err = err ?: put(out, stack->pcs, pcs_size);
	return err ?: put(out, copy->stack, copy->size);
}

int dump_mappings(FILE *out, const struct space *space)
{
	int err = 0;

	for (uint32_t i = 0; i < space->nr_mappings && !err; i++) {
		const struct mapping *m = &space->mappings[i];
		const struct dump_mapping mapping = {
			.start = m->start, .end = m->end, .offset = m->offset, .live = m->live};
		const struct dump_record record = {DUMP_MAPPING,
						   sizeof(mapping) + strlen(m->name) + 1};

		err = put(out, &record, sizeof(record));
		err = err ?: put(out, &mapping, sizeof(mapping));
		err = err ?: put(out, m->name, strlen(m->name) + 1);
	}
	return err;
}
