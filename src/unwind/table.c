// SPDX-License-Identifier: Apache-2.0
/*
 * One sweep over the FDEs in order of address. What lies between two of them is NONE where it keeps
 * frame pointers and otherwise UNKNOWN, unless it is padding, which nothing executes: there the row
 * before goes on, and a row is saved.
 */
#include "unwind/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/cfi.h"
#include "unwind/outermost.h"
#include "unwind/prologue.h"
#include "unwind/rows.h"
#include "unwind/section.h"
#include "unwind/trampoline.h"

#define MAX_PADDING 15
#define PAGE_BYTES  (1U << HT_UNWIND_PAGE_SHIFT)
#define CODE_PAGE   4096U /* tables begin at a multiple of this */

_Static_assert(UNWIND_BUILD_ID_SIZE == SECTION_MAX_ID, "a build id is copied whole");
_Static_assert(SECTION_MAX_CODE <= UINT32_MAX, "a row's address has 32 bits");

static const struct ht_rule none = {.cfa_kind = HT_CFA_NONE};
static const struct ht_rule unknown = {.cfa_kind = HT_CFA_UNKNOWN};
static const struct ht_rule signal_rule = {.cfa_kind = HT_CFA_SIGNAL};
static const struct ht_rule stop_rule = {.cfa_kind = HT_CFA_STOP};

static void emit(void *data, uint64_t address, struct ht_rule rule)
{
	rows_add(data, (uint32_t)address, rule);
}

/* A part of the code without an FDE that has what @rule says, but for trampolines. Their row begins
 * a byte before them, because a handler returns to its first instruction and a return address is
 * looked up by the byte before; glibc's FDE does the same. */
static void add_trampolines(struct rows *rows, const struct section *section, struct ht_rule rule,
			    uint32_t start, uint32_t end)
{
	uint64_t base = section->code_start, found;

	rows_add(rows, start, rule);
	while (trampoline_find(section->image, base + start, base + end, &found)) {
		uint32_t at = (uint32_t)(found - base);

		rows_add(rows, at > start ? at - 1 : at, signal_rule);
		rows_add(rows, at + TRAMPOLINE_SIZE, rule);
		start = at + TRAMPOLINE_SIZE;
	}
}

/* The same with the calls of what stacks begin with: their row is the last byte of the call. */
static void add_calls(struct rows *rows, const struct section *section,
		      const struct outermost *outermost, struct ht_rule rule, uint32_t start,
		      uint32_t end)
{
	uint64_t base = section->code_start, found;

	while (outermost_find(outermost, section->image, base + start, base + end, &found)) {
		uint32_t at = (uint32_t)(found - base);

		if (at > start) {
			add_trampolines(rows, section, rule, start, at - 1);
			rows_add(rows, at - 1, stop_rule);
		}
		rows_add(rows, at, rule);
		start = at + 1;
	}
	add_trampolines(rows, section, rule, start, end);
}

/* Code without an FDE. */
static void add_gap(struct rows *rows, const struct section *section,
		    const struct outermost *outermost, uint32_t start, uint32_t end)
{
	uint64_t base = section->code_start, entry = outermost->entry - base;
	bool keeps_frames = prologue_is_common(section->image, base + start, base + end);
	struct ht_rule rule = keeps_frames ? none : unknown;

	if (entry >= start && entry < end) {
		if (entry > start)
			add_calls(rows, section, outermost, rule, start, (uint32_t)entry);
		rows_add(rows, (uint32_t)entry, stop_rule);
		if (end - entry <= OUTERMOST_ENTRY_SIZE)
			return;
		start = (uint32_t)entry + OUTERMOST_ENTRY_SIZE;
	}
	add_calls(rows, section, outermost, rule, start, end);
}

static void add_functions(struct rows *rows, const struct section *section, const struct cfi *cfi)
{
	const struct cfa_sink sink = {emit, rows};
	struct outermost outermost;
	uint32_t end = 0, code_size = (uint32_t)section->code_size;

	outermost_init(section->image, &outermost);
	for (uint32_t i = 0; i < cfi->nr_fdes && !rows->err; i++) {
		const struct cfi_fde *fde = &cfi->fdes[i];

		if (fde->start > end && (!i || fde->start - end > MAX_PADDING))
			add_gap(rows, section, &outermost, end, fde->start);
		cfa_run(&cfi->cies[fde->cie].context, cfi_program(cfi, fde), fde->start, fde->end,
			&sink);
		end = fde->end;
	}
	if (end < code_size || !end)
		add_gap(rows, section, &outermost, end, code_size);
}

