// SPDX-License-Identifier: Apache-2.0
/* Read from the binaries of Node 18 to 26 by calling the function that makes the text;
 * tests/e2e/test_gc.py does so again. */
#include "v8/gc_reason.h"

#include <stddef.h>

#include "heaptap/gc.h"

static const char *const reasons[] = {
	"unknown",
	"allocation failure",
	"allocation limit",
	"context disposal",
	"counters extension",
	"debugger",
	"deserialize",
	"external memory pressure",
	"finalize incremental marking via stack guard",
	"finalize incremental marking via task",
	"full hash-table",
	"heap profiler",
	"task",
	"last resort",
	"low memory notification",
	"make heap iterable",
	"memory pressure",
	"memory reducer",
	"runtime",
	"sampling profiler",
	"snapshot creator",
	"testing",
	"external finalize",
	"global allocation limit",
	"measure memory",
	"background allocation failure",
	"finalize concurrent MinorMS",
	"CppHeap allocation failure",
	"frozen",
	"idle context disposal",
	"finalize MinorMS for major GC",
};

#define FINALIZE_MINOR 26

const char *gc_reason_text(int v8_major, unsigned int reason)
{
	if (reason == FINALIZE_MINOR && v8_major && v8_major < 12)
		return "finalize MinorMC";
	return reason < sizeof(reasons) / sizeof(reasons[0]) ? reasons[reason] : NULL;
}

const char *gc_kind_text(unsigned int kind)
{
	static const char *const kinds[HT_NR_GC_KINDS] = {
		[HT_GC_SCAVENGE] = "scavenge",
		[HT_GC_MARK_COMPACT] = "mark-compact",
		[HT_GC_MINOR_MARK_COMPACT] = "minor mark-compact",
	};

	return kind < HT_NR_GC_KINDS ? kinds[kind] : "unknown";
}
