// SPDX-License-Identifier: Apache-2.0
/* Differences: what is the same function in two profiles, and what the numbers of a change are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/diff.h"
#include "profile/label.h"
#include "profile/stack.h"

#define MAX_FRAMES 4

struct place {
	const char *name, *file, *module, *build_id;
	int64_t line;
	uint64_t address;
};

struct stack_literal {
	int64_t bytes, error; /* of inuse_space; error 0: none said */
	const char *comm;
	struct place places[MAX_FRAMES]; /* leaf first */
};

#define MALLOC                                                                                     \
	{                                                                                          \
		"malloc", NULL, "/lib/libc.so.6", NULL, 0, 0x10                                    \
	}

static void add_place(struct profile *profile, const struct place *place, uint32_t *ret)
{
	const struct profile_mapping mapping = {.start = place->address & ~0xfffUL,
						.limit = (place->address & ~0xfffUL) + 0x1000,
						.file = place->module,
						.build_id = place->build_id};
	const struct profile_function function = {
		.name = place->name, .system_name = place->name, .file = place->file};
	struct profile_line line = {.line = place->line};
	struct profile_location location = {
		.address = place->address, .mapping = PROFILE_NONE, .lines = &line};

	if (place->module)
		assert_int_equal(profile_add_mapping(profile, &mapping, &location.mapping), 0);
	if (*place->name) {
		location.nr_lines = 1;
		assert_int_equal(profile_add_function(profile, &function, &line.function), 0);
	}
	assert_int_equal(profile_add_location(profile, &location, ret), 0);
}

static void add(struct profile *profile, const struct stack_literal *literal)
{
	struct profile_label labels[2];
	uint32_t locations[MAX_FRAMES];
	struct profile_sample sample = {.locations = locations, .labels = labels};

	sample.values[METRIC_INUSE_SPACE] = sample.values[METRIC_ALLOC_SPACE] = literal->bytes;
	if (literal->error)
		labels[sample.nr_labels++] = (struct profile_label){
			.key = LABEL_INUSE_ERROR, .number = literal->error, .unit = "bytes"};
	if (literal->comm)
		labels[sample.nr_labels++] =
			(struct profile_label){.key = "comm", .string = literal->comm};
	for (int i = 0; i < MAX_FRAMES && literal->places[i].name; i++)
		add_place(profile, &literal->places[i], &locations[sample.nr_locations++]);
	assert_int_equal(profile_add_sample(profile, &sample), 0);
}

static struct profile *make(const struct stack_literal *literals, size_t nr)
{
	struct profile *profile = profile_new();

	profile->period = 1;
	for (size_t i = 0; i < nr; i++)
		add(profile, &literals[i]);
	return profile;
}

/* The difference of a profile of @base and one of @new, one stack each. */
static struct diff compare_one(const struct stack_literal *base, const struct stack_literal *new)
{
	struct profile *a = make(base, 1), *b = make(new, 1);
	struct diff diff;

	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	profile_free(a);
	profile_free(b);
	return diff;
}

/* That frame of a stack, in BASE and in NEW, is @same function. */
static void expect_same(const struct place *base, const struct place *new, bool same)
{
	struct stack_literal a = {100, 0, NULL, {MALLOC}}, b = {150, 0, NULL, {MALLOC}};
	struct diff diff;

	a.places[1] = *base;
	b.places[1] = *new;
	diff = compare_one(&a, &b);
	assert_int_equal(diff.profile->nr_samples, same ? 1 : 2);
	assert_int_equal(profile_total(diff.profile, METRIC_INUSE_SPACE), 50);
	if (same) {
		assert_int_equal(diff.entries[0].parts[DIFF_BASE].values[METRIC_INUSE_SPACE], 100);
		assert_int_equal(diff.entries[0].parts[DIFF_NEW].values[METRIC_INUSE_SPACE], 150);
		assert_int_equal(diff_judge(&diff.entries[0], METRIC_INUSE_SPACE), DIFF_GREW);
	}
	diff_done(&diff);
}