/* What heaptap/unwind.h says of HT_PAGE. */
static void fill_pages(struct unwind_table *table)
{
	uint32_t row = 0;

	for (uint32_t page = 0; page < table->nr_pages; page++) {
		uint64_t start = (uint64_t)page << HT_UNWIND_PAGE_SHIFT;
		uint32_t first;

		while (row + 1 < table->nr_rows && HT_ROW_ADDRESS(table->rows[row + 1]) <= start)
			row++;
		first = row;
		while (row + 1 < table->nr_rows &&
		       HT_ROW_ADDRESS(table->rows[row + 1]) < start + PAGE_BYTES)
			row++;
		table->pages[page] = HT_PAGE(first, row);
	}
}

static bool is_unknown(const struct rows *rows, uint64_t row)
{
	return rows->rules[HT_ROW_RULE(row)].cfa_kind == HT_CFA_UNKNOWN;
}

/* Leaves out what is UNKNOWN before the first function and behind the last, in a library of one
 * segment half of it: it would have entries in the page table and nothing in them. */
static void trim(struct rows *rows, struct unwind_table *table)
{
	uint64_t *row = rows->rows, last = row[rows->nr_rows - 1];
	uint32_t shift;

	if (rows->nr_rows < 2)
		return;
	if (is_unknown(rows, last) && HT_ROW_ADDRESS(last) < table->size)
		table->size = HT_ROW_ADDRESS(last) + 1;
	shift = HT_ROW_ADDRESS(row[1]) & ~(CODE_PAGE - 1);
	if (!is_unknown(rows, row[0]) || !shift)
		return;
	for (uint32_t i = 1; i < rows->nr_rows; i++)
		row[i] -= shift;
	if (!HT_ROW_ADDRESS(row[1]))
		memmove(row, row + 1, --rows->nr_rows * sizeof(*row));
	table->base += shift;
	table->size -= shift;
}

/* Takes the arrays of @rows over. */
static int finish(struct rows *rows, const struct section *section, struct unwind_table **ret)
{
	struct unwind_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->base = section->code_start;
	table->size = section->code_size;
	trim(rows, table);
	memcpy(table->build_id, section->build_id, sizeof(table->build_id));
	table->nr_rows = rows->nr_rows;
	table->nr_rules = rows->nr_rules;
	table->nr_pages = (uint32_t)UNWIND_NR_PAGES(table->size);
	table->pages = calloc(table->nr_pages + 1, sizeof(*table->pages));
	table->rows = realloc(rows->rows, rows->nr_rows * sizeof(*rows->rows));
	if (table->rows)
		rows->rows = NULL;
	table->rules = realloc(rows->rules, rows->nr_rules * sizeof(*rows->rules));
	if (table->rules)
		rows->rules = NULL;
	if (!table->pages || !table->rows || !table->rules) {
		unwind_table_free(table);
		return -ENOMEM;
	}
	fill_pages(table);
	*ret = table;
	return 0;
}

static int build(const struct section *section, const struct cfi *cfi, struct unwind_table **ret,
		 struct diag *diag)
{
	struct rows rows;
	int err;

	err = rows_init(&rows);
	if (!err) {
		add_functions(&rows, section, cfi);
		err = rows.err;
		if (!err)
			err = finish(&rows, section, ret);
		rows_done(&rows);
	}
	if (err == -E2BIG)
		return diag_fail(diag, err, "its unwind table has more than %u rows", ROWS_MAX);
	if (err)
		return diag_fail(diag, err, "out of memory building its unwind table");
	return 0;
}

int unwind_table_build(int fd, struct unwind_table **ret, struct diag *diag)
{
	struct section section;
	struct cfi cfi = {0};
	int err;

	err = section_read(fd, &section, diag);
	if (err)
		return err;
	err = cfi_read(&section, &cfi, diag);
	if (!err)
		err = build(&section, &cfi, ret, diag);
	cfi_done(&cfi);
	section_done(&section);
	return err;
}

void unwind_table_free(struct unwind_table *table)
{
	if (!table)
		return;
	free(table->rows);
	free(table->pages);
	free(table->rules);
	free(table);
}

struct ht_rule unwind_table_lookup(const struct unwind_table *table, uint64_t vaddr)
{
	uint64_t address = vaddr - table->base, page;
	uint32_t low, high;

	if (address >= table->size)
		return table->size ? unknown : none;
	page = table->pages[address >> HT_UNWIND_PAGE_SHIFT];
	low = HT_PAGE_FIRST(page);
	high = HT_PAGE_LAST(page);
	while (low < high) { /* the last row that begins at or before the address */
		uint32_t middle = high - (high - low) / 2;

		if (HT_ROW_ADDRESS(table->rows[middle]) <= address)
			low = middle;
		else
			high = middle - 1;
	}
	return table->rules[HT_ROW_RULE(table->rows[low])];
}
