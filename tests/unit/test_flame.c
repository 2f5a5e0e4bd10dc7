// SPDX-License-Identifier: Apache-2.0
/* The layout of a flame graph, and the paths it is made of: widths, order, pruning, odd input. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "export/flame.h"

#define MAX_STACKS 64
#define MAX_DEPTH  40

/* Stacks as "root;caller;leaf", the names of functions; a name may end in ":LINE". */
struct fixture {
	struct profile *profile;
	struct stack stack;
	struct table_rows rows;
	struct paths paths;
	struct flame flame;
	struct flame_weight weights[MAX_STACKS];
};

static uint32_t add_location(struct profile *profile, const char *name)
{
	char text[200];
	struct profile_function function = {.name = text, .system_name = text, .file = "a.c"};
	struct profile_line line = {.line = 0};
	struct profile_location location = {.mapping = PROFILE_NONE, .nr_lines = 1, .lines = &line};
	uint32_t index;
	char *colon;

	snprintf(text, sizeof(text), "%s", name);
	colon = strchr(text, ':');
	if (colon) {
		line.line = atoi(colon + 1);
		*colon = '\0';
	}
	assert_int_equal(profile_add_function(profile, &function, &line.function), 0);
	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

static void add_stack(struct fixture *f, const char *text, int64_t width)
{
	uint32_t locations[MAX_DEPTH], nr = 0;
	struct profile_sample sample = {.values = {0, 0, 1, width}, .locations = locations};
	char *copy = strdup(text), *rest = copy, *name;

	while ((name = strsep(&rest, ";")))
		if (*name)
			locations[MAX_DEPTH - ++nr] = add_location(f->profile, name);
	memmove(locations, &locations[MAX_DEPTH - nr], nr * sizeof(*locations));
	sample.nr_locations = nr;
	assert_int_equal(profile_add_sample(f->profile, &sample), 0);
	free(copy);
}

static void set_up(struct fixture *f)
{
	*f = (struct fixture){.profile = profile_new()};
	assert_non_null(f->profile);
	assert_int_equal(profile_set_note(f->profile, "comm", "c"), 0);
}

static void build(struct fixture *f, const struct flame_limits *limits)
{
	assert_int_equal(stack_init(&f->stack, f->profile), 0);
	assert_int_equal(table_rows_build(&f->rows, &f->stack, ROWS_BY_STACK, BY_NOTHING), 0);
	assert_int_equal(paths_build(&f->paths, &f->stack, &f->rows, BY_NOTHING), 0);
	assert_true(f->rows.nr_rows <= MAX_STACKS);
	for (uint32_t i = 0; i < f->rows.nr_rows; i++) {
		f->weights[i].width = f->rows.rows[i].values[METRIC_INUSE_SPACE];
		f->weights[i].other = f->rows.rows[i].values[METRIC_INUSE_OBJECTS];
	}
	assert_int_equal(flame_build(&f->flame, &f->paths, f->weights, limits), 0);
}

static void tear_down(struct fixture *f)
{
	flame_done(&f->flame);
	paths_done(&f->paths);
	table_rows_done(&f->rows);
	stack_done(&f->stack);
	profile_free(f->profile);
}

static const char *name_of(const struct fixture *f, uint32_t node)
{
	uint32_t function = f->flame.nodes[node].function;

	return function == PROFILE_NONE ? "all" : f->paths.functions[function].name;
}

/* The invariants of flame.h, and every frame once in preorder. */
static void check_invariants(const struct fixture *f)
{
	const struct flame *flame = &f->flame;
	uint32_t nr = 0;

	for (uint32_t i = 0; i < flame->nr_nodes; i++) {
		const struct flame_node *node = &flame->nodes[i], *last = NULL;
		int64_t at = node->start, sum = 0;

		for (uint32_t k = 0; k < node->nr_children; k++) {
			const struct flame_node *child = &flame->nodes[node->first_child + k];

			assert_int_equal(child->parent, i);
			assert_int_equal(child->depth, node->depth + 1);
			assert_true(child->weight.width > 0);
			assert_true(!last || last->weight.width >= child->weight.width);
			assert_true(child->start == at);
			at += child->weight.width;
			sum += child->weight.width;
			last = child;
		}
		assert_true(sum <= node->weight.width);
		assert_true(node->depth <= flame->max_depth);
	}
	for (uint32_t i = 0; i != PROFILE_NONE; i = flame_next(flame, i))
		nr++;
	assert_int_equal(nr, flame->nr_nodes);
}

/* "all 60, c 60, main 60, ..." in preorder. */
static void assert_tree(const struct fixture *f, const char *expected)
{
	char text[2000] = "";

	for (uint32_t i = 0; i != PROFILE_NONE; i = flame_next(&f->flame, i))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %lld",
			 i ? ", " : "", name_of(f, i), (long long)f->flame.nodes[i].weight.width);
	assert_string_equal(text, expected);
	check_invariants(f);
}

