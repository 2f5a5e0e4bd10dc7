// SPDX-License-Identifier: Apache-2.0
/*
 * tables OBJECT...: what unwind tables cost. For each object a line with tabs between: its path,
 * rows, rules, bytes of kernel memory, milliseconds to build, milliseconds to load from the cache;
 * the medians of nine times. A last line "total" adds up.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "unwind/cache.h"
#include "unwind/table.h"

#define NR_TIMES 9

struct cost {
	uint64_t nr_rows, nr_rules, size;
	double build_ms, load_ms;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Builds without a cache, or loads from one that has the table. */
static int measure(int fd, const struct unwind_cache *cache, double *ret_ms, struct cost *cost,
		   struct diag *diag)
{
	double times[NR_TIMES];

	for (int i = 0; i < NR_TIMES; i++) {
		struct unwind_table *table;
		double start = now_ms();
		int err = cache ? unwind_cache_load(cache, fd, &table)
				: unwind_table_build(fd, &table, diag);

		if (err)
			return err;
		times[i] = now_ms() - start;
		cost->nr_rows = table->nr_rows;
		cost->nr_rules = table->nr_rules;
		cost->size = 8 * ((uint64_t)table->nr_rows + table->nr_pages + table->nr_rules);
		unwind_table_free(table);
	}
	qsort(times, NR_TIMES, sizeof(*times), compare);
	*ret_ms = times[NR_TIMES / 2];
	return 0;
}

static int measure_object(const char *path, const struct unwind_cache *cache, struct cost *ret)
{
	struct unwind_table *table = NULL;
	struct diag diag = {""};
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return -1;
	}
	err = measure(fd, NULL, &ret->build_ms, ret, &diag);
	if (!err)
		err = unwind_cache_get_table(cache, fd, &table, &diag);
	if (!err)
		err = measure(fd, cache, &ret->load_ms, ret, &diag);
	if (err)
		fprintf(stderr, "%s: %s\n", path, *diag.text ? diag.text : strerror(-err));
	unwind_table_free(table);
	close(fd);
	return err;
}

static void print(const char *name, const struct cost *cost)
{
	printf("%s\t%llu\t%llu\t%llu\t%.2f\t%.2f\n", name, (unsigned long long)cost->nr_rows,
	       (unsigned long long)cost->nr_rules, (unsigned long long)cost->size, cost->build_ms,
	       cost->load_ms);
}

int main(int argc, char **argv)
{
	char home[] = "/tmp/heaptap-tables-XXXXXX", command[64];
	struct cost total = {0};
	struct unwind_cache *cache;
	struct diag diag;
	int err = 0;

	if (!mkdtemp(home) || setenv("XDG_CACHE_HOME", home, 1) ||
	    unwind_cache_open(&cache, &diag)) {
		fprintf(stderr, "tables: cannot make a cache in /tmp\n");
		return 1;
	}
	for (int i = 1; i < argc && !err; i++) {
		struct cost cost;

		err = measure_object(argv[i], cache, &cost);
		if (err)
			break;
		print(argv[i], &cost);
		total.nr_rows += cost.nr_rows;
		total.nr_rules += cost.nr_rules;
		total.size += cost.size;
		total.build_ms += cost.build_ms;
		total.load_ms += cost.load_ms;
	}
	print("total", &total);
	unwind_cache_close(cache);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	return system(command) || err ? 1 : 0;
}
