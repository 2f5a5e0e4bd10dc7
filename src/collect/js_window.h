/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one sample of JavaScript's allocations stands for. Between two collections of a heap it is
 * known how much was allocated (before the later, less after the earlier) and how many samples
 * came, while the heap was being marked and while it was not; the two weights are those that
 * explain the bytes of all such intervals best, and their sum exactly. Arithmetic alone.
 */
#ifndef HEAPTAP_COLLECT_JS_WINDOW_H
#define HEAPTAP_COLLECT_JS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heaptap/gc.h"

struct js_heap {
	uint32_t tid;
	uint64_t heap, after, js_samples[2], js_exact_bytes; /* at its last collection */
};

struct js_window {
	size_t nr_heaps;
	struct js_heap *heaps;
	uint64_t nr_intervals; /* between collections */
	double bytes;	       /* of all intervals, without large objects, which say theirs */
	double samples[2];
	/* Sums over intervals, each divided by the interval's samples: of products of the samples,
	 * of samples and bytes, of bytes and bytes. */
	double xx[2][2], xy[2], yy;
};

/* 0 or -ENOMEM. A zeroed struct js_window is empty and ready. */
int js_window_add(struct js_window *window, const struct ht_gc_event *event);
void js_window_done(struct js_window *window);

struct js_weight {
	double bytes[2];  /* a sample stands for; [1]: while the heap is being marked */
	double var[2][2]; /* covariance of these */
	bool measured;	  /* by the collections; else what other programs had with this V8 */
};

/* Of fewer samples between collections than these, less is learned than is known of V8. */
#define JS_WINDOW_MIN_SAMPLES 20

void js_window_weight(const struct js_window *window, int v8_major, struct js_weight *ret);

/* One standard error of the bytes that so many samples stand for. */
double js_weight_error(const struct js_weight *weight, const double samples[2]);

#endif