#define EXPECT(same, base, new)                                                                    \
	expect_same(&(const struct place)base, &(const struct place) new, same)
#define P(...)                                                                                     \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static void test_identity(void **state)
{
	(void)state;
	/* addresses, lines, directories, build ids */
	EXPECT(true, P("f", "/b/1/a.c", "/opt/1/app", "aa", 5, 0x1000),
	       P("f", "/b/2/a.c", "/opt/2/app", "bb", 9, 0x77000));
	/* another function; another module */
	EXPECT(false, P("f", "a.c", "app", NULL, 5, 0x1000), P("g", "a.c", "app", NULL, 5, 0x1000));
	EXPECT(false, P("f", "a.c", "[vdso]", NULL, 5, 0x1000),
	       P("f", "a.c", "libx.so", NULL, 5, 0x1000));
	/* a function that moved to another file is itself */
	EXPECT(true, P("f", "a.c", "app", NULL, 5, 0x1000), P("f", "b.c", "app", NULL, 5, 0x1000));
	/* versions of a library, and one that was replaced while it was mapped */
	EXPECT(true, P("f", "", "/lib/libx.so.1.2", "aa", 0, 0x1000),
	       P("f", "", "/lib/libx.so.2 (deleted)", "bb", 0, 0x2000));
	/* clones */
	EXPECT(true, P("f", "", "app", NULL, 0, 0x1000),
	       P("f.constprop.0.isra.3", "", "app", NULL, 0, 1));
	EXPECT(true, P("a::f(int)", "", "app", NULL, 0, 0x1000),
	       P("a::f(int) [clone .cold]", "", "app", NULL, 0, 1));
	EXPECT(true, P("a::f::h0123456789abcdef", "", "app", NULL, 0, 0x1000),
	       P("a::f::hfedcba9876543210", "", "app", NULL, 0, 1));
	EXPECT(false, P("main.f", "", "app", NULL, 0, 0x1000), P("main.g", "", "app", NULL, 0, 1));
	EXPECT(false, P("f.partial", "", "app", NULL, 0, 0x1000), P("f", "", "app", NULL, 0, 1));
	/* another allocator */
	EXPECT(true, P("malloc", "", "/lib/libc.so.6", "aa", 0, 0x1000),
	       P("malloc", "", "/lib/libjemalloc.so.2", "bb", 0, 1));
	/* without symbols: the module */
	EXPECT(true, P("", NULL, "/lib/libx.so.1", "aa", 0, 0x1000),
	       P("", NULL, "/lib/libx.so.1", "aa", 0, 0x1234));
	EXPECT(true, P("", NULL, NULL, NULL, 0, 0x1000), P("", NULL, NULL, NULL, 0, 0x1234));
	/* JavaScript: name and script */
	EXPECT(true, P("f", "/srv/1/app.js", "[js]", NULL, 5, 0),
	       P("f", "/srv/2/app.js", "[js]", NULL, 7, 0));
	EXPECT(false, P("f", "/srv/1/app.js", "[js]", NULL, 5, 0),
	       P("f", "/srv/1/lib.js", "[js]", NULL, 5, 0));
	EXPECT(true, P("f", "/1/node_modules/a/index.js", "[js]", NULL, 5, 0),
	       P("f", "/2/node_modules/a/index.js", "[js]", NULL, 5, 0));
	EXPECT(false, P("f", "/1/node_modules/a/index.js", "[js]", NULL, 5, 0),
	       P("f", "/1/node_modules/b/index.js", "[js]", NULL, 5, 0));
}

/* The main binary under another name is the program; a library under another name is one by its
 * build id. */
