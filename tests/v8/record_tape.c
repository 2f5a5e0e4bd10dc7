// SPDX-License-Identifier: Apache-2.0
/*
 * record_tape PID FILE FIRST COUNT [dropped]: names COUNT frames of a blocked process's JavaScript
 * stack, from the FIRST one on, and writes a tape of all that was read for it. dropped: as if V8
 * had put the empty array in place of each code's deoptimization data, which stay where they are.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack_scan.h"
#include "tape.h"
#include "v8/resolver_private.h"

#define CODE_HEAD 128	 /* bytes, how src/v8/stream.c reads Code; nothing else is read so */
#define EMPTY	  0x2000 /* where nothing is: the empty array */
#define MAX_WORDS 16

struct recorder {
	struct v8_memory process;
	FILE *file; /* NULL: only see what is dropped */
	bool drops;
	const struct v8_layout *layout;
	uint64_t words[MAX_WORDS]; /* addresses of what is dropped */
	uint32_t nr_words;
	uint64_t map; /* of deoptimization data */
};

/* What the resolver reads of the empty array. */
static int read_empty(const struct recorder *recorder, uint64_t address, void *buffer, size_t size)
{
	uint64_t words[2] = {recorder->map, 0};

	if (address - EMPTY + size > sizeof(words))
		return -EFAULT;
	memcpy(buffer, (char *)words + (address - EMPTY), size);
	return 0;
}

/* Is the Code with this @head optimized? Then its data are dropped from now on. */
static int note_code(struct recorder *recorder, uint64_t address, const char *head)
{
	const struct v8_types *types = &recorder->layout->types;
	int32_t flags, kind;
	uint64_t deopt;

	memcpy(&flags, head + recorder->layout->offsets.code_flags, sizeof(flags));
	memcpy(&deopt, head + recorder->layout->offsets.code_deopt, sizeof(deopt));
	kind = (flags & types->kind_mask) >> (types->kind_shift > 0 ? types->kind_shift : 0);
	if (kind <= types->kind_baseline || recorder->nr_words == MAX_WORDS)
		return 0;
	recorder->words[recorder->nr_words++] =
		address + (uint32_t)recorder->layout->offsets.code_deopt;
	return v8_memory_read(&recorder->process, deopt - HT_V8_TAG, &recorder->map,
			      sizeof(recorder->map));
}

static void drop(const struct recorder *recorder, uint64_t address, char *buffer, size_t size)
{
	const uint64_t empty = EMPTY | HT_V8_TAG;

	for (uint32_t i = 0; i < recorder->nr_words; i++) {
		uint64_t at = recorder->words[i] - address;

		if (at < size && size - at >= sizeof(empty))
			memcpy(buffer + at, &empty, sizeof(empty));
	}
}

static int read_and_record(void *data, uint64_t address, void *buffer, size_t size)
{
	struct recorder *recorder = data;
	uint32_t length = (uint32_t)size;
	int err = recorder->drops && address - EMPTY < 16
			  ? read_empty(recorder, address, buffer, size)
			  : v8_memory_read(&recorder->process, address, buffer, size);

	if (!err && recorder->drops && !recorder->file && size == CODE_HEAD)
		err = note_code(recorder, address, buffer);
	if (err)
		return err;
	drop(recorder, address, buffer, size);
	if (!recorder->file)
		return 0;
	fwrite(&address, sizeof(address), 1, recorder->file);
	fwrite(&length, sizeof(length), 1, recorder->file);
	fwrite(buffer, 1, size, recorder->file);
	return 0;
}

static int resolve(struct v8_memory memory, const struct scan *scan, uint32_t first, uint32_t nr)
{
	struct v8_resolver *resolver = v8_resolver_new_in(memory, &scan->layout);
	uint32_t place;
	int err = resolver ? 0 : -ENOMEM;

	for (uint32_t i = first; i < first + nr && !err; i++)
		err = v8_resolver_find(resolver, &scan->frames[i].js, &place);
	v8_resolver_free(resolver);
	return err;
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
	static struct scan scan;
	uint32_t first, nr;
	const char *why;

	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: record_tape PID FILE FIRST COUNT [dropped]\n");
		return 2;
	}
	first = (uint32_t)atoi(argv[3]);
	nr = (uint32_t)atoi(argv[4]);
	if (stack_scan(atoi(argv[1]), &scan, &why) || first + nr > scan.nr_frames) {
		fprintf(stderr, "record_tape: cannot read %s, or not as many frames\n", why);
		return 1;
	}
	recorder.process = v8_memory_of_process(atoi(argv[1]));
	recorder.layout = &scan.layout;
	recorder.drops = argc > 5;
	if (recorder.drops && resolve(memory, &scan, first, nr))
		return 1;
	recorder.file = fopen(argv[2], "we");
	if (!recorder.file)
		return 1;
	write_head(recorder.file, &scan, first, nr);
	if (resolve(memory, &scan, first, nr))
		return 1;
	return fclose(recorder.file) ? 1 : 0;
}
