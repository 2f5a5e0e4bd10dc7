/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of an .eh_frame section (LSB 5.0 Core, 10.6): which function's instructions are
 * where, and what they share. Not the instructions themselves, those are cfa.h's.
 *
 * Invariant: fdes[] is sorted by start, starts differ, and no two overlap. Of FDEs with one start
 * the first in the section is kept; an FDE ends where the next begins. So an address belongs to
 * the FDE with the nearest start below it, as for the binary search of libgcc.
 */
#ifndef HEAPTAP_UNWIND_CFI_H
#define HEAPTAP_UNWIND_CFI_H

#include <stdint.h>

#include "unwind/cfa.h"
#include "util/diag.h"

#define CFI_MAX_FDES (2U << 20) /* 40 MiB of struct cfi_fde */
#define CFI_MAX_CIES (1U << 18)

struct section;

struct cfi_cie {
	uint32_t offset; /* in the section */
	uint8_t pointer_encoding;
	bool is_augmented; /* its FDEs have augmentation data */
	struct cfa_context context;
};

struct cfi_fde {
	uint32_t start, end; /* vaddr less section->code_start; start < end */
	uint32_t cie;	     /* index */
	uint32_t program, program_size;
};

struct cfi {
	uint32_t nr_cies, nr_fdes;
	struct cfi_cie *cies;
	struct cfi_fde *fdes;
	const uint8_t *bytes; /* the section's, which must outlive this */
};

/*
 * FDEs outside of the code and those of a CIE we cannot read (unknown augmentation, another return
 * address column) are left out. 0; -EINVAL when an entry does not fit the section, -E2BIG, -ENOMEM,
 * with @diag filled. cfi_done() allows what is zeroed.
 */
int cfi_read(const struct section *section, struct cfi *ret, struct diag *diag);
void cfi_done(struct cfi *cfi);

struct bytes cfi_program(const struct cfi *cfi, const struct cfi_fde *fde);

#endif
