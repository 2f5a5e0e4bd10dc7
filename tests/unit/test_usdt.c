// SPDX-License-Identifier: Apache-2.0
/*
 * The arguments of USDT probes in every form that compilers write, and in some that they do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "elf/usdt_arguments.h"

#define NONE HT_TOLD_NO_REGISTER

static void test_forms(void **state)
{
	static const struct {
		const char *text;
		struct ht_told_argument is;
	} known[] = {
		{"8@%rdi", {.kind = HT_TOLD_REGISTER, .size = 8, .base = HT_TOLD_RDI}},
		{"-4@%r15d", {.kind = HT_TOLD_REGISTER, .size = -4, .base = HT_TOLD_R15}},
		{"1@%sil", {.kind = HT_TOLD_REGISTER, .size = 1, .base = HT_TOLD_RSI}},
		{"-2@%r8w", {.kind = HT_TOLD_REGISTER, .size = -2, .base = HT_TOLD_R8}},
		{"8@$1234", {.kind = HT_TOLD_NUMBER, .size = 8, .number = 1234}},
		{"-4@$-1", {.kind = HT_TOLD_NUMBER, .size = -4, .number = -1}},
		{"8@$0x10", {.kind = HT_TOLD_NUMBER, .size = 8, .number = 16}},
		{"8@(%rsp)",
		 {.kind = HT_TOLD_MEMORY,
		  .size = 8,
		  .base = HT_TOLD_RSP,
		  .index = NONE,
		  .scale = 1}},
		{"8@-24(%rbp)",
		 {.kind = HT_TOLD_MEMORY,
		  .size = 8,
		  .base = HT_TOLD_RBP,
		  .index = NONE,
		  .scale = 1,
		  .number = -24}},
		{"4@16(%rax,%rbx)",
		 {.kind = HT_TOLD_MEMORY,
		  .size = 4,
		  .base = HT_TOLD_RAX,
		  .index = HT_TOLD_RBX,
		  .scale = 1,
		  .number = 16}},
		{"8@(%r9,%r10,8)",
		 {.kind = HT_TOLD_MEMORY,
		  .size = 8,
		  .base = HT_TOLD_R9,
		  .index = HT_TOLD_R10,
		  .scale = 8}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct ht_told_argument argument;

		if (usdt_arguments_parse(known[i].text, 1, &argument))
			fail_msg("%s is not taken", known[i].text);
		assert_memory_equal(&argument, &known[i].is, sizeof(argument));
	}
}

static void test_several(void **state)
{
	struct ht_told_argument arguments[3];

	(void)state;
	assert_int_equal(usdt_arguments_parse("8@%rax  4@8(%rdx) -4@$5", 3, arguments), 0);
	assert_int_equal(arguments[0].base, HT_TOLD_RAX);
	assert_int_equal(arguments[1].base, HT_TOLD_RDX);
	assert_int_equal(arguments[2].number, 5);
	assert_int_equal(usdt_arguments_parse("8@%rax 8@%rbx", 3, arguments), -EINVAL);
	assert_int_equal(usdt_arguments_parse("8@%rax more of it", 1, arguments), 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
	} known[] = {
		{"", -EINVAL},
		{"8", -EINVAL},
		{"8@", -ENOTSUP},
		{"%rdi", -EINVAL},
		{"3@%rdi", -EINVAL},
		{"0@%rdi", -EINVAL},
		{"99999999999@%rdi", -EINVAL},
		{"8@%rdx,", -EINVAL},
		{"8@%xmm0", -ENOTSUP},
		{"8@%rip", -ENOTSUP},
		{"8@symbol(%rip)", -ENOTSUP},
		{"8@16", -EINVAL},
		{"8@(%rdi", -EINVAL},
		{"8@(%rdi,%rsi,3)", -EINVAL},
		{"8@(%rdi,,8)", -EINVAL},
		{"8@$", -EINVAL},
		{"8@$99999999999999999999", -EINVAL},
		{"8@(,%rsi,8)", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct ht_told_argument argument;
		int err = usdt_arguments_parse(known[i].text, 1, &argument);

		if (err != known[i].err)
			fail_msg("'%s': %d, not %d", known[i].text, err, known[i].err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
