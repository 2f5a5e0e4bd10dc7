// SPDX-License-Identifier: Apache-2.0
/*
 * record_tape PID FILE FIRST COUNT: names COUNT frames of a blocked process's JavaScript stack,
 * from the FIRST one on, and writes a tape of all that was read for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack_scan.h"
#include "tape.h"
#include "v8/resolver_private.h"

struct recorder {
	struct v8_memory process;
	FILE *file;
};

static int read_and_record(void *data, uint64_t address, void *buffer, size_t size)
{
	struct recorder *recorder = data;
	uint32_t length = (uint32_t)size;
	int err = v8_memory_read(&recorder->process, address, buffer, size);

	if (err)
		return err;
	fwrite(&address, sizeof(address), 1, recorder->file);
	fwrite(&length, sizeof(length), 1, recorder->file);
	fwrite(buffer, 1, size, recorder->file);
	return 0;
}

static void write_head(FILE *file, const struct scan *scan, uint32_t first, uint32_t nr)
{
	struct tape_fixed fixed = {
		.offsets = scan->layout.offsets,
		.types = scan->layout.types,
		.new_positions = scan->layout.new_positions,
		.nr_bytecodes = scan->layout.nr_bytecodes,
	};
	uint32_t fixed_size = sizeof(fixed);

	memcpy(fixed.bytecode_sizes, scan->layout.bytecode_sizes, sizeof(fixed.bytecode_sizes));
	memcpy(fixed.frame_labels, scan->layout.frame_labels, sizeof(fixed.frame_labels));
	fwrite(TAPE_MAGIC, 8, 1, file);
	fwrite(&fixed_size, sizeof(fixed_size), 1, file);
	fwrite(&fixed, sizeof(fixed), 1, file);
	fwrite(&nr, sizeof(nr), 1, file);
	for (uint32_t i = 0; i < nr; i++) {
		struct ht_js_frame frame = scan->frames[first + i].js;

		fwrite(&frame, sizeof(frame), 1, file);
	}
}

int main(int argc, char **argv)
{
	struct recorder recorder = {.file = NULL};
	struct v8_memory memory = {.read = read_and_record, .data = &recorder};
	struct v8_resolver *resolver;
	static struct scan scan;
	uint32_t first, nr, place;
	const char *why;

	if (argc != 5) {
		fprintf(stderr, "usage: record_tape PID FILE FIRST COUNT\n");
		return 2;
	}
	first = (uint32_t)atoi(argv[3]);
	nr = (uint32_t)atoi(argv[4]);
	if (stack_scan(atoi(argv[1]), &scan, &why) || first + nr > scan.nr_frames) {
		fprintf(stderr, "record_tape: cannot read %s, or not as many frames\n", why);
		return 1;
	}
	recorder.process = v8_memory_of_process(atoi(argv[1]));
	recorder.file = fopen(argv[2], "we");
	resolver = v8_resolver_new_in(memory, &scan.layout);
	if (!recorder.file || !resolver)
		return 1;
	write_head(recorder.file, &scan, first, nr);
	for (uint32_t i = first; i < first + nr; i++)
		if (v8_resolver_find(resolver, &scan.frames[i].js, &place))
			return 1;
	v8_resolver_free(resolver);
	return fclose(recorder.file) ? 1 : 0;
}
