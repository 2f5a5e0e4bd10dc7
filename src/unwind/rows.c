// SPDX-License-Identifier: Apache-2.0
/* The dictionary is an open-addressed hash table twice as large as it can fill; slot 0 is free,
 * because rule 0 is never looked for. */
#include "unwind/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROWS  1024
#define INDEX_BITS  17
#define INDEX_SIZE  (1U << INDEX_BITS)
#define RULE_BAD    1
#define FIRST_RULES 2

_Static_assert(ROWS_MAX_RULES < INDEX_SIZE / 2, "the hash table keeps free slots");
_Static_assert(sizeof(struct ht_rule) == sizeof(uint64_t), "a rule is one word");

static uint64_t word_of(struct ht_rule rule)
{
	uint64_t word;

	memcpy(&word, &rule, sizeof(word));
	return word;
}

static uint16_t *slot_of(const struct rows *rows, struct ht_rule rule)
{
	uint32_t slot = (uint32_t)(word_of(rule) * 0x9e3779b97f4a7c15ULL >> (64 - INDEX_BITS));

	while (rows->index[slot] && word_of(rows->rules[rows->index[slot]]) != word_of(rule))
		slot = (slot + 1) & (INDEX_SIZE - 1);
	return &rows->index[slot];
}

int rows_init(struct rows *rows)
{
	*rows = (struct rows){
		.max_rows = FIRST_ROWS,
		.nr_rules = FIRST_RULES,
		.rows = malloc(FIRST_ROWS * sizeof(*rows->rows)),
		.rules = calloc(ROWS_MAX_RULES, sizeof(*rows->rules)),
		.index = calloc(INDEX_SIZE, sizeof(*rows->index)),
	};
	if (!rows->rows || !rows->rules || !rows->index) {
		rows_done(rows);
		return -ENOMEM;
	}
	rows->rules[RULE_BAD].cfa_kind = HT_CFA_BAD;
	*slot_of(rows, rows->rules[RULE_BAD]) = RULE_BAD;
	return 0;
}

void rows_done(struct rows *rows)
{
	free(rows->rows);
	free(rows->rules);
	free(rows->index);
	*rows = (struct rows){0};
}

static uint16_t number_of(struct rows *rows, struct ht_rule rule)
{
	uint16_t *slot;

	if (!word_of(rule))
		return 0;
	slot = slot_of(rows, rule);
	if (*slot)
		return *slot;
	if (rows->nr_rules == ROWS_MAX_RULES)
		return RULE_BAD;
	rows->rules[rows->nr_rules] = rule;
	*slot = (uint16_t)rows->nr_rules++;
	return *slot;
}

static int grow_rows(struct rows *rows)
{
	uint64_t *grown;

	if (rows->nr_rows == ROWS_MAX)
		return -E2BIG;
	if (rows->nr_rows < rows->max_rows)
		return 0;
	grown = reallocarray(rows->rows, 2 * (size_t)rows->max_rows, sizeof(*rows->rows));
	if (!grown)
		return -ENOMEM;
	rows->rows = grown;
	rows->max_rows *= 2;
	return 0;
}

void rows_add(struct rows *rows, uint32_t address, struct ht_rule rule)
{
	uint64_t *last = rows->nr_rows ? &rows->rows[rows->nr_rows - 1] : NULL;
	uint16_t number;

	if (rows->err)
		return;
	if (last && word_of(rule) == word_of(rows->rules[HT_ROW_RULE(*last)]))
		return;
	number = number_of(rows, rule);
	if (last && HT_ROW_ADDRESS(*last) == address) {
		rows->nr_rows--;
		last = rows->nr_rows ? last - 1 : NULL;
	}
	if (last && HT_ROW_RULE(*last) == number)
		return;
	rows->err = grow_rows(rows);
	if (!rows->err)
		rows->rows[rows->nr_rows++] = HT_ROW(address, number);
}
