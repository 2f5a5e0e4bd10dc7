// SPDX-License-Identifier: Apache-2.0
/* The model of the live view: growth and rates of two snapshots, order, filter, groups, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/top_lines.h"
#include "cmd/top_rows.h"

#define SECOND 1000000000ULL

struct fixture {
	struct profile *profile;
	struct top_rows rows;
};

static uint32_t add_location(struct profile *profile, const char *name, const char *file,
			     int64_t number)
{
	struct profile_function function = {.name = name, .system_name = name, .file = file};
	struct profile_line line = {.line = number};
	struct profile_location location = {.mapping = PROFILE_NONE, .nr_lines = 1, .lines = &line};
	uint32_t index;

	assert_int_equal(profile_add_function(profile, &function, &line.function), 0);
	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

/* malloc <- @site <- @caller, by process @pid. Returns its sample. */
static uint32_t add_stack(struct profile *profile, const char *site, int64_t line,
			  const char *caller, int64_t pid, const char *comm)
{
	uint32_t locations[] = {add_location(profile, "malloc", "", 0),
				add_location(profile, site, "/src/a.c", line),
				add_location(profile, caller, "/src/b.c", 1)};
	struct profile_label labels[] = {
		{.key = "pid", .number = pid, .unit = ""},
		{.key = "comm", .string = comm},
		{.key = "stack", .number = profile->nr_samples, .unit = ""},
	};
	struct profile_sample sample = {
		.locations = locations, .nr_locations = 3, .labels = labels, .nr_labels = 3};

	assert_int_equal(profile_add_sample(profile, &sample), 0);
	return profile->nr_samples - 1;
}

/* Two stacks of one site line, one of another line. */
static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct top_view view = {.metric = METRIC_INUSE_SPACE};

	fixture->profile = profile_new();
	assert_int_equal(profile_set_note(fixture->profile, "targets", "several"), 0);
	add_stack(fixture->profile, "cache", 10, "serve", 1, "web");
	add_stack(fixture->profile, "cache", 10, "warm", 2, "web");
	add_stack(fixture->profile, "log", 20, "serve", 1, "web");
	top_rows_init(&fixture->rows, fixture->profile, &view, 10 * SECOND);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	top_rows_done(&fixture->rows);
	profile_free(fixture->profile);
	free(fixture);
	return 0;
}

static void add(struct top_rows *rows, uint32_t sample, double live, double allocated)
{
	const struct top_figures figures = {{
		[METRIC_INUSE_SPACE] = live,
		[METRIC_INUSE_OBJECTS] = live / 10,
		[METRIC_ALLOC_SPACE] = allocated,
		[METRIC_ALLOC_OBJECTS] = allocated / 10,
	}};

	assert_int_equal(top_rows_add(rows, sample, &figures), 0);
}

/* Two refreshes, 2 s apart: the cache grows by 500/s, the log shrinks by 100/s. */
static void refresh_twice(struct top_rows *rows)
{
	top_rows_begin(rows, 11 * SECOND);
	add(rows, 0, 1000, 1000);
	add(rows, 2, 3000, 9000);
	assert_int_equal(top_rows_end(rows), 0);
	top_rows_begin(rows, 13 * SECOND);
	add(rows, 0, 1500, 2000);
	add(rows, 1, 500, 500);
	add(rows, 2, 2800, 19000);
	assert_int_equal(top_rows_end(rows), 0);
}

static const struct top_row *at(const struct top_rows *rows, uint32_t place)
{
	assert_true(place < rows->nr_order);
	return &rows->rows[rows->order[place]];
}

static void assert_figure(const struct top_rows *rows, const char *name, enum top_column column,
			  double expected)
{
	uint32_t row;

	assert_true(top_rows_find(rows, name, &row));
	assert_float_equal(top_rows_figure(rows, &rows->rows[row].history, column), expected, 1e-6);
}

static void test_figures(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;

	refresh_twice(rows);
	assert_int_equal(rows->nr_order, 2);
	assert_figure(rows, "cache  a.c:10", TOP_VALUE, 2000);
	assert_figure(rows, "cache  a.c:10", TOP_GROWTH, 500);
	assert_figure(rows, "cache  a.c:10", TOP_RATE, 750);
	assert_figure(rows, "cache  a.c:10", TOP_OTHER, 200);
	assert_figure(rows, "cache  a.c:10", TOP_AGE, 3);
	assert_figure(rows, "log  a.c:20", TOP_GROWTH, -100);
	assert_figure(rows, "log  a.c:20", TOP_RATE, 5000);
	assert_figure(rows, "log  a.c:20", TOP_SHARE, 100 * 2800 / 4800.0);
	assert_float_equal(rows->total.now.values[METRIC_INUSE_SPACE], 4800, 0);
	/* seen since the refresh before */
	assert_int_equal(rows->stacks[1].history.first_ns, 11 * SECOND);
}

