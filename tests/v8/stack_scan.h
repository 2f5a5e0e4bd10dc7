/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JavaScript frames of the main thread of a process that is blocked in a system call, found by
 * its frame pointers: what the walker in the kernel hands to the resolver, for tests of the
 * resolver alone.
 */
#ifndef HEAPTAP_TESTS_V8_STACK_SCAN_H
#define HEAPTAP_TESTS_V8_STACK_SCAN_H

#include <stdint.h>
#include <sys/types.h>

#include "v8/layout.h"

struct scan_frame {
	struct ht_js_frame js;
	uint64_t pc;
};

struct scan {
	struct v8_layout layout;
	uint64_t blob_offset; /* of the builtins, in the file */
	struct scan_frame frames[HT_MAX_JS_FRAMES];
	uint32_t nr_frames;
	double layout_ms; /* v8_layout_read() alone */
};

/* 0 or -errno, then *ret_why says what failed. @ret is zeroed, or of the same process before: then
 * its layout is not read again. */
int stack_scan(pid_t pid, struct scan *ret, const char **ret_why);

#endif
