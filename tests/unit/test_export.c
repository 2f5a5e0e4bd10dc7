// SPDX-License-Identifier: Apache-2.0
/*
 * The parts behind the writers: site lines, shown text, rows. What whole outputs look like is in
 * tests/golden.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/export.h"
#include "export/table_rows.h"
#include "export/text.h"
#include "profile/label.h"
#include "profile/site.h"

static void test_site_wrappers(void **state)
{
	static const struct {
		const char *name;
		bool wrapper;
	} cases[] = {
		{"malloc", true},
		{"malloc_info", false},
		{"my_malloc", false},
		{"g_malloc0_n", true},
		{"_PyObject_GC_New", true},
		{"_PyObject_MakeTpCall", false},
		{"operator new(unsigned long)", true},
		{"operator new[](unsigned long, std::nothrow_t const&)", true},
		{"Node::operator new(unsigned long)", true},
		{"operator<(A const&, A const&)", false},
		{"newt::operator newt()", false},
		{"std::vector<int, std::allocator<int> >::push_back(int const&)", true},
		{"void std::vector<A<int>, B>::_M_realloc_insert<C>(D, E)", true},
		{"std::map<int, f(char)>* std::make<int>(int)", true},
		{"std::string app::join(std::vector<int> const&)", false},
		{"app::stdish::f(int)", false},
		{"(anonymous namespace)::f(int)", false},
		{"int (anonymous namespace)::f<std::string>(int) const", false},
		{"A<(anonymous namespace)::B>::operator()(int)", false},
		{"xmalloc [clone .cold]", true},
		{"main::{lambda(int)#1}::operator()(int) const", false},
		{"alloc::alloc::exchange_malloc", true},
		{"alloc::get(int)", false}, /* a namespace of a C++ program */
		{"core::ops::function::FnOnce::call_once{{vtable.shim}}", true},
		{"<alloc::vec::Vec<T,A> as core::clone::Clone>::clone", true},
		{"<&mut alloc::string::String as core::fmt::Write>::write_str", true},
		{"<T as alloc::slice::hack::ConvertVec>::to_vec", true},
		{"__rustc::__rdl_alloc", true},
		{"<app::Config as core::clone::Clone>::clone", false},
		{"v8::ArrayBuffer::NewBackingStoreForNodeLTS(v8::Isolate*, int)", true},
		{"v8::ArrayBuffer::New(v8::Isolate*, int)", false},
		{"node::NodeArrayBufferAllocator::AllocateUninitialized(unsigned long)", true},
		{"[libfoo.so.1]", false},
		{"[unknown]", false},
		{"", false},
		{">>>)((<<", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (site_is_wrapper(cases[i].name) != cases[i].wrapper)
			fail_msg("'%s' is %sa wrapper", cases[i].name,
				 cases[i].wrapper ? "" : "not ");
}