static void test_gone(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;

	refresh_twice(rows);
	top_rows_begin(rows, 14 * SECOND);
	add(rows, 0, 1500, 2000);
	assert_int_equal(top_rows_end(rows), 0);
	assert_int_equal(rows->nr_order, 1);
	assert_figure(rows, "cache  a.c:10", TOP_GROWTH, 0);
	assert_float_equal(rows->total.now.values[METRIC_INUSE_SPACE], 1500, 0);
	/* giving back is no negative allocation */
	assert_float_equal(top_rows_figure(rows, &rows->total, TOP_RATE), 0, 0);
	assert_float_equal(top_rows_figure(rows, &rows->total, TOP_GROWTH), -3300, 1e-6);
}

static void sort(struct top_rows *rows, enum top_column column, bool reverse)
{
	struct top_view view = rows->view;

	view.sort = column;
	view.reverse = reverse;
	assert_int_equal(top_rows_set_view(rows, &view), 0);
}

static void test_order(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;

	refresh_twice(rows);
	assert_string_equal(at(rows, 0)->name, "log  a.c:20");
	sort(rows, TOP_VALUE, true);
	assert_string_equal(at(rows, 0)->name, "cache  a.c:10");
	sort(rows, TOP_GROWTH, false);
	assert_string_equal(at(rows, 0)->name, "cache  a.c:10");
	sort(rows, TOP_RATE, false);
	assert_string_equal(at(rows, 0)->name, "log  a.c:20");
	sort(rows, TOP_NAME, false);
	assert_string_equal(at(rows, 0)->name, "cache  a.c:10");
	sort(rows, TOP_NAME, true);
	assert_string_equal(at(rows, 0)->name, "log  a.c:20");
	sort(rows, TOP_AGE, false); /* equal: as they came */
	assert_string_equal(at(rows, 0)->name, "cache  a.c:10");
}

static void test_filter(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;
	char why[128] = "";

	refresh_twice(rows);
	assert_int_equal(top_rows_filter(rows, "^warm", why, sizeof(why)), 0);
	assert_int_equal(rows->nr_order, 1);
	assert_int_equal(at(rows, 0)->nr_stacks, 1);
	assert_figure(rows, "cache  a.c:10", TOP_VALUE, 500);
	/* of everything, shown or not */
	assert_float_equal(rows->total.now.values[METRIC_INUSE_SPACE], 4800, 0);
	assert_int_equal(top_rows_filter(rows, "(", why, sizeof(why)), -EINVAL);
	assert_true(*why);
	assert_string_equal(rows->pattern, "^warm");
	assert_int_equal(top_rows_filter(rows, "a\\.c:20$", why, sizeof(why)), 0);
	assert_string_equal(at(rows, 0)->name, "log  a.c:20");
	assert_int_equal(top_rows_filter(rows, "nobody", why, sizeof(why)), 0);
	assert_int_equal(rows->nr_order, 0);
	assert_int_equal(top_rows_filter(rows, "", why, sizeof(why)), 0);
	assert_int_equal(rows->nr_order, 2);
	assert_null(rows->pattern);
}

static void test_groups(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;
	struct top_view view;

	refresh_twice(rows);
	view = rows->view;
	view.by = BY_PID;
	assert_int_equal(top_rows_set_view(rows, &view), 0);
	assert_int_equal(rows->nr_order, 2);
	assert_figure(rows, "1 web", TOP_VALUE, 4300);
	assert_figure(rows, "2 web", TOP_VALUE, 500);
	view.by = BY_COMM;
	assert_int_equal(top_rows_set_view(rows, &view), 0);
	assert_int_equal(rows->nr_order, 1);
	assert_figure(rows, "web", TOP_VALUE, 4800);
	view.by = BY_NOTHING;
	assert_int_equal(top_rows_set_view(rows, &view), 0);
	assert_figure(rows, "cache  a.c:10", TOP_VALUE, 2000);
}

static void test_metrics(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;
	struct top_view view;

	refresh_twice(rows);
	view = rows->view;
	view.metric = METRIC_ALLOC_OBJECTS;
	assert_int_equal(top_rows_set_view(rows, &view), 0);
	assert_figure(rows, "log  a.c:20", TOP_VALUE, 1900);
	assert_figure(rows, "log  a.c:20", TOP_OTHER, 19000);
	assert_figure(rows, "log  a.c:20", TOP_GROWTH, -10);
	assert_figure(rows, "log  a.c:20", TOP_RATE, 500);
}

