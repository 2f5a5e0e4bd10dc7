// SPDX-License-Identifier: Apache-2.0
/* Sites are numbers already (struct diff_entry), so that no key has to be made. */
#include "export/diff_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t diff_size(int64_t value)
{
	if (value == INT64_MIN)
		return INT64_MAX;
	return value < 0 ? -value : value;
}

static int compare(const void *left, const void *right, void *context)
{
	const struct diff_row *a = left, *b = right;
	enum metric metric = *(const enum metric *)context;
	int64_t delta_a = diff_delta(&a->entry, metric), delta_b = diff_delta(&b->entry, metric);

	if (diff_size(delta_a) != diff_size(delta_b))
		return diff_size(delta_a) < diff_size(delta_b) ? 1 : -1;
	if (delta_a != delta_b)
		return delta_a < delta_b ? 1 : -1;
	return a->sample < b->sample ? -1 : a->sample > b->sample;
}

static void add_entry(struct diff_row *row, const struct diff *diff, uint32_t sample,
		      enum metric metric)
{
	int64_t size = diff_size(diff_delta(&diff->entries[sample], metric));

	diff_entry_add(&row->entry, &diff->entries[sample]);
	if (row->sample != PROFILE_NONE && size <= row->largest)
		return;
	row->sample = sample;
	row->largest = size;
}

int diff_rows_build(struct diff_rows *ret, const struct diff *diff, enum metric metric, bool stacks)
{
	uint32_t nr_samples = diff->profile->nr_samples, *row_of;
	struct diff_rows rows = {0};

	rows.rows = calloc((size_t)nr_samples + 1, sizeof(*rows.rows));
	row_of = malloc(((size_t)diff->nr_sites + 1) * sizeof(*row_of));
	if (!rows.rows || !row_of) {
		free(rows.rows);
		free(row_of);
		return -ENOMEM;
	}
	memset(row_of, 0xff, ((size_t)diff->nr_sites + 1) * sizeof(*row_of));
	for (uint32_t i = 0; i < nr_samples; i++) {
		uint32_t site = diff->entries[i].site, row = stacks ? PROFILE_NONE : row_of[site];

		if (row == PROFILE_NONE) {
			row = row_of[site] = rows.nr_rows++;
			rows.rows[row] =
				(struct diff_row){.entry = diff_entry_zero, .sample = PROFILE_NONE};
		}
		add_entry(&rows.rows[row], diff, i, metric);
	}
	free(row_of);
	qsort_r(rows.rows, rows.nr_rows, sizeof(*rows.rows), compare, &metric);
	*ret = rows;
	return 0;
}

void diff_rows_done(struct diff_rows *rows)
{
	free(rows->rows);
	*rows = (struct diff_rows){0};
}
