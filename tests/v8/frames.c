// SPDX-License-Identifier: Apache-2.0
/*
 * frames PID [REPEAT [moved]]: the JavaScript stack of a process that is blocked in a system call,
 * by the resolver alone. One line of JSON for each line of source, youngest first; then one with
 * the times: of the first pass and of the fastest of REPEAT more. moved: as if the collector had
 * moved every function and its bytecode since. All of it again for each line of stdin.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stack_scan.h"
#include "v8/resolver.h"

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void print(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	puts(text ? text : "{}");
	free(text);
	json_decref(object);
}

static int resolve(struct v8_resolver *resolver, const struct scan *scan, uint32_t *places)
{
	for (uint32_t i = 0; i < scan->nr_frames; i++)
		if (v8_resolver_find(resolver, &scan->frames[i].js, &places[i]))
			return -1;
	return 0;
}

static void print_frame(const struct v8_resolver *resolver, const struct scan *scan, uint32_t i,
			uint32_t place)
{
	const struct v8_place *found = v8_resolver_place(resolver, place);

	if (!found)
		print(json_pack("{s:i,s:i,s:b}", "frame", i, "kind", scan->frames[i].js.kind,
				"unnamed", 1));
	for (uint32_t k = 0; found && k < found->nr_lines; k++) {
		const struct v8_line *line = &found->lines[k];

		print(json_pack("{s:i,s:i,s:s,s:s,s:i,s:i,s:i}", "frame", i, "kind",
				scan->frames[i].js.kind, "function", line->function, "script",
				line->script, "line", line->line, "column", line->column, "start",
				line->start_line));
	}
}

struct asked {
	pid_t pid;
	int nr_more;
	bool moved;
};

/* The stack of now. 0, or 1 after a message. */
static int show(const struct asked *asked, struct scan *scan)
{
	uint32_t places[HT_MAX_JS_FRAMES], again[HT_MAX_JS_FRAMES];
	double cold, cached = 0, start;
	struct v8_resolver_stats stats;
	struct v8_resolver *resolver;
	const char *why = "";

	if (stack_scan(asked->pid, scan, &why)) {
		fprintf(stderr, "frames: %d: cannot read %s: %s\n", asked->pid, why,
			scan->layout.note);
		return 1;
	}
	for (uint32_t i = 0; asked->moved && i < scan->nr_frames; i++)
		scan->frames[i].js.function = scan->frames[i].js.bytecode =
			scan->frames[i].js.script;
	resolver = v8_resolver_new(asked->pid, &scan->layout);
	start = now_us();
	if (!resolver || resolve(resolver, scan, places))
		return 1;
	cold = now_us() - start;
	v8_resolver_stats(resolver, &stats);
	for (int i = 0; i < asked->nr_more; i++) {
		double took;

		start = now_us();
		if (resolve(resolver, scan, again) ||
		    memcmp(places, again, scan->nr_frames * sizeof(*places)))
			return 1;
		took = now_us() - start;
		cached = !i || took < cached ? took : cached;
	}
	for (uint32_t i = 0; i < scan->nr_frames; i++)
		print_frame(resolver, scan, i, places[i]);
	print(json_pack("{s:f,s:f,s:f,s:I,s:i}", "layout_ms", scan->layout_ms, "cold_us", cold,
			"cached_us", cached, "reads", (json_int_t)stats.reads, "frames",
			scan->nr_frames));
	fflush(stdout);
	v8_resolver_free(resolver);
	return 0;
}

int main(int argc, char **argv)
{
	static struct scan scan;
	struct asked asked = {0};
	char line[8];
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: frames PID [REPEAT [moved]]\n");
		return 2;
	}
	asked.pid = atoi(argv[1]);
	asked.nr_more = argc > 2 ? atoi(argv[2]) : 0;
	asked.moved = argc > 3;
	do
		err = show(&asked, &scan);
	while (!err && fgets(line, sizeof(line), stdin));
	return err;
}
