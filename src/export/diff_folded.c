// SPDX-License-Identifier: Apache-2.0
/*
 * Folded stacks in two columns, "comm;root;...;malloc BASE NEW", for difffolded's readers:
 * flamegraph.pl, inferno. A function of JavaScript goes by its script, without the line, for lines
 * differ between versions. Stacks that become one line are added up. What is negative, in the
 * difference of a difference, is 0: the columns are unsigned.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "export/diff_view.h"
#include "export/folded_line.h"
#include "profile/table.h"

struct columns {
	int64_t values[NR_DIFF_SIDES];
};

static int64_t add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int add_line(struct table *lines, struct columns *columns, uint32_t *nr_lines,
		    const struct folded_line *line, const struct diff_entry *entry,
		    enum metric metric)
{
	uint32_t index;

	if (!table_enter(lines, line->text, line->size + 1, *nr_lines, &index))
		return -ENOMEM;
	*nr_lines += index == *nr_lines;
	for (int side = 0; side < NR_DIFF_SIDES; side++) {
		int64_t value = entry->parts[side].values[metric];

		columns[index].values[side] =
			add_saturated(columns[index].values[side], value > 0 ? value : 0);
	}
	return 0;
}

static void put_lines(const struct table *lines, const struct columns *columns, FILE *out)
{
	uint32_t index = 0;

	for (const char *text = table_next(lines, NULL); text && !ferror(out);
	     text = table_next(lines, text), index++) {
		const int64_t *values = columns[index].values;

		if (values[DIFF_BASE] || values[DIFF_NEW])
			fprintf(out, "%s %" PRId64 " %" PRId64 "\n", text, values[DIFF_BASE],
				values[DIFF_NEW]);
	}
}

int diff_folded_write(const struct diff_view *view, const struct export_options *options, FILE *out)
{
	const struct profile *profile = view->diff->profile;
	struct columns *columns = calloc((size_t)profile->nr_samples + 1, sizeof(*columns));
	struct folded_line line = {0};
	struct table lines = {0};
	struct stack stack;
	uint32_t nr_lines = 0;
	char root[600];
	int err;

	err = stack_init(&stack, profile);
	if (!columns)
		err = -ENOMEM;
	for (uint32_t i = 0; i < profile->nr_samples && !err; i++) {
		const struct profile_sample *sample = &profile->samples[i];

		err = stack_load(&stack, sample);
		group_root(profile, sample, BY_COMM, root, sizeof(root));
		err = err ?: folded_line_make(&line, root, &stack, false);
		err = err
			      ?: add_line(&lines, columns, &nr_lines, &line,
					  &view->diff->entries[i], options->metric);
	}
	if (!err)
		put_lines(&lines, columns, out);
	table_done(&lines);
	folded_line_done(&line);
	stack_done(&stack);
	free(columns);
	return err;
}
