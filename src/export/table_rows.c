// SPDX-License-Identifier: Apache-2.0
/*
 * Groups samples by a key of 64-bit words. Function and file names are interned by the profile, so
 * a pointer stands for a name and no string is compared.
 */
#include "export/table_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "profile/label.h"
#include "profile/site.h"
#include "profile/table.h"

struct key {
	uint64_t *words;
	size_t nr_words;
	int64_t line; /* of the frame, where it is of one frame only */
};

const char *sample_comm(const struct profile *profile, const struct profile_sample *sample)
{
	const char *comm = label_string(sample, "comm");

	if (!comm && group_is_of_several(profile))
		return "[none]";
	if (!comm)
		comm = profile_note(profile, "comm");
	if (!comm && profile->nr_mappings)
		comm = stack_basename(profile->mappings[0].file);
	return comm && *comm ? comm : "[unknown]";
}

static void push_frame(struct key *key, const struct stack_frame *frame, bool with_line)
{
	key->words[key->nr_words++] = (uintptr_t)frame->name;
	if (!with_line)
		return;
	key->words[key->nr_words++] = (uintptr_t)frame->file;
	key->words[key->nr_words++] = (uint64_t)frame->line;
}

uint32_t row_frame(const struct stack *stack, enum rows_key key)
{
	uint32_t frame = 0;

	if (key != ROWS_BY_LEAF_CALLER)
		frame = site_frame(stack);
	if (key == ROWS_BY_CALLER || key == ROWS_BY_LEAF_CALLER)
		frame++;
	return frame < stack->nr_frames ? frame : PROFILE_NONE;
}

static void push_one(struct key *key, const struct stack *stack, uint32_t frame)
{
	if (frame == PROFILE_NONE)
		return;
	site_key(stack, frame, stack->lines, key->words + key->nr_words);
	key->nr_words += SITE_KEY_WORDS;
	key->line = stack->frames[frame].line;
}

/* The key of the sample loaded in @stack; grows @key->words when needed. */
static int make_key(struct key *key, size_t *max_words, const struct stack *stack,
		    const struct profile_sample *sample, enum rows_key kind, enum group_by by)
{
	size_t needed = 3 * (size_t)stack->nr_frames + 2 + SITE_KEY_WORDS;
	uint64_t *words;

	if (needed > *max_words) {
		words = reallocarray(key->words, 2 * needed, sizeof(*words));
		if (!words)
			return -ENOMEM;
		key->words = words;
		*max_words = 2 * needed;
	}
	key->nr_words = 0;
	key->line = 0;
	if (by != BY_NOTHING) {
		group_key(stack->profile, sample, by, key->words);
		key->nr_words = 2;
	}
	if (kind == ROWS_BY_GROUP)
		return 0;
	if (kind != ROWS_BY_STACK && kind != ROWS_BY_NAMES) {
		push_one(key, stack, row_frame(stack, kind));
		return 0;
	}
	for (uint32_t i = 0; i < stack->nr_frames; i++)
		push_frame(key, &stack->frames[i],
			   kind == ROWS_BY_STACK || stack->lines || stack->frames[i].javascript);
	return 0;
}

const struct row row_zero = {
	.inuse_error_known = true,
	.alloc_error_known = true,
	.youngest = INT64_MAX,
	.oldest = INT64_MIN,
};

static int64_t add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

void row_add(struct row *to, const struct row *from)
{
	for (int i = 0; i < NR_METRICS; i++)
		to->values[i] = add_saturated(to->values[i], from->values[i]);
	to->inuse_variance += from->inuse_variance;
	to->alloc_variance += from->alloc_variance;
	to->inuse_error_known &= from->inuse_error_known;
	to->alloc_error_known &= from->alloc_error_known;
	to->youngest = MIN(to->youngest, from->youngest);
	to->oldest = MAX(to->oldest, from->oldest);
}

/* The row of @key, made when it is the first of its kind; NULL when out of memory. */
static struct row *find_row(struct table_rows *rows, struct table *table, const struct key *key,
			    uint32_t sample)
{
	uint32_t index;
	struct row *row;

	if (!table_enter(table, key->words, key->nr_words * sizeof(*key->words), rows->nr_rows,
			 &index))
		return NULL;
	row = &rows->rows[index];
	if (index == rows->nr_rows) {
		rows->nr_rows++;
		*row = row_zero;
		row->sample = sample;
		row->line = key->line;
	}
	row->several_lines |= row->line != key->line;
	return row;
}

struct row row_of_sample(const struct profile *profile, uint32_t index)
{
	const struct profile_sample *sample = &profile->samples[index];
	struct row row = row_zero;

	row.sample = index;
	memcpy(row.values, sample->values, sizeof(row.values));
	row.inuse_error_known = label_variance(sample, LABEL_INUSE_ERROR, &row.inuse_variance);
	row.alloc_error_known = label_variance(sample, LABEL_ALLOC_ERROR, &row.alloc_variance);
	label_number(sample, LABEL_YOUNGEST, &row.youngest);
	label_number(sample, LABEL_OLDEST, &row.oldest);
	return row;
}

static int add_sample(struct table_rows *rows, struct table *table, const struct key *key,
		      const struct profile *profile, uint32_t index)
{
	struct row *row, one = row_of_sample(profile, index);

	row = find_row(rows, table, key, index);
	if (!row)
		return -ENOMEM;
	row_add(row, &one);
	return 0;
}

int table_rows_build(struct table_rows *ret, struct stack *stack, enum rows_key kind,
		     enum group_by by)
{
	const struct profile *profile = stack->profile;
	struct table_rows rows = {0};
	struct table table = {0};
	struct key key = {0};
	size_t max_words = 0;
	int err = 0;

	rows.rows = calloc(profile->nr_samples ? profile->nr_samples : 1, sizeof(*rows.rows));
	if (!rows.rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->nr_samples && !err; i++) {
		err = stack_load(stack, &profile->samples[i]);
		if (!err)
			err = make_key(&key, &max_words, stack, &profile->samples[i], kind, by);
		if (!err)
			err = add_sample(&rows, &table, &key, profile, i);
	}
	table_done(&table);
	free(key.words);
	if (err)
		table_rows_done(&rows);
	else
		*ret = rows;
	return err;
}

void table_rows_done(struct table_rows *rows)
{
	free(rows->rows);
	*rows = (struct table_rows){0};
}

static int compare(const void *left, const void *right, void *context)
{
	const struct row *a = left, *b = right;
	enum metric metric = *(const enum metric *)context;

	if (a->values[metric] != b->values[metric])
		return a->values[metric] < b->values[metric] ? 1 : -1;
	return a->sample < b->sample ? -1 : a->sample > b->sample;
}

void table_rows_sort(struct table_rows *rows, enum metric metric)
{
	qsort_r(rows->rows, rows->nr_rows, sizeof(*rows->rows), compare, &metric);
}
