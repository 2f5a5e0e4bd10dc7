/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a function the probe goes. The instruction under a uprobe decides what a hit costs: what
 * the kernel emulates takes one exception, anything else is single-stepped at 2 to 20 times that.
 * The choice is a pure function of the code bytes.
 *
 * Invariant: a chosen site is executed exactly once per call that enters at offset 0, the wanted
 * arguments are still in their registers there, and the return address is at rsp + 8 * pushes.
 */
#ifndef HEAPTAP_COLLECT_PROBE_SITE_H
#define HEAPTAP_COLLECT_PROBE_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Cheapest first. */
enum probe_site_class {
	PROBE_SITE_OPTIMIZED, /* a 5-byte nop that the kernel turns into a call (Linux 6.18) */
	PROBE_SITE_EMULATED,
	PROBE_SITE_STEPPED,
};

struct probe_site_wanted {
	uint32_t arguments; /* bit n: argument n is read, of rdi rsi rdx rcx r8 r9 */
	bool with_return;   /* a return probe too: rsp must be as at entry, pushes is 0 */
	bool long_nops;	    /* the kernel emulates nops of 2 to 8 bytes, see below */
};

struct probe_site {
	uint64_t offset; /* bytes from the function's entry */
	uint8_t pushes;	 /* words between rsp at the probe and the return address */
	enum probe_site_class class;
	char insn[192]; /* the instruction at the site, AT&T syntax */
};

/*
 * Chooses among the @size bytes @code of the function at @vaddr (as linked: only its place in the
 * page counts). When no instruction qualifies the site is the entry, PROBE_SITE_STEPPED. -EINVAL
 * for an empty or wrapping range or an argument beyond the six, -EILSEQ when the entry is not an
 * x86-64 instruction (a probe there would corrupt what it really is), -ENOMEM.
 */
int probe_site_choose(const uint8_t *code, size_t size, uint64_t vaddr,
		      const struct probe_site_wanted *wanted, struct probe_site *ret);

/* "optimized", "emulated", "single-stepped". */
const char *probe_site_class_name(enum probe_site_class class);

/* Whether this kernel emulates long nops and optimizes 5-byte ones, found by asking for the system
 * call that does the latter. */
bool probe_site_long_nops(void);

#endif