static void test_renamed(void **state)
{
	const struct stack_literal base[] = {
		{10, 0, NULL, {P("main", "m.c", "/opt/app-1.0", "aa", 1, 0x1000)}},
		{20, 0, NULL, {P("f", "f.c", "/opt/plug-a", "cc", 1, 0x5000)}},
	};
	const struct stack_literal new[] = {
		{11, 0, NULL, {P("main", "m.c", "/opt/app-1.1", "bb", 1, 0x2000)}},
		{22, 0, NULL, {P("f", "f.c", "/opt/plug-b", "cc", 1, 0x6000)}},
	};
	struct profile *a = make(base, 2), *b = make(new, 2);
	struct diff diff;

	(void)state;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	assert_int_equal(diff.profile->nr_samples, 2);
	assert_int_equal(diff.profile->samples[0].values[METRIC_INUSE_SPACE], 1);
	assert_int_equal(diff.profile->samples[1].values[METRIC_INUSE_SPACE], 2);
	assert_string_equal(diff.profile->mappings[0].file, "/opt/app-1.1");
	diff_done(&diff);
	profile_free(a);
	profile_free(b);
}

/* Static functions of one name in one module; a build id that many modules have says nothing. */
static void test_homonyms(void **state)
{
	const struct stack_literal base[] = {
		{10, 0, NULL, {P("init", "a.c", "app", "00", 1, 0x1000)}},
		{20, 0, NULL, {P("init", "b.c", "app", "00", 1, 0x1100)}},
		{30, 0, NULL, {P("run", "r.c", "libr.so", "00", 1, 0x2100)}},
	};
	const struct stack_literal new[] = {
		{11, 0, NULL, {P("init", "x/a.c", "app", "00", 3, 0x1000)}},
		{33, 0, NULL, {P("run", "r.c", "libs.so", "00", 1, 0x2100)}},
	};
	struct profile *a = make(base, 3), *b = make(new, 2);
	struct diff diff;

	(void)state;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	assert_int_equal(diff.profile->nr_samples, 4);
	assert_int_equal(diff.profile->samples[0].values[METRIC_INUSE_SPACE], 1);
	assert_int_equal(diff.profile->samples[1].values[METRIC_INUSE_SPACE], 33);
	assert_int_equal(diff.profile->samples[2].values[METRIC_INUSE_SPACE], -20);
	assert_int_equal(diff.profile->samples[3].values[METRIC_INUSE_SPACE], -30);
	diff_done(&diff);
	profile_free(a);
	profile_free(b);
}

/* Several lines of one function are one stack; what is new and what is gone, and as NEW calls it.
 */
static void test_changes(void **state)
{
	const struct stack_literal base[] = {
		{100, 0, NULL, {MALLOC, P("f", "/1/a.c", "app", "aa", 5, 0x5000)}},
		{50, 0, NULL, {MALLOC, P("f", "/1/a.c", "app", "aa", 6, 0x5010)}},
		{7,
		 0,
		 NULL,
		 {MALLOC, P("gone", "/1/a.c", "app", "aa", 9, 0x5020),
		  P("f", "/1/a.c", "app", "aa", 6, 0x5010)}},
	};
	const struct stack_literal new[] = {
		{160, 0, NULL, {MALLOC, P("f.part.0", "/2/a.c", "app", "bb", 50, 0x7000)}},
		{9, 0, NULL, {MALLOC, P("new", "/2/a.c", "app", "bb", 60, 0x7010)}},
	};
	struct profile *a = make(base, 3), *b = make(new, 2);
	const enum metric metric = METRIC_INUSE_SPACE;
	struct diff diff;
	struct stack stack;

	(void)state;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	profile_free(a);
	profile_free(b);
	assert_int_equal(diff.profile->nr_samples, 3);
	assert_int_equal(diff_delta(&diff.entries[0], metric), 10);
	assert_int_equal(diff_judge(&diff.entries[1], metric), DIFF_APPEARED);
	assert_int_equal(diff_judge(&diff.entries[2], metric), DIFF_VANISHED);
	assert_int_equal(profile_total(diff.profile, metric), 12);
	assert_int_not_equal(diff.entries[0].site, diff.entries[1].site);
	assert_int_equal(stack_init(&stack, diff.profile), 0);
	assert_int_equal(stack_load(&stack, &diff.profile->samples[2]), 0);
	assert_string_equal(stack.frames[1].name, "gone");
	assert_string_equal(stack.frames[2].name, "f.part.0");
	assert_string_equal(stack.frames[2].file, "/2/a.c");
	stack_done(&stack);
	diff_done(&diff);
}

