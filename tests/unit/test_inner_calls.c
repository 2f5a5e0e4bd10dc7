// SPDX-License-Identifier: Apache-2.0
/*
 * Which code is an allocator's own: in code made for it. Functions of 32 bytes stand side by side;
 * the first two are probed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "code_file.h"
#include "collect/inner_calls.h"

enum { MALLOC, CALLOC, HELPER, DEEPER, APPLICATION, OTHER, NR_FUNCTIONS };

#define STEP	 0x20
#define AT(nr)	 (CODE_START + STEP * (uint64_t)(nr))
#define CALL	 0xe8
#define JUMP	 0xe9
#define NONE_OWN ((1u << MALLOC) | (1u << CALLOC))

struct code {
	struct code_file file;
	struct code_range all[NR_FUNCTIONS];
	size_t used[NR_FUNCTIONS];
};

static void begin(struct code *code)
{
	*code = (struct code){0};
	make_code(&code->file);
	for (int i = 0; i < NR_FUNCTIONS; i++)
		code->all[i] = (struct code_range){AT(i), AT(i + 1), NULL};
}

static void branch(struct code *code, uint8_t opcode, int from, int to)
{
	put_jump(&code->file, opcode, AT(from) + code->used[from], AT(to));
	code->used[from] += 5;
}

/* The functions that are own, a bit each. */
static unsigned int own(struct code *code)
{
	const struct functions functions = {NR_FUNCTIONS, code->all};
	struct own_ranges ranges;
	struct code_graph graph;
	unsigned int mask = 0;

	assert_int_equal(elf_image_open(code->file.fd, &code->file.image), 0);
	assert_int_equal(code_graph_init(&graph, code->file.image, &functions, NULL, 0), 0);
	assert_int_equal(inner_calls_find(&graph, code->all, 2, true, &ranges), 0);
	assert_false(ranges.cut);
	for (unsigned int i = 0; i < ranges.nr; i++)
		for (int k = 0; k < NR_FUNCTIONS; k++)
			if (AT(k) >= ranges.ranges[i].start && AT(k) < ranges.ranges[i].end) {
				assert_true(AT(k + 1) <= ranges.ranges[i].end);
				mask |= 1u << k;
			}
	code_graph_done(&graph);
	elf_image_free(code->file.image);
	close(code->file.fd);
	return mask;
}

static void test_probed_alone(void **state)
{
	struct code code;

	(void)state;
	begin(&code);
	branch(&code, CALL, CALLOC, MALLOC);
	branch(&code, CALL, APPLICATION, MALLOC);
	assert_int_equal(own(&code), NONE_OWN);
}

static void test_helper(void **state)
{
	struct code code;

	(void)state;
	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, JUMP, HELPER, DEEPER);
	branch(&code, CALL, DEEPER, MALLOC);
	branch(&code, CALL, APPLICATION, MALLOC);
	branch(&code, CALL, APPLICATION, CALLOC);
	assert_int_equal(own(&code), NONE_OWN | 1u << HELPER | 1u << DEEPER);
}

/* What does not come back to the allocator matters to nobody. */
static void test_leads_nowhere(void **state)
{
	struct code code;

	(void)state;
	begin(&code);
	branch(&code, CALL, MALLOC, HELPER);
	branch(&code, CALL, HELPER, DEEPER);
	assert_int_equal(own(&code), NONE_OWN);
}

/* The application calls a helper too: it and what leads to it through it alone stay the
 * application's. */
static void test_shared(void **state)
{
	struct code code;

	(void)state;
	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, CALL, HELPER, DEEPER);
	branch(&code, CALL, DEEPER, MALLOC);
	branch(&code, CALL, APPLICATION, HELPER);
	assert_int_equal(own(&code), NONE_OWN);

	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, CALL, HELPER, MALLOC);
	branch(&code, CALL, CALLOC, DEEPER);
	branch(&code, CALL, DEEPER, HELPER);
	branch(&code, JUMP, OTHER, DEEPER);
	assert_int_equal(own(&code), NONE_OWN);
}

/* lea helper(%rip), %rdi; and in a program that is not moved mov $helper, %edi, which is no address
 * here, where addresses are small. */
static void test_address(void **state)
{
	static const uint8_t mov[] = {0xbf, AT(HELPER) & 0xff, AT(HELPER) >> 8, 0, 0};
	uint8_t lea[7] = {0x48, 0x8d, 0x3d};
	int32_t distance = (int32_t)(AT(HELPER) - (AT(APPLICATION) + sizeof(lea)));
	struct code code;

	(void)state;
	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, CALL, HELPER, MALLOC);
	put(&code.file, AT(APPLICATION), mov, sizeof(mov));
	assert_int_equal(own(&code), NONE_OWN | 1u << HELPER);

	memcpy(lea + 3, &distance, sizeof(distance));
	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, CALL, HELPER, MALLOC);
	put(&code.file, AT(APPLICATION), lea, sizeof(lea));
	assert_int_equal(own(&code), NONE_OWN);
}

/* Code of no function, and branches into the middle of one. */
static void test_elsewhere(void **state)
{
	struct code code;

	(void)state;
	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, CALL, HELPER, MALLOC);
	put_jump(&code.file, CALL, AT(NR_FUNCTIONS) + 8, AT(HELPER));
	assert_int_equal(own(&code), NONE_OWN);

	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, CALL, HELPER, MALLOC);
	put_jump(&code.file, CALL, AT(APPLICATION), AT(HELPER) + 4);
	assert_int_equal(own(&code), NONE_OWN | 1u << HELPER);
}

/* A helper that calls itself, and two that call each other. */
static void test_circles(void **state)
{
	struct code code;

	(void)state;
	begin(&code);
	branch(&code, CALL, CALLOC, HELPER);
	branch(&code, CALL, HELPER, HELPER);
	branch(&code, CALL, HELPER, DEEPER);
	branch(&code, CALL, DEEPER, HELPER);
	branch(&code, CALL, DEEPER, MALLOC);
	assert_int_equal(own(&code), NONE_OWN | 1u << HELPER | 1u << DEEPER);
}

static void test_no_functions(void **state)
{
	const struct code_range far = {1ULL << 40, (1ULL << 40) + 64, NULL};
	const struct functions none = {0};
	struct own_ranges ranges;
	struct code_graph graph;
	struct code code;

	(void)state;
	begin(&code);
	assert_int_equal(elf_image_open(code.file.fd, &code.file.image), 0);
	assert_int_equal(code_graph_init(&graph, code.file.image, &none, NULL, 0), 0);
	assert_int_equal(inner_calls_find(&graph, &far, 1, true, &ranges), 0);
	assert_int_equal(ranges.nr, 0);
	assert_int_equal(inner_calls_import(&graph, far.start), 0);
	code_graph_done(&graph);
	elf_image_free(code.file.image);
	close(code.file.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probed_alone),  cmocka_unit_test(test_helper),
		cmocka_unit_test(test_leads_nowhere), cmocka_unit_test(test_shared),
		cmocka_unit_test(test_address),	      cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_circles),	      cmocka_unit_test(test_no_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