static void test_merges(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	add_stack(&f, "main;small;malloc", 10);
	add_stack(&f, "main;big;malloc", 20);
	add_stack(&f, "main;big;calloc", 25);
	add_stack(&f, "main", 5); /* ends where others go on */
	build(&f, &(struct flame_limits){.max_nodes = 100});
	assert_tree(&f, "all 60, c 60, main 60, big 45, calloc 25, malloc 20, small 10, malloc 10");
	assert_int_equal(f.flame.nodes[0].weight.other, 4);
	assert_int_equal(f.flame.nr_pruned, 0);
	assert_int_equal(f.flame.max_depth, 4);
	tear_down(&f);
}

static void test_recursion(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	add_stack(&f, "f;f;f;g", 4);
	add_stack(&f, "f;g;f", 3);
	build(&f, &(struct flame_limits){.max_nodes = 100});
	assert_tree(&f, "all 7, c 7, f 7, f 4, f 4, g 4, g 3, f 3");
	tear_down(&f);
}

/* Nothing, nothing with a width, and a stack without frames. */
static void test_zero(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	build(&f, &(struct flame_limits){.max_nodes = 100});
	assert_tree(&f, "all 0");
	tear_down(&f);
	set_up(&f);
	add_stack(&f, "main;f", 0);
	add_stack(&f, "main;g", -7);
	build(&f, &(struct flame_limits){.max_nodes = 100});
	assert_tree(&f, "all 0");
	tear_down(&f);
	set_up(&f);
	add_stack(&f, "", 3);
	build(&f, &(struct flame_limits){.max_nodes = 100});
	assert_tree(&f, "all 3, c 3");
	tear_down(&f);
}

static void test_prunes_by_share(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	add_stack(&f, "main;wide;malloc", 900);
	add_stack(&f, "main;narrow;malloc", 60);
	add_stack(&f, "main;narrow;calloc", 39);
	add_stack(&f, "main;other", 1);
	build(&f, &(struct flame_limits){.max_nodes = 100, .min_share = 0.05});
	assert_tree(&f, "all 1000, c 1000, main 1000, wide 900, malloc 900, narrow 99, malloc 60");
	assert_int_equal(f.flame.nr_pruned, 2); /* calloc, other */
	assert_int_equal(f.flame.pruned_width, 40);
	tear_down(&f);
}

/* What it takes to keep to the number of nodes is told, and the rest is what was widest. */
static void test_prunes_by_number(void **state)
{
	struct fixture f;
	char text[40];

	(void)state;
	set_up(&f);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "main;f%d", i);
		add_stack(&f, text, 1 << (i % 20));
	}
	build(&f, &(struct flame_limits){.max_nodes = 11});
	check_invariants(&f);
	assert_true(f.flame.nr_nodes <= 11 && f.flame.nr_nodes > 3);
	assert_int_equal(f.flame.nodes[0].weight.width, 2 * ((1 << 20) - 1));
	assert_string_equal(name_of(&f, 3), "f19");
	assert_string_equal(name_of(&f, 4), "f39");
	assert_int_equal(f.flame.nr_pruned + f.flame.nr_nodes - 3, 40);
	assert_true(f.flame.min_share > 0 && f.flame.min_share < 1);
	for (uint32_t i = 3; i < f.flame.nr_nodes; i++)
		assert_true((double)f.flame.nodes[i].weight.width >=
			    f.flame.min_share * (double)f.flame.nodes[0].weight.width);
	tear_down(&f);
}

/* A stem cannot be pruned by width: it is cut. */
static void test_cuts_a_stem(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	add_stack(&f, "a;b;c1;d;e;f;g;h", 8);
	build(&f, &(struct flame_limits){.max_nodes = 5});
	assert_tree(&f, "all 8, c 8, a 8, b 8, c1 8");
	assert_int_equal(f.flame.nr_pruned, 1);
	assert_int_equal(f.flame.pruned_width, 8);
	tear_down(&f);
	set_up(&f);
	add_stack(&f, "a", 8);
	build(&f, &(struct flame_limits){.max_nodes = 0});
	assert_tree(&f, "all 8");
	tear_down(&f);
}

/* The lines of one function are one frame, which knows the widest three. */
static void test_places(void **state)
{
	const struct flame_node *node;
	struct fixture f;

	(void)state;
	set_up(&f);
	add_stack(&f, "main:1;f:10", 5);
	add_stack(&f, "main:2;f:20", 9);
	add_stack(&f, "main:2;f:30", 7);
	add_stack(&f, "main:2;f:20;g:1", 2);
	add_stack(&f, "main:2;f:40", 6);
	build(&f, &(struct flame_limits){.max_nodes = 100});
	assert_tree(&f, "all 29, c 29, main 29, f 29, g 2");
	node = &f.flame.nodes[3];
	assert_int_equal(node->nr_places, 3);
	assert_int_equal(node->nr_more_places, 1);
	assert_int_equal(f.paths.places[node->places[0]].line, 20);
	assert_int_equal(node->place_widths[0], 11);
	assert_int_equal(f.paths.places[node->places[1]].line, 30);
	assert_int_equal(f.paths.places[node->places[2]].line, 40);
	node = &f.flame.nodes[2];
	assert_int_equal(node->nr_places, 2);
	assert_int_equal(node->nr_more_places, 0);
	tear_down(&f);
}