/* Other pids and containers, the same program; in a profile of several, comms count. */
static void test_labels(void **state)
{
	const struct stack_literal base[] = {{5, 0, "web", {MALLOC}}, {6, 0, "db", {MALLOC}}};
	const struct stack_literal new[] = {{8, 0, "db", {MALLOC}}};
	const struct stack_literal one[] = {{9, 0, NULL, {MALLOC}}};
	struct profile *a = make(base, 2), *b = make(new, 1), *c = make(one, 1);
	struct diff diff;

	(void)state;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	assert_int_equal(diff.profile->nr_samples, 2);
	assert_int_equal(diff.profile->samples[0].values[METRIC_INUSE_SPACE], 2);
	assert_string_equal(label_string(&diff.profile->samples[0], "comm"), "db");
	diff_done(&diff);
	/* a profile of one process says its comm in a note */
	assert_int_equal(profile_set_note(c, "comm", "web"), 0);
	assert_int_equal(diff_build(&diff, a, c, false, NULL), 0);
	assert_int_equal(diff.profile->nr_samples, 2);
	assert_int_equal(diff.profile->samples[0].values[METRIC_INUSE_SPACE], 4);
	diff_done(&diff);
	profile_free(a);
	profile_free(b);
	profile_free(c);
}

static void test_errors(void **state)
{
	const struct stack_literal base = {1000, 300, NULL, {MALLOC}};
	const struct stack_literal new = {1999, 400, NULL, {MALLOC}};
	struct profile *a = make(&base, 1), *b = make(&new, 1), *c = make(&new, 1);
	struct diff diff;
	double error = 0;
	int64_t label;

	(void)state;
	a->period = b->period = 4096;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	assert_true(diff_error(&diff.entries[0], METRIC_INUSE_SPACE, &error));
	assert_true(fabs(error - 500) < 1e-9);
	assert_true(diff_within_error(&diff.entries[0], METRIC_INUSE_SPACE));	/* 999 <= 2 * 500 */
	assert_false(diff_error(&diff.entries[0], METRIC_ALLOC_SPACE, &error)); /* says none */
	assert_false(diff_within_error(&diff.entries[0], METRIC_ALLOC_SPACE));
	label = diff.profile->samples[0].labels[0].number;
	assert_int_equal(label, 500);
	diff_done(&diff);
	/* an exact profile has no error; what is 0 in it is 0 */
	c->period = 1;
	assert_int_equal(diff_build(&diff, a, c, false, NULL), 0);
	assert_true(diff_error(&diff.entries[0], METRIC_INUSE_SPACE, &error));
	assert_true(fabs(error - 300) < 1e-9);
	assert_false(diff_within_error(&diff.entries[0], METRIC_INUSE_SPACE)); /* 999 > 600 */
	diff_done(&diff);
	profile_free(a);
	profile_free(b);
	profile_free(c);
}

static void test_per_second(void **state)
{
	const struct stack_literal base = {1000, 300, NULL, {MALLOC}};
	const struct stack_literal new = {3000, 400, NULL, {MALLOC}};
	struct profile *a = make(&base, 1), *b = make(&new, 1);
	struct diag diag = {0};
	struct diff diff;
	double error = 0;

	(void)state;
	a->period = b->period = 4096;
	a->duration_ns = 10000000000;
	assert_int_equal(diff_build(&diff, a, b, true, &diag), -ENODATA);
	assert_non_null(strstr(diag.text, "NEW does not say"));
	diff_done(&diff);
	b->duration_ns = 90000000000;
	assert_int_equal(profile_set_note(b, "watched_ns", "20000000000"), 0);
	assert_int_equal(diff_build(&diff, a, b, true, &diag), 0);
	assert_int_equal(diff.entries[0].parts[DIFF_BASE].values[METRIC_INUSE_SPACE], 100);
	assert_int_equal(diff.entries[0].parts[DIFF_NEW].values[METRIC_INUSE_SPACE], 150);
	assert_true(diff_error(&diff.entries[0], METRIC_INUSE_SPACE, &error));
	assert_true(fabs(error - sqrt(30 * 30 + 20 * 20)) < 1e-9);
	diff_done(&diff);
	profile_free(a);
	profile_free(b);
}

