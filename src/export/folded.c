// SPDX-License-Identifier: Apache-2.0
/*
 * Folded stacks: "comm;root;...;caller;malloc 12345", one line for each stack of names.
 * folded_line.c says what becomes of the names.
 */
#include <inttypes.h>

#include "export/folded_line.h"
#include "export/table_rows.h"
#include "export/writers.h"

int folded_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	enum group_by by = options->by == BY_NOTHING ? BY_COMM : options->by;
	const struct profile_sample *sample;
	char root[600];
	struct folded_line line = {0};
	struct table_rows rows = {0};
	struct stack stack;
	int64_t value;
	int err;

	err = stack_init(&stack, profile);
	stack.lines = options->lines;
	stack.inverted = options->inverted;
	if (!err)
		err = table_rows_build(&rows, &stack, ROWS_BY_NAMES, by);
	for (uint32_t i = 0; i < rows.nr_rows && !err; i++) {
		value = rows.rows[i].values[options->metric];
		if (value <= 0)
			continue;
		sample = &profile->samples[rows.rows[i].sample];
		err = stack_load(&stack, sample);
		if (!err)
			group_root(profile, sample, by, root, sizeof(root));
		if (!err)
			err = folded_line_make(&line, root, &stack, true);
		if (!err) {
			fwrite(line.text, 1, line.size, out);
			fprintf(out, " %" PRId64 "\n", value);
		}
	}
	folded_line_done(&line);
	table_rows_done(&rows);
	stack_done(&stack);
	return err;
}