/* Sums stop at the limit, and the frames stay within the root. */
static void test_saturates(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	add_stack(&f, "main;f", INT64_MAX);
	add_stack(&f, "main;g", INT64_MAX - 1);
	add_stack(&f, "main;h", 1);
	build(&f, &(struct flame_limits){.max_nodes = 100, .min_share = 0.5});
	assert_true(f.flame.nodes[0].weight.width == INT64_MAX);
	assert_int_equal(f.flame.nr_nodes, 5);
	for (uint32_t i = 0; i < f.flame.nr_nodes; i++)
		assert_true(f.flame.nodes[i].start >= 0);
	tear_down(&f);
}

/* Errors add in squares, an unknown one makes those around it unknown; changes add with their sign.
 */
static void test_variance_and_delta(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	add_stack(&f, "main;f", 10);
	add_stack(&f, "main;g", 20);
	add_stack(&f, "main;h", 30);
	build(&f, &(struct flame_limits){.max_nodes = 100});
	flame_done(&f.flame);
	f.weights[0].variance = 9;
	f.weights[1].variance = 16;
	f.weights[2].variance = NAN;
	f.weights[0].delta = -4;
	f.weights[2].delta = 1;
	assert_int_equal(flame_build(&f.flame, &f.paths, f.weights,
				     &(struct flame_limits){.max_nodes = 100}),
			 0);
	assert_true(isnan(f.flame.nodes[0].weight.variance));
	assert_int_equal(f.flame.nodes[0].weight.delta, -3);
	f.weights[2].width = 0;
	flame_done(&f.flame);
	assert_int_equal(flame_build(&f.flame, &f.paths, f.weights,
				     &(struct flame_limits){.max_nodes = 100}),
			 0);
	assert_true(f.flame.nodes[0].weight.variance == 25);
	tear_down(&f);
}

static enum path_kind kind_of(const char *name, const char *system_name, const char *module)
{
	struct profile *profile = profile_new();
	struct profile_mapping mapping = {.file = module, .build_id = ""};
	struct profile_function function = {.name = name, .system_name = system_name, .file = ""};
	struct profile_line line = {.line = 1};
	struct profile_location location = {.nr_lines = 1, .lines = &line};
	uint32_t index;
	struct profile_sample sample = {.nr_locations = 1, .locations = &index};
	struct table_rows rows;
	struct stack stack;
	struct paths paths;
	enum path_kind kind;

	assert_non_null(profile);
	assert_int_equal(profile_add_mapping(profile, &mapping, &location.mapping), 0);
	assert_int_equal(profile_add_function(profile, &function, &line.function), 0);
	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(stack_init(&stack, profile), 0);
	assert_int_equal(table_rows_build(&rows, &stack, ROWS_BY_STACK, BY_NOTHING), 0);
	assert_int_equal(paths_build(&paths, &stack, &rows, BY_NOTHING), 0);
	assert_int_equal(paths.nr_functions, 2);
	assert_int_equal(paths.functions[0].kind, PATH_GROUP);
	kind = paths.functions[1].kind;
	paths_done(&paths);
	table_rows_done(&rows);
	stack_done(&stack);
	profile_free(profile);
	return kind;
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name, *system_name, *module;
		enum path_kind kind;
	} cases[] = {
		{"main", "main", "/bin/a", PATH_NATIVE},
		{"main.f", "", "/bin/go", PATH_NATIVE},
		{"f(int)", "_Z1fi", "/bin/a", PATH_CXX},
		{"a::b", "", "/bin/a", PATH_CXX},
		{"Builtins_JSEntry", "Builtins_JSEntry", "/bin/node", PATH_CXX},
		{"app::run", "_ZN3app3run17h0123456789abcdefE", "/bin/a", PATH_RUST},
		{"app::run", "_RNvC3app3run", "/bin/a", PATH_RUST},
		{"app::run", "_ZN3app3run17h0123456789abcdegE", "/bin/a", PATH_CXX},
		{"17h", "17h", "/bin/a", PATH_NATIVE},
		{"serve", "serve", "[js]", PATH_JAVASCRIPT},
		{"", "", "[js]", PATH_JAVASCRIPT},
		{"do_syscall_64", "", "[kernel.kallsyms]", PATH_KERNEL},
		{"malloc", "malloc", "/lib/libc.so.6", PATH_ALLOCATOR},
		{"operator new(unsigned long)", "_Znwm", "/lib/libc++.so", PATH_ALLOCATOR},
		{"", "", "/lib/libx.so.1", PATH_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (kind_of(cases[i].name, cases[i].system_name, cases[i].module) != cases[i].kind)
			fail_msg("the kind of '%s'", cases[i].name);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merges),
		cmocka_unit_test(test_recursion),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_prunes_by_share),
		cmocka_unit_test(test_prunes_by_number),
		cmocka_unit_test(test_cuts_a_stem),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_saturates),
		cmocka_unit_test(test_variance_and_delta),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
