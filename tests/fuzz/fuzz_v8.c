// SPDX-License-Identifier: Apache-2.0
/*
 * A tape of a V8 heap in which anything may be changed: the layout, the frames, the memory. Naming
 * its frames gives places that keep their promises, or none, and the same ones the second time.
 */
#include <stdlib.h>

#include "../v8/tape.h"
#include "v8/resolver_private.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_place(const struct v8_resolver *resolver, uint32_t index)
{
	const struct v8_place *place = v8_resolver_place(resolver, index);

	check(index == V8_NO_PLACE ? !place : place && place->nr_lines > 0);
	for (uint32_t i = 0; place && i < place->nr_lines; i++) {
		const struct v8_line *line = &place->lines[i];

		check(strlen(line->function) < 4096 && strlen(line->script) < 8192);
		/* Without a line there is no column, without a name it says so by being empty. */
		check(line->line || !line->column);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tape *tape = malloc(sizeof(*tape));
	struct v8_memory memory = {.read = tape_read, .data = tape};
	struct v8_resolver_stats stats;
	struct v8_resolver *resolver;

	check(tape != NULL);
	if (!tape_open(data, size, tape) || !v8_layout_is_sane(&tape->layout)) {
		free(tape);
		return 0;
	}
	resolver = v8_resolver_new_in(memory, &tape->layout);
	check(resolver != NULL);
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < tape->nr_frames; i++) {
			uint32_t place;

			check(!v8_resolver_find(resolver, &tape->frames[i], &place));
			check_place(resolver, place);
		}
	v8_resolver_stats(resolver, &stats);
	check(stats.frames == 2 * (uint64_t)tape->nr_frames && stats.unnamed <= stats.frames);
	v8_resolver_free(resolver);
	free(tape);
	return 0;
}
