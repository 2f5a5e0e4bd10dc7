/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object's unwind table: its .eh_frame as rows, in the form of heaptap/unwind.h that the kernel
 * searches. Made once for a file, whatever processes map it; it keeps nothing of the file.
 *
 * Invariant: rows[] is sorted and its first row is at 0; rows without an FDE have rule 0 (NONE);
 * pages[] has an entry for every HT_UNWIND_PAGE of the code, whose indices lie within rows[].
 */
#ifndef HEAPTAP_UNWIND_TABLE_H
#define HEAPTAP_UNWIND_TABLE_H

#include <stdint.h>

#include "heaptap/unwind.h"
#include "util/diag.h"

#define UNWIND_BUILD_ID_SIZE 128 /* characters with the NUL */

#define UNWIND_NR_PAGES(size)                                                                      \
	(((size) + (1ULL << HT_UNWIND_PAGE_SHIFT) - 1) >> HT_UNWIND_PAGE_SHIFT)

struct unwind_table {
	uint64_t base; /* ELF vaddr the rows are relative to */
	uint64_t size; /* bytes of code, from base on; 0 when the object has none */
	uint32_t nr_rows, nr_pages, nr_rules;
	uint64_t *rows;			     /* HT_ROW; rules are indices into this table's */
	uint64_t *pages;		     /* HT_PAGE */
	struct ht_rule *rules;		     /* rules[0] is NONE */
	char build_id[UNWIND_BUILD_ID_SIZE]; /* lower-case hex, "" when there is none */
};

/*
 * @fd stays the caller's. An object without .eh_frame gets a table of NONE. 0 or -errno with @diag
 * filled (-ENOEXEC, -ENOTSUP, -EINVAL, -E2BIG, -ENOMEM, or of reading); the text does not name the
 * file. The memory taken meanwhile grows with the file, to at most 350 MiB.
 */
int unwind_table_build(int fd, struct unwind_table **ret, struct diag *diag);
void unwind_table_free(struct unwind_table *table); /* NULL allowed */

/* The rule at @vaddr, NONE outside. For a return address ask for the byte before it. */
struct ht_rule unwind_table_lookup(const struct unwind_table *table, uint64_t vaddr);

#endif
