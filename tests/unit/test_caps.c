// SPDX-License-Identifier: Apache-2.0
/* The names of features, and switching them off by name. Trying them needs privilege and a kernel:
 * tests/e2e does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "collect/caps.h"

static void test_disable(void **state)
{
	static const struct {
		const char *names;
		int err;
		bool session, multi;
	} examples[] = {
		{"session", 0, true, false},
		{"multi", 0, false, true},
		{"session,multi", 0, true, true},
		{"multi,session", 0, true, true},
		{"multi,multi", 0, false, true},
		{"", 0, false, false},
		{"multi,", 0, false, true},
		{"nonsense", -EINVAL, false, false},
		{"sessio", -EINVAL, false, false},
		{"sessions", -EINVAL, false, false},
		{"Session", -EINVAL, false, false},
		{",multi", -EINVAL, false, false},
		{"multi, session", -EINVAL, false, true},
		{" multi", -EINVAL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct caps caps = {0};

		if (caps_disable(&caps, examples[i].names) != examples[i].err)
			fail_msg("'%s'", examples[i].names);
		assert_int_equal(caps.disabled[CAPS_session], examples[i].session);
		assert_int_equal(caps.disabled[CAPS_multi], examples[i].multi);
	}
}

/* Options may come twice: the second adds. */
static void test_disable_adds(void **state)
{
	struct caps caps = {0};

	(void)state;
	assert_int_equal(caps_disable(&caps, "session"), 0);
	assert_int_equal(caps_disable(&caps, "multi"), 0);
	assert_true(caps.disabled[CAPS_session] && caps.disabled[CAPS_multi]);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < NR_CAPS_FEATURES; i++) {
		struct caps caps = {0};

		assert_int_equal(caps_disable(&caps, caps_feature_name(i)), 0);
		for (int k = 0; k < NR_CAPS_FEATURES; k++)
			assert_int_equal(caps.disabled[k], k == i);
		assert_true(*caps_feature_text(i) && *caps_feature_fallback(i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disable),
		cmocka_unit_test(test_disable_adds),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
