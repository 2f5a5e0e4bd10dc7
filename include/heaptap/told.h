/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Processes that tell of their own allocations, of those that their own sampler picks: by the USDT
 * probes otel_memory:alloc(pointer, size, weighted bytes) and otel_memory:free(pointer), as the
 * OpenTelemetry eBPF profiler's design document 00003 has them.
 */
#ifndef HEAPTAP_TOLD_H
#define HEAPTAP_TOLD_H

#include <linux/types.h>

#include "heaptap/wire.h"

#define HT_TOLD_PROVIDER  "otel_memory"
#define HT_MAX_TOLD	  1024 /* places of such probes, of all files */
#define HT_TOLD_ARGUMENTS 3

enum ht_told_kind { HT_TOLD_NUMBER, HT_TOLD_REGISTER, HT_TOLD_MEMORY };

enum ht_told_register {
	HT_TOLD_RAX,
	HT_TOLD_RBX,
	HT_TOLD_RCX,
	HT_TOLD_RDX,
	HT_TOLD_RSI,
	HT_TOLD_RDI,
	HT_TOLD_RBP,
	HT_TOLD_RSP,
	HT_TOLD_R8,
	HT_TOLD_R9,
	HT_TOLD_R10,
	HT_TOLD_R11,
	HT_TOLD_R12,
	HT_TOLD_R13,
	HT_TOLD_R14,
	HT_TOLD_R15,
	HT_TOLD_NR_REGISTERS,
};
#define HT_TOLD_NO_REGISTER 255

/* MEMORY: what lies at number + base + index * scale. */
struct ht_told_argument {
	__u8 kind; /* enum ht_told_kind */
	__s8 size; /* bytes; negative: signed */
	__u8 base, index;
	__u8 scale;
	__u8 spare[3];
	__s64 number;
};

/* One place; ht_cookie.site is its index. */
struct ht_told {
	struct ht_told_argument arguments[HT_TOLD_ARGUMENTS];
};
HT_ASSERT(sizeof(struct ht_told) == 48);

#endif
