// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an object, or when they do not begin as ELF does as an .eh_frame section: reading
 * either fails with a message, or gives a table that keeps its invariants.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind/cfi.h"
#include "unwind/section.h"
#include "unwind/table.h"

#define VADDR 0x5000
#define CODE  0x1000
#define SIZE  0x10000

static void check(bool holds)
{
	if (!holds)
		abort();
}

struct last {
	uint64_t address, nr;
	const struct cfi_fde *fde;
};

static void emit(void *data, uint64_t address, struct ht_rule rule)
{
	struct last *last = data;

	check(address >= last->fde->start && address < last->fde->end);
	check(!last->nr || address > last->address);
	check(rule.cfa_kind > HT_CFA_NONE && rule.cfa_kind <= HT_CFA_BAD);
	last->address = address;
	last->nr++;
}

static void try_section(const uint8_t *data, size_t size, bool is_bounded)
{
	const struct section section = {
		.code_start = CODE,
		.code_size = SIZE,
		.bytes = (uint8_t *)data,
		.size = size,
		.vaddr = VADDR,
		.is_bounded = is_bounded,
	};
	struct diag diag = {""};
	struct cfi cfi;

	if (cfi_read(&section, &cfi, &diag)) {
		check(is_bounded && diag.text[0]);
		return;
	}
	for (uint32_t i = 0; i < cfi.nr_fdes; i++) {
		const struct cfi_fde *fde = &cfi.fdes[i];
		struct last last = {.fde = fde};
		const struct cfa_sink sink = {emit, &last};

		check(fde->start < fde->end && fde->end <= SIZE);
		check(!i || fde[-1].end <= fde->start);
		cfa_run(&cfi.cies[fde->cie].context, cfi_program(&cfi, fde), fde->start, fde->end,
			&sink);
		check(last.nr > 0 && last.nr <= (uint64_t)fde->program_size + 1);
	}
	cfi_done(&cfi);
}

static void check_table(const struct unwind_table *table)
{
	check(table->nr_rows && HT_ROW_ADDRESS(table->rows[0]) == 0);
	for (uint32_t i = 1; i < table->nr_rows; i++)
		check(HT_ROW_ADDRESS(table->rows[i - 1]) < HT_ROW_ADDRESS(table->rows[i]));
	for (uint64_t at = 0; at < table->size; at += 1 + table->size / 1000)
		check(unwind_table_lookup(table, table->base + at).cfa_kind <= HT_CFA_UNKNOWN);
}

static void try_object(const uint8_t *data, size_t size)
{
	struct unwind_table *table;
	struct diag diag = {""};
	int fd = memfd_create("object", MFD_CLOEXEC);

	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (!unwind_table_build(fd, &table, &diag)) {
		check_table(table);
		unwind_table_free(table);
	} else {
		check(diag.text[0]);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 4 && !memcmp(data, "\177ELF", 4)) {
		try_object(data, size);
		return 0;
	}
	try_section(data, size, true);
	try_section(data, size, false);
	return 0;
}
