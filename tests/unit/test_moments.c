// SPDX-License-Identifier: Apache-2.0
/*
 * What was mapped when: an address is bound by the set its stack was walked by, or by one of its
 * generation that is known to be whole, and otherwise not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect/moments.h"
#include "heaptap/unwind.h"
#include "mapped_files.h"

struct state {
	struct space *space;
	struct moments moments;
	char *code;
	uint32_t first, second; /* indices of what was mapped there */
};

/* At one address: a file in version 5, generation 1; another in version 6, generation 2. */
static struct state two_in_turn(bool stable)
{
	struct state s = {0};

	write_file(in_directory("a"), "a");
	s.code = map_file(in_directory("a"), 0);
	s.space = space_of(getpid());
	s.first = space_find(s.space, (uintptr_t)s.code);
	assert_int_equal(moments_add(&s.moments, s.space, 5, 1, stable), 0);
	assert_ptr_equal(mmap(s.code, PAGE, PROT_READ | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 s.code);
	assert_int_equal(space_refresh(s.space, NULL), 0);
	s.second = space_find(s.space, (uintptr_t)s.code);
	assert_int_equal(moments_add(&s.moments, s.space, 6, 2, stable), 0);
	assert_int_not_equal(s.first, s.second);
	return s;
}

static uint32_t find(struct state *s, uint32_t version, uint32_t generation)
{
	return moments_find(&s->moments, s->space, HT_MOMENT(version, generation),
			    (uintptr_t)s->code + 1);
}

static void done(struct state *s)
{
	moments_done(&s->moments);
	space_free(s->space);
	munmap(s->code, PAGE);
}

static void test_by_version(void **state)
{
	struct state s = two_in_turn(false);

	(void)state;
	assert_int_equal(find(&s, 5, 1), s.first);
	assert_int_equal(find(&s, 6, 2), s.second);
	assert_int_equal(find(&s, 7, 2), SPACE_NONE); /* nobody knows version 7 */
	assert_int_equal(moments_find(&s.moments, s.space, HT_MOMENT(6, 2), 1), SPACE_NONE);
	done(&s);
}

static void test_by_generation(void **state)
{
	struct state s = two_in_turn(true), t;

	(void)state;
	assert_int_equal(find(&s, 0, 1), s.first);
	assert_int_equal(find(&s, 0, 2), s.second);
	assert_int_equal(find(&s, 0, 3), SPACE_NONE);
	assert_true(moments_is_current(&s.moments, HT_MOMENT(0, 2)));
	assert_false(moments_is_current(&s.moments, HT_MOMENT(0, 1)));
	/* only the low bits of a generation travel */
	assert_true(moments_is_current(&s.moments, HT_MOMENT(0, 2 + (1 << 15))));
	done(&s);
	/* what was read while mappings went away is of no generation */
	t = two_in_turn(false);
	assert_int_equal(find(&t, 0, 2), SPACE_NONE);
	assert_false(moments_is_current(&t.moments, HT_MOMENT(0, 2)));
	done(&t);
}

static void test_forgotten(void **state)
{
	struct state s = two_in_turn(true);

	(void)state;
	for (uint32_t i = 0; i < MOMENTS_KEPT - 1; i++)
		assert_int_equal(moments_add(&s.moments, s.space, 7 + i, 3 + i, true), 0);
	assert_int_equal(find(&s, 5, 1), SPACE_NONE);
	assert_int_equal(find(&s, 6, 2), s.second);
	done(&s);
}

static void test_empty(void **state)
{
	struct moments moments = {0};

	(void)state;
	assert_false(moments_is_current(&moments, 0));
	assert_int_equal(moments_find(&moments, NULL, HT_MOMENT(1, 0), 1), SPACE_NONE);
	moments_done(&moments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_version),
		cmocka_unit_test(test_by_generation),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