static uint32_t add_location(struct profile *profile, const char *name, const char *file,
			     int64_t line)
{
	struct profile_function function = {.name = name, .system_name = name, .file = file};
	struct profile_line lines = {.line = line};
	struct profile_location location = {
		.mapping = PROFILE_NONE, .nr_lines = 1, .lines = &lines};
	uint32_t index;

	assert_int_equal(profile_add_function(profile, &function, &lines.function), 0);
	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

/* A sample of malloc <- @name <- @caller with its error. */
static void add_sample(struct profile *profile, const char *name, const char *caller, int64_t bytes,
		       int64_t error)
{
	uint32_t locations[] = {
		add_location(profile, "malloc", "", 0),
		add_location(profile, name, "dir/a.c", 12),
		add_location(profile, caller, "dir/a.c", 34),
	};
	struct profile_label label = {.key = LABEL_INUSE_ERROR, .number = error, .unit = "bytes"};
	struct profile_sample sample = {
		.values = {1, bytes, 1, bytes},
		.nr_locations = 3,
		.locations = locations,
		.nr_labels = error >= 0,
		.labels = &label,
	};

	assert_int_equal(profile_add_sample(profile, &sample), 0);
}

static struct profile *new_profile(void)
{
	struct profile *profile = profile_new();

	assert_non_null(profile);
	return profile;
}

static void test_site_frame(void **state)
{
	struct profile *profile = new_profile();
	struct stack stack;

	(void)state;
	add_sample(profile, "std::string::reserve(int)", "main", 1, 0);
	add_sample(profile, "operator new(unsigned long)", "std::f()", 1, 0);
	add_sample(profile, "operator new(unsigned long)", "[truncated]", 1, 0);
	assert_int_equal(stack_init(&stack, profile), 0);
	assert_int_equal(site_frame(&stack), 0);
	assert_int_equal(stack_load(&stack, &profile->samples[0]), 0);
	assert_int_equal(site_frame(&stack), 2);
	assert_int_equal(stack_load(&stack, &profile->samples[1]), 0);
	assert_int_equal(site_frame(&stack), 2); /* all wrappers: the outermost */
	assert_int_equal(stack_load(&stack, &profile->samples[2]), 0);
	assert_int_equal(site_frame(&stack), 1); /* and cut: the outermost that is known */
	stack_done(&stack);
	profile_free(profile);
}

/* Functions that are in no script and have no lines are V8's own; evaluated code has lines. */
static void test_site_js(void **state)
{
	struct profile *profile = new_profile();
	const struct {
		const char *name, *file;
		int64_t line;
	} frames[] = {{"set", "", 0}, {"evaluated", "", 3}, {"leak", "/app.js", 7}};
	uint32_t mapping, locations[3];
	struct profile_sample sample = {.locations = locations, .nr_locations = 3};
	struct stack stack;

	(void)state;
	assert_int_equal(profile_add_mapping(profile, &(struct profile_mapping){.file = "[js]"},
					     &mapping),
			 0);
	for (int i = 0; i < 3; i++) {
		struct profile_function function = {.name = frames[i].name, .file = frames[i].file};
		struct profile_line line = {.line = frames[i].line};
		struct profile_location location = {
			.mapping = mapping, .nr_lines = 1, .lines = &line};

		assert_int_equal(profile_add_function(profile, &function, &line.function), 0);
		assert_int_equal(profile_add_location(profile, &location, &locations[i]), 0);
	}
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(stack_init(&stack, profile), 0);
	assert_int_equal(stack_load(&stack, &profile->samples[0]), 0);
	assert_int_equal(site_frame(&stack), 1);
	sample.nr_locations = 1;
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(stack_load(&stack, &profile->samples[1]), 0);
	assert_int_equal(site_frame(&stack), 0); /* nothing else */
	stack_done(&stack);
	profile_free(profile);
}

/* Inlined functions become frames; without a function the module is the name. */
static void test_stack_frames(void **state)
{
	struct profile *profile = new_profile();
	struct profile_mapping mapping = {.limit = 1, .file = "/lib/libx.so.1", .build_id = ""};
	struct profile_function function = {.name = "f", .system_name = "f", .file = "f.c"};
	struct profile_line lines[2] = {{.line = 1}, {.line = 2}};
	struct profile_location inlined = {.mapping = PROFILE_NONE, .nr_lines = 2, .lines = lines};
	struct profile_location bare = {.address = 5};
	uint32_t locations[2];
	struct profile_sample sample = {.nr_locations = 2, .locations = locations};
	struct stack stack;

	(void)state;
	assert_int_equal(profile_add_mapping(profile, &mapping, &bare.mapping), 0);
	assert_int_equal(profile_add_function(profile, &function, &lines[0].function), 0);
	function.name = "g";
	assert_int_equal(profile_add_function(profile, &function, &lines[1].function), 0);
	assert_int_equal(profile_add_location(profile, &inlined, &locations[0]), 0);
	assert_int_equal(profile_add_location(profile, &bare, &locations[1]), 0);
	assert_int_equal(stack_init(&stack, profile), 0);
	assert_int_equal(stack_load(&stack, &sample), 0);
	assert_int_equal(stack.nr_frames, 3);
	assert_string_equal(stack.frames[0].name, "f");
	assert_true(stack.frames[0].inlined);
	assert_string_equal(stack.frames[1].name, "g");
	assert_false(stack.frames[1].inlined);
	assert_int_equal(stack.frames[1].inline_line, 1);
	assert_string_equal(stack.frames[2].name, "[libx.so.1]");
	stack_done(&stack);
	profile_free(profile);
}

static void test_rows(void **state)
{
	struct profile *profile = new_profile();
	struct table_rows rows;
	struct stack stack;

	(void)state;
	add_sample(profile, "small", "main", 10, 0);
	add_sample(profile, "big", "main", 100, 3);
	add_sample(profile, "big", "other", 100, 4);
	assert_int_equal(stack_init(&stack, profile), 0);

	assert_int_equal(table_rows_build(&rows, &stack, ROWS_BY_STACK, BY_NOTHING), 0);
	assert_int_equal(rows.nr_rows, 3);
	table_rows_done(&rows);

	assert_int_equal(table_rows_build(&rows, &stack, ROWS_BY_SITE, BY_NOTHING), 0);
	assert_int_equal(rows.nr_rows, 2);
	assert_int_equal(rows.rows[0].sample, 0);
	table_rows_sort(&rows, METRIC_INUSE_SPACE);
	assert_int_equal(rows.rows[0].sample, 1);
	assert_int_equal(rows.rows[0].values[METRIC_INUSE_SPACE], 200);
	assert_true(rows.rows[0].inuse_error_known);
	assert_true(rows.rows[0].inuse_variance == 25); /* 3 and 4 make 5 */
	assert_false(rows.rows[0].alloc_error_known);
	table_rows_done(&rows);
	stack_done(&stack);
	profile_free(profile);
}

/* One sample that does not say its error leaves the sum without one; sums stop at the limit. */
static void test_rows_unknown_and_large(void **state)
{
	struct row sum = {.inuse_error_known = true};
	struct row large = {.values = {INT64_MAX, INT64_MIN, 1, 1}};

	(void)state;
	row_add(&sum, &large);
	row_add(&sum, &large);
	assert_false(sum.inuse_error_known);
	assert_true(sum.values[0] == INT64_MAX);
	assert_true(sum.values[1] == INT64_MIN);
	assert_int_equal(sum.values[2], 2);
}

static void test_numbers(void **state)
{
	static const struct {
		int64_t value;
		const char *bytes;
	} cases[] = {
		{0, "0"},	   {1023, "1023"},	{1024, "1.0K"},	      {1536, "1.5K"},
		{102348, "99.9K"}, {102400, "100K"},	{1048000, "1023K"},   {1048575, "1.0M"},
		{-1536, "-1.5K"},  {INT64_MAX, "8.0E"}, {INT64_MIN, "-8.0E"},
	};
	char text[TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(text_bytes(text, cases[i].value), cases[i].bytes);
	assert_string_equal(text_duration(text, -5), "0 ms");
	assert_string_equal(text_duration(text, 250000000), "250 ms");
	assert_string_equal(text_duration(text, 119900000000), "119.9 s");
	assert_string_equal(text_duration(text, 310000000000), "5 m 10 s");
	assert_string_equal(text_duration(text, 12000000000000), "3 h 20 m");
	assert_string_equal(text_duration(text, INT64_MAX), "106751 d 23 h");
}

static void test_put(void **state)
{
	static const struct {
		const char *text;
		unsigned int columns;
		const char *shown;
		unsigned int written;
	} cases[] = {
		{"plain", 0, "plain", 5},
		{"plain", 5, "plain", 5},
		{"plain", 4, "p...", 4},
		{"plain", 2, "pl", 2},
		{"a\nb\x1b[0m\x7f", 0, "a?b?[0m?", 8},
		{"\xc3\xbc\xc3\xb6\xc3\xa4", 3, "\xc3\xbc\xc3\xb6\xc3\xa4", 3},
		{"\xc3\xbc\xc3\xb6\xc3\xa4\xc3\x9f!", 4, "\xc3\xbc...", 4},
		{"\xff\xc3", 0, "??", 2},
		{"\xc2\x9b\xe2\x80\xae\xe2\x81\xa6x", 0, "???x", 4},
		{"", 3, "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *shown = NULL;
		size_t size;
		FILE *out = open_memstream(&shown, &size);

		assert_int_equal(text_put(out, cases[i].text, cases[i].columns), cases[i].written);
		fclose(out);
		assert_string_equal(shown, cases[i].shown);
		free(shown);
	}
}

static char *written(const struct profile *profile, const char *format,
		     const struct export_options *options)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(export_format_by_name(format)->write(profile, options, out), 0);
	fclose(out);
	return text;
}

/* At 80 columns and below no line is longer than 80, whatever the names. */
static void test_table_width(void **state)
{
	struct export_options options = {.metric = METRIC_INUSE_SPACE, .width = 40};
	struct profile *profile = new_profile();
	char name[500], *text, *line;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	profile->period = 1000;
	add_sample(profile, name, "main", 1000, 100);
	for (options.stacks = false;; options.stacks = true) {
		text = written(profile, "table", &options);
		assert_non_null(strstr(text, "nnn...  a.c:12\n"));
		for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			if (strlen(line) > 81) /* '±' has two bytes */
				fail_msg("long line: %s", line);
		free(text);
		if (options.stacks)
			break;
	}
	profile_free(profile);
}

static void test_table_color(void **state)
{
	struct export_options options = {.metric = METRIC_INUSE_SPACE, .color = true};
	struct profile *profile = new_profile();
	char *text;

	(void)state;
	add_sample(profile, "f", "main", 1000, -1);
	assert_int_equal(profile_set_note(profile, "lost_live_full", "3"), 0);
	text = written(profile, "table", &options);
	assert_int_equal(strncmp(text, "\033[1;31mLOST:\033[0m 3 ", 18), 0);
	free(text);
	options.color = false;
	text = written(profile, "table", &options);
	assert_null(strchr(text, '\033'));
	assert_int_equal(strncmp(text, "LOST: 3 ", 8), 0);
	free(text);
	profile_free(profile);
}

/* The same names at two addresses and lines are one folded line. */
static void test_folded_merges(void **state)
{
	struct export_options options = {.metric = METRIC_INUSE_SPACE};
	struct profile *profile = new_profile();
	uint32_t location;
	struct profile_sample sample = {
		.values = {1, 5, 1, 5}, .nr_locations = 1, .locations = &location};
	char *text;

	(void)state;
	assert_int_equal(profile_set_note(profile, "comm", "c"), 0);
	for (int64_t line = 1; line <= 2; line++) {
		location = add_location(profile, "f", "f.c", line);
		assert_int_equal(profile_add_sample(profile, &sample), 0);
	}
	assert_int_equal(profile->nr_samples, 2);
	text = written(profile, "folded", &options);
	assert_string_equal(text, "c;f 10\n");
	free(text);
	profile_free(profile);
}

static void test_formats(void **state)
{
	(void)state;
	assert_string_equal(export_format_by_file("x.pb.gz")->name, "pprof");
	assert_string_equal(export_format_by_file("a/b.folded")->name, "folded");
	assert_string_equal(export_format_by_file("b.json")->name, "json");
	assert_null(export_format_by_file(".json")); /* a name, not an ending */
	assert_string_equal(export_format_by_file("b.svg")->name, "svg");
	assert_string_equal(export_format_by_file("b.speedscope.json")->name, "speedscope");
	assert_null(export_format_by_file("b.svgz"));
	assert_null(export_format_by_file(""));
	assert_null(export_format_by_name("flame"));
	assert_null(export_format_by_name(""));
}

/* A stream that fails is no error of the writer, and ends it soon. */
static void test_failing_stream(void **state)
{
	struct export_options options = {.metric = METRIC_INUSE_SPACE};
	struct profile *profile = new_profile();

	(void)state;
	for (int i = 0; i < 100; i++) {
		char name[20];

		snprintf(name, sizeof(name), "f%d", i);
		add_sample(profile, name, "main", i + 1, 0);
	}
	for (const struct export_format *format = export_formats; format->name; format++) {
		FILE *out = fopen("/dev/full", "w");

		setvbuf(out, NULL, _IONBF, 0);
		assert_int_equal(format->write(profile, &options, out), 0);
		assert_true(ferror(out));
		fclose(out);
	}
	profile_free(profile);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site_wrappers),
		cmocka_unit_test(test_site_frame),
		cmocka_unit_test(test_site_js),
		cmocka_unit_test(test_stack_frames),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_unknown_and_large),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_table_width),
		cmocka_unit_test(test_table_color),
		cmocka_unit_test(test_folded_merges),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_failing_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
