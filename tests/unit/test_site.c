// SPDX-License-Identifier: Apache-2.0
/* Which frame of a Node process's stack holds the memory. Others: test_export.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "profile/site.h"

#define NODE  "/usr/bin/node"
#define LIBC  "/lib/libc.so.6"
#define ADDON "/srv/leak.node"

struct frame {
	const char *name, *module, *script;
};

static uint32_t add_location(struct profile *profile, const struct frame *frame)
{
	const struct profile_function function = {
		.name = frame->name,
		.system_name = frame->name,
		.file = frame->script ? frame->script : "",
	};
	const struct profile_mapping mapping = {.file = frame->module, .build_id = ""};
	struct profile_line line = {.line = frame->script ? 7 : 0};
	struct profile_location location = {.nr_lines = 1, .lines = &line};
	uint32_t index;

	assert_int_equal(profile_add_mapping(profile, &mapping, &location.mapping), 0);
	assert_int_equal(profile_add_function(profile, &function, &line.function), 0);
	assert_int_equal(profile_add_location(profile, &location, &index), 0);
	return index;
}

/* Leaf first. */
static void expect_site(const struct frame *frames, uint32_t nr, uint32_t site)
{
	struct profile *profile = profile_new();
	uint32_t locations[16];
	struct profile_sample sample = {.nr_locations = nr, .locations = locations};
	struct stack stack;

	assert_non_null(profile);
	for (uint32_t i = 0; i < nr; i++)
		locations[i] = add_location(profile, &frames[i]);
	assert_int_equal(profile_add_sample(profile, &sample), 0);
	assert_int_equal(stack_init(&stack, profile), 0);
	assert_int_equal(stack_load(&stack, &profile->samples[0]), 0);
	assert_int_equal(site_frame(&stack), site);
	stack_done(&stack);
	profile_free(profile);
}

#define EXPECT_SITE(frames, site) expect_site(frames, sizeof(frames) / sizeof((frames)[0]), site)

static void test_buffer(void **state)
{
	static const struct frame frames[] = {
		{"calloc", LIBC, NULL},
		{"node::NodeArrayBufferAllocator::Allocate(unsigned long)", NODE, NULL},
		{"EVP_something", NODE, NULL},
		{"Builtins_ArrayBufferConstructor", NODE, NULL},
		{"alloc", PROFILE_JAVASCRIPT, "node:buffer"},
		{"[js]", PROFILE_JAVASCRIPT, NULL},
		{"keep", PROFILE_JAVASCRIPT, "/srv/app.js"},
		{"emit", PROFILE_JAVASCRIPT, "node:events"},
		{"main", NODE, NULL},
	};

	(void)state;
	EXPECT_SITE(frames, 6);
}

/* The page lens: who touched memory first is the allocator, memset or the kernel; whose it is, the
 * one that called them. */
static void test_touched(void **state)
{
	static const struct frame by_allocator[] = {
		{"sysmalloc", LIBC, NULL}, {"_int_malloc", LIBC, NULL},	   {"malloc", LIBC, NULL},
		{"parse", ADDON, NULL},	   {"main", "/usr/bin/app", NULL},
	};
	static const struct frame by_filling[] = {
		{"__memset_avx2_unaligned_erms", LIBC, NULL},
		{"parse", ADDON, NULL},
	};
	static const struct frame by_kernel[] = {
		{"[system call]", LIBC, NULL},
		{"read", LIBC, NULL},
		{"fill", ADDON, NULL},
	};

	(void)state;
	EXPECT_SITE(by_allocator, 3);
	EXPECT_SITE(by_filling, 1);
	EXPECT_SITE(by_kernel, 2);
}

static void test_addon(void **state)
{
	static const struct frame frames[] = {
		{"malloc", LIBC, NULL},
		{"leak_bytes", ADDON, NULL},
		{"v8impl::CallbackWrapper", NODE, NULL},
		{"Builtins_CallApiCallback", NODE, NULL},
		{"handle", PROFILE_JAVASCRIPT, "/srv/app.js"},
	};

	(void)state;
	EXPECT_SITE(frames, 1);
}

/* Without JavaScript of the program all is as everywhere. */
static void test_start(void **state)
{
	static const struct frame frames[] = {
		{"malloc", LIBC, NULL},
		{"operator new(unsigned long)", LIBC, NULL},
		{"v8::internal::Isolate::Init()", NODE, NULL},
		{"compile", PROFILE_JAVASCRIPT, "node:internal/x"},
		{"main", NODE, NULL},
	};

	(void)state;
	EXPECT_SITE(frames, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_touched),
		cmocka_unit_test(test_addon),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