/* What either lost, the difference lost; metrics that one lacks are no part of it. */
static void test_notes(void **state)
{
	struct profile *a = make(NULL, 0), *b = make(NULL, 0);
	struct diff diff;

	(void)state;
	assert_int_equal(profile_set_note(a, "lost_live_full", "3"), 0);
	assert_int_equal(profile_set_note(b, "lost_live_full", "4"), 0);
	assert_int_equal(profile_set_note(a, "lost_x", "some"), 0);
	assert_int_equal(profile_set_note(b, "incomplete", "ended"), 0);
	b->has_metric[METRIC_ALLOC_SPACE] = false;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	assert_string_equal(profile_note(diff.profile, "lost_live_full"), "7");
	assert_string_equal(profile_note(diff.profile, "lost_x"), "some");
	assert_string_equal(profile_note(diff.profile, "incomplete"), "NEW: ended");
	assert_false(diff.profile->has_metric[METRIC_ALLOC_SPACE]);
	diff_done(&diff);
	for (int i = 0; i < NR_METRICS; i++)
		b->has_metric[i] = i >= NR_HEAP_METRICS;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), -ENODATA);
	diff_done(&diff);
	profile_free(a);
	profile_free(b);
}

/* Whatever a foreign file says: names of any length, values at the limits, no stack at all. */
static void test_hostile(void **state)
{
	static char name[100000];
	const struct stack_literal base[] = {
		{INT64_MIN, 0, NULL, {P(name, name, name, name, -1, ~0ull)}},
		{INT64_MAX, INT64_MAX, NULL, {P(".cold", ".", "/", "", 0, 0)}},
		{1, 0, "", {P("::h0123456789abcdef", "\xff", ".so.", "aa", 0, 0)}},
		{2, -5, NULL, {{0}}},
	};
	const struct stack_literal new[] = {
		{INT64_MAX, 0, NULL, {P(name, name, name, name, -1, ~0ull)}},
		{INT64_MIN, 1, NULL, {P(" [clone ", "", " (deleted)", "", 0, 0)}},
	};
	struct profile *a, *b;
	struct diff diff;

	(void)state;
	memset(name, '.', sizeof(name) - 1);
	a = make(base, 4);
	b = make(new, 2);
	a->duration_ns = b->duration_ns = 1;
	assert_int_equal(diff_build(&diff, a, b, false, NULL), 0);
	assert_int_equal(diff.profile->nr_samples, 5);
	assert_int_equal(diff_delta(&diff.entries[0], METRIC_INUSE_SPACE), INT64_MAX);
	assert_int_equal(diff_delta(&diff.entries[1], METRIC_INUSE_SPACE), INT64_MIN);
	diff_done(&diff);
	assert_int_equal(diff_build(&diff, a, b, true, NULL), 0);
	assert_int_equal(diff_delta(&diff.entries[0], METRIC_INUSE_SPACE), INT64_MAX);
	diff_done(&diff);
	assert_int_equal(diff_build(&diff, a, a, false, NULL), 0);
	for (uint32_t i = 0; i < diff.profile->nr_samples; i++)
		assert_int_equal(diff.profile->samples[i].values[METRIC_INUSE_SPACE], 0);
	diff_done(&diff);
	profile_free(a);
	profile_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),   cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_homonyms),   cmocka_unit_test(test_changes),
		cmocka_unit_test(test_labels),	   cmocka_unit_test(test_errors),
		cmocka_unit_test(test_per_second), cmocka_unit_test(test_notes),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