/* The stack that comes later is placed when it is met; those between have nothing. */
static void test_new_stack(void **state)
{
	struct fixture *fixture = *state;
	struct top_rows *rows = &fixture->rows;
	const struct profile_mapping mapping = {.limit = 4096, .file = "/lib/late.so"};
	uint32_t sample, index;

	refresh_twice(rows);
	assert_int_equal(profile_add_mapping(fixture->profile, &mapping, &index), 0);
	sample = add_stack(fixture->profile, "late", 30, "serve", 1, "web");
	top_rows_begin(rows, 14 * SECOND);
	add(rows, sample, 70, 70);
	add(rows, sample, 30, 30);
	assert_int_equal(top_rows_end(rows), 0);
	assert_int_equal(rows->nr_order, 1);
	assert_figure(rows, "late  a.c:30", TOP_VALUE, 100);
	assert_figure(rows, "late  a.c:30", TOP_AGE, 1);
}

static void test_stacks(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;
	uint32_t row, *samples;

	refresh_twice(rows);
	assert_true(top_rows_find(rows, "cache  a.c:10", &row));
	assert_int_equal(top_rows_stacks(rows, row, &samples), 2);
	assert_int_equal(samples[0], 0);
	assert_int_equal(samples[1], 1);
	free(samples);
}

/* What a name does to a terminal, and how a line looks. */
static void test_text(void **state)
{
	struct fixture *fixture = *state;
	struct top_rows *rows = &fixture->rows;
	uint32_t sample, row;
	char text[4096] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	sample = add_stack(fixture->profile, "e\033[2Jvil\u00fc", 1, "x\ny", 1, "web");
	refresh_twice(rows);
	add(rows, sample, 2048, 4096);
	assert_int_equal(top_rows_end(rows), 0);
	assert_true(top_rows_find(rows, "e\033[2Jvil\u00fc  a.c:1", &row));
	top_lines_row(out, rows, &rows->rows[row].history, rows->rows[row].name,
		      (struct top_style){.narrow = true});
	putc('\n', out);
	top_lines_titles(out, rows, (struct top_style){.narrow = true});
	putc('\n', out);
	assert_int_equal(top_lines_stacks(out, rows, row), 0);
	fclose(out);
	assert_string_equal(text,
			    "    2.0K     +1.0K      2.0K      205    2.0s  e?[2Jvil\u00fc  a.c:1\n"
			    "   >live  growth/s   alloc/s  objects     age  site\n"
			    "stack 1 of 1: 2.0K live 29.9%, 205 objects, +1.0K/s, alloc 2.0K/s, "
			    "age 2.0s\n"
			    "    malloc\n"
			    "    e?[2Jvil\u00fc  a.c:1\n"
			    "    x?y  b.c:1\n");
}

static void test_header(void **state)
{
	struct top_rows *rows = &((struct fixture *)*state)->rows;
	struct top_line lines[TOP_MAX_HEADER];
	const struct top_facts facts = {.target = "pid 1 (web)",
					.elapsed_ns = 3 * SECOND,
					.allocs_per_s = 7,
					.error = -1,
					.rate = "exact",
					.lost = "3 things",
					.cost = "1.0% of one CPU (9 probe hits)",
					.rss = "+1K since the start",
					.ended = true};
	unsigned int nr;

	refresh_twice(rows);
	nr = top_lines_header(rows, &facts, (struct top_style){.exact = true}, lines);
	assert_int_equal(nr, 5);
	assert_string_equal(lines[0].text, "heaptap top  pid 1 (web)  3.0 s  ended");
	assert_string_equal(lines[1].text, "LOST: 3 things");
	assert_int_equal(lines[1].tone, TOP_LOST);
	assert_string_equal(lines[2].text,
			    "live 4800 bytes in 480 objects, +400/s; 7 allocations/s; exact");
	assert_string_equal(lines[3].text, "cost: 1.0% of one CPU (9 probe hits)");
	assert_string_equal(lines[4].text, "rss: +1K since the start");
}

static void test_columns(void **state)
{
	enum top_column column;

	(void)state;
	assert_int_equal(top_lines_parse_column("growth", &column), 0);
	assert_int_equal(column, TOP_GROWTH);
	assert_int_equal(top_lines_parse_column("bytes", &column), 0);
	assert_int_equal(column, TOP_OTHER);
	assert_int_equal(top_lines_parse_column("share", &column), -EINVAL);
	assert_int_equal(top_lines_parse_column("", &column), -EINVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_figures),
		TEST(test_gone),
		TEST(test_order),
		TEST(test_filter),
		TEST(test_groups),
		TEST(test_metrics),
		TEST(test_new_stack),
		TEST(test_stacks),
		TEST(test_text),
		TEST(test_header),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
