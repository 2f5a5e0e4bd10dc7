// SPDX-License-Identifier: Apache-2.0
/* What a user may type as TIME, BYTES or a number, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/parse.h"

#define UNTOUCHED 4711

struct example {
	const char *text;
	int err;
	uint64_t value;
};

static void check(int (*parse)(const char *, uint64_t *), const struct example *examples, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t value = UNTOUCHED;
		int err = parse(examples[i].text, &value);

		if (err != examples[i].err || value != (err ? UNTOUCHED : examples[i].value))
			fail_msg("\"%s\": %d, %llu", examples[i].text, err,
				 (unsigned long long)value);
	}
}

static void test_time(void **state)
{
	static const struct example examples[] = {
		{"30s", 0, 30000000000},
		{"5m", 0, 300000000000},
		{"1h", 0, 3600000000000},
		{"250ms", 0, 250000000},
		{"2d", 0, 172800000000000},
		{"7", 0, 7000000000},
		{"0", 0, 0},
		{"007s", 0, 7000000000},
		{"9223372036854ms", 0, 9223372036854000000},
		{"9223372036855ms", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999999d", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"+1s", -EINVAL, 0},
		{" 1s", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"1s ", -EINVAL, 0},
		{"1.5h", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"1sm", -EINVAL, 0},
		{"1us", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"five", -EINVAL, 0},
	};

	(void)state;
	check(parse_time_ns, examples, sizeof(examples) / sizeof(*examples));
}

static void test_bytes(void **state)
{
	static const struct example examples[] = {
		{"512K", 0, 524288},
		{"512k", 0, 524288},
		{"1M", 0, 1048576},
		{"2G", 0, 2147483648},
		{"16G", 0, 17179869184},
		{"1", 0, 1},
		{"0", 0, 0},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"17179869183G", 0, 17179869183ULL << 30},
		{"17179869184G", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"K", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1KB", -EINVAL, 0},
		{"1T", -EINVAL, 0},
		{"1K1", -EINVAL, 0},
		{"1.5M", -EINVAL, 0},
	};

	(void)state;
	check(parse_bytes, examples, sizeof(examples) / sizeof(*examples));
}

static void test_integer(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_u64("0", 1, 9, &value), -ERANGE);
	assert_int_equal(parse_u64("10", 1, 9, &value), -ERANGE);
	assert_int_equal(parse_u64("5K", 1, 9, &value), -EINVAL);
	assert_int_equal(parse_u64("", 0, 9, &value), -EINVAL);
	assert_int_equal(parse_u64("-3", 0, 9, &value), -EINVAL);
	assert_int_equal(value, UNTOUCHED);
	assert_int_equal(parse_u64("1", 1, 9, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(parse_u64("9", 1, 9, &value), 0);
	assert_int_equal(value, 9);
	assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
}

static void test_percent(void **state)
{
	static const char *const wrong[] = {"",	  "%",	".",   ".5",  "5.", "5.%",
					    "-1", "+1", "5 %", "5%%", "x",  "1e1"};
	static const char *const beyond[] = {
		"0", "0%", "0.0", "101", "100.001", "99999999999999999999", "0.0001"};
	static const struct {
		const char *text;
		double share;
	} right[] = {{"5", 0.05}, {"5%", 0.05},	       {"0.5%", 0.005},
		     {"100%", 1}, {"12.345", 0.12345}, {"005", 0.05}};
	double share = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse_percent(wrong[i], &share), -EINVAL);
	for (size_t i = 0; i < sizeof(beyond) / sizeof(*beyond); i++)
		assert_int_equal(parse_percent(beyond[i], &share), -ERANGE);
	assert_true(share == 77);
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		assert_int_equal(parse_percent(right[i].text, &share), 0);
		assert_true(share > right[i].share - 1e-12 && share < right[i].share + 1e-12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_integer),
		cmocka_unit_test(test_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
