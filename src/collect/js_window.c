// SPDX-License-Identifier: Apache-2.0
/* Regression through the origin. An interval's variance grows with its samples, so it is weighted
 * by their inverse; then the weights explain the sum of all bytes exactly. */
#include "collect/js_window.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The counters are the thread's; another heap at the same address has another thread. */
static struct js_heap *find(const struct js_window *window, uint64_t heap, uint32_t tid)
{
	for (size_t i = 0; i < window->nr_heaps; i++)
		if (window->heaps[i].heap == heap && window->heaps[i].tid == tid)
			return &window->heaps[i];
	return NULL;
}

static void add_interval(struct js_window *window, const struct js_heap *from,
			 const struct ht_gc_event *to)
{
	double bytes = (double)to->before - (double)from->after -
		       (double)(to->js_exact_bytes - from->js_exact_bytes);
	double x[2], all;

	for (int i = 0; i < 2; i++)
		x[i] = to->js_samples[i] - from->js_samples[i];
	all = x[0] + x[1];
	window->bytes += bytes;
	if (all <= 0)
		return;
	window->nr_intervals++;
	for (int i = 0; i < 2; i++) {
		window->samples[i] += x[i];
		window->xy[i] += x[i] * bytes / all;
		for (int k = 0; k < 2; k++)
			window->xx[i][k] += x[i] * x[k] / all;
	}
	window->yy += bytes * bytes / all;
}

int js_window_add(struct js_window *window, const struct ht_gc_event *event)
{
	struct js_heap *heap, *heaps;

	if (event->missing)
		return 0;
	heap = find(window, event->heap, event->tid);
	if (!heap) {
		heaps = reallocarray(window->heaps, window->nr_heaps + 1, sizeof(*heaps));
		if (!heaps)
			return -ENOMEM;
		window->heaps = heaps;
		heap = &heaps[window->nr_heaps++];
	} else {
		add_interval(window, heap, event);
	}
	*heap = (struct js_heap){.tid = event->tid,
				 .heap = event->heap,
				 .after = event->after,
				 .js_samples = {event->js_samples[0], event->js_samples[1]},
				 .js_exact_bytes = event->js_exact_bytes};
	return 0;
}

void js_window_done(struct js_window *window)
{
	free(window->heaps);
	memset(window, 0, sizeof(*window));
}

/* Measured on Node 18 to 26 with programs that make objects, strings, and parse JSON: 4.3 to 6.6
 * samples a MiB, and some 35 while the heap is being marked. */
static void known_weight(int v8_major, struct js_weight *ret)
{
	double per_mib = v8_major <= 10 ? 5.5 : v8_major == 11 ? 5.0 : 6.0;

	*ret = (struct js_weight){.bytes = {(1 << 20) / per_mib, (1 << 20) / 35.0}};
	for (int i = 0; i < 2; i++)
		ret->var[i][i] = ret->bytes[i] * ret->bytes[i] / 16;
}

/* The same weight for all samples. */
static void one_weight(const struct js_window *window, struct js_weight *ret)
{
	double n = window->nr_intervals, samples = window->samples[0] + window->samples[1];
	double w = window->bytes / samples, var;

	/* Of the weighted sums those over both kinds of samples are plain ones. */
	var = (window->yy - w * window->bytes) / (n - 1) / samples;
	*ret = (struct js_weight){.bytes = {w, w}, .measured = true};
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			ret->var[i][k] = var > 0 ? var : 0;
}

/* Least squares, intervals weighted by their samples. False when the intervals do not tell the two
 * apart. */
static bool two_weights(const struct js_window *window, struct js_weight *ret)
{
	const double(*xx)[2] = window->xx, *xy = window->xy;
	double det = xx[0][0] * xx[1][1] - xx[0][1] * xx[1][0], var, w[2];

	if (window->nr_intervals < 4 || window->samples[0] < JS_WINDOW_MIN_SAMPLES ||
	    window->samples[1] < JS_WINDOW_MIN_SAMPLES || det <= 0.01 * xx[0][0] * xx[1][1])
		return false;
	w[0] = (xy[0] * xx[1][1] - xy[1] * xx[0][1]) / det;
	w[1] = (xy[1] * xx[0][0] - xy[0] * xx[1][0]) / det;
	if (w[0] <= 0 || w[1] <= 0)
		return false;
	var = (window->yy - w[0] * xy[0] - w[1] * xy[1]) / (window->nr_intervals - 2.0) / det;
	if (var < 0)
		var = 0;
	*ret = (struct js_weight){
		.bytes = {w[0], w[1]},
		.var = {{var * xx[1][1], -var * xx[0][1]}, {-var * xx[1][0], var * xx[0][0]}},
		.measured = true,
	};
	return true;
}

void js_window_weight(const struct js_window *window, int v8_major, struct js_weight *ret)
{
	if (window->nr_intervals < 2 || window->bytes <= 0 ||
	    window->samples[0] + window->samples[1] < JS_WINDOW_MIN_SAMPLES)
		known_weight(v8_major, ret);
	else if (!two_weights(window, ret))
		one_weight(window, ret);
}

double js_weight_error(const struct js_weight *weight, const double samples[2])
{
	double var = 0;

	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			var += samples[i] * samples[k] * weight->var[i][k];
	return var > 0 ? sqrt(var) : 0;
}
