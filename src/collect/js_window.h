/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one sample of JavaScript's allocations stands for. Between two collections of a heap it is
 * known how much was allocated (before the later, less after the earlier) and how many samples
 * came; the weight is the ratio of their sums. Arithmetic alone.
 */
#ifndef HEAPTAP_COLLECT_JS_WINDOW_H
#define HEAPTAP_COLLECT_JS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heaptap/gc.h"

struct js_heap {
	uint64_t heap, after, js_samples, js_exact_bytes; /* at its last collection */
};

struct js_window {
	size_t nr_heaps;
	struct js_heap *heaps;
	uint64_t nr_intervals; /* between collections */
	double bytes, samples; /* of all intervals; bytes without large objects, which say theirs */
	double bytes2, samples2, product; /* sums of squares and of bytes times samples */
};

/* 0 or -ENOMEM. A zeroed struct js_window is empty and ready. */
int js_window_add(struct js_window *window, const struct ht_gc_event *event);
void js_window_done(struct js_window *window);

struct js_weight {
	double bytes;  /* a sample stands for */
	double error;  /* one standard error of it, as a part of it */
	bool measured; /* by the collections; else what other programs had with this V8 */
};

/* Fewer samples between collections than these say less than what is known of V8. */
#define JS_WINDOW_MIN_SAMPLES 20

void js_window_weight(const struct js_window *window, int v8_major, struct js_weight *ret);

#endif
