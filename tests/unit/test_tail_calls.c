// SPDX-License-Identifier: Apache-2.0
/*
 * Which functions end in a jump to another one: in code made for it, byte by byte, and in the C
 * library that is installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "code_file.h"
#include "collect/probes.h"
#include "collect/tail_calls.h"
#include "installed_libc.h"

/* Function a is at 0x1000, b at 0x1100; between them, from 0x1040, code without a symbol. */
#define A     0x1000
#define PIECE 0x1040
#define B_    0x1100

static bool a_forwards(struct code_file *file)
{
	static const struct code_range entries[] = {{A, PIECE, NULL}, {B_, B_ + 0x40, NULL}};
	bool found;

	assert_int_equal(elf_image_open(file->fd, &file->image), 0);
	found = tail_calls_any(file->image, &entries[0], entries, 2);
	elf_image_free(file->image);
	close(file->fd);
	return found;
}

/* Does a do nothing but jump to b? */
static bool a_only(struct code_file *file)
{
	static const struct code_range entries[] = {{A, PIECE, NULL}, {B_, B_ + 0x40, NULL}};
	const struct code_range *found;

	assert_int_equal(elf_image_open(file->fd, &file->image), 0);
	found = tail_calls_only(file->image, &entries[0], entries, 2);
	elf_image_free(file->image);
	close(file->fd);
	if (found)
		assert_ptr_equal(found, &entries[1]);
	return found;
}

static void test_nothing_else(void **state)
{
	static const uint8_t ret[] = {0xc3}, push[] = {0x53}, jne[] = {0x75, 0x10};
	struct code_file file;

	(void)state;
	make_code(&file);
	put_jump(&file, 0xe9, A, B_);
	assert_true(a_only(&file));

	/* it may do more when that returns */
	make_code(&file);
	put(&file, A, push, sizeof(push));
	put_jump(&file, 0xe8, A + 1, B_);
	assert_false(a_only(&file));

	/* a jump not taken, as in a check for overflow */
	make_code(&file);
	put(&file, A, jne, sizeof(jne));
	put_jump(&file, 0xe9, A + 2, B_);
	assert_true(a_only(&file));

	/* it may return without */
	make_code(&file);
	put(&file, A, jne, sizeof(jne));
	put(&file, A + 2, ret, sizeof(ret));
	put_jump(&file, 0xe9, A + 0x12, B_);
	assert_false(a_only(&file));

	/* another call comes first */
	make_code(&file);
	put_jump(&file, 0xe8, A, B_ + 8);
	put_jump(&file, 0xe9, A + 5, B_);
	assert_false(a_only(&file));
}

static void test_jump(void **state)
{
	struct code_file file;

	(void)state;
	make_code(&file);
	put_jump(&file, 0xe9, A + 9, B_);
	assert_true(a_forwards(&file));
}

static void test_conditional_jump(void **state)
{
	static const uint8_t je[] = {0x0f, 0x84, 0xf0, 0x00, 0x00, 0x00}; /* from A + 0x0a to B */
	struct code_file file;

	(void)state;
	make_code(&file);
	put(&file, A + 0x0a, je, sizeof(je));
	assert_true(a_forwards(&file));
}

static void test_call(void **state)
{
	struct code_file file;

	(void)state;
	make_code(&file);
	put_jump(&file, 0xe8, A + 9, B_);
	assert_false(a_forwards(&file));
}

static void test_by_way_of_a_piece(void **state)
{
	struct code_file file;

	(void)state;
	make_code(&file);
	put_jump(&file, 0xe9, A, PIECE + 0x10);
	put_jump(&file, 0xe9, PIECE + 0x20, B_);
	assert_true(a_forwards(&file));
}

/* Its jump lies before the place that the function jumps to. */
static void test_not_by_way_of_a_piece(void **state)
{
	struct code_file file;

	(void)state;
	make_code(&file);
	put_jump(&file, 0xe9, A, PIECE + 0x20);
	put_jump(&file, 0xe9, PIECE + 0x10, B_);
	assert_false(a_forwards(&file));
}

/* To its own start, and into the middle of another function. */
static void test_other_jumps(void **state)
{
	struct code_file file;

	(void)state;
	make_code(&file);
	put_jump(&file, 0xe9, A + 9, A);
	put_jump(&file, 0xe9, A + 20, B_ + 0x10);
	assert_false(a_forwards(&file));
}

/* Bytes that are no instructions do not end the search. */
static void test_behind_data(void **state)
{
	static const uint8_t data[] = {0x06, 0x07, 0x06};
	struct code_file file;

	(void)state;
	make_code(&file);
	put(&file, A, data, sizeof(data));
	put_jump(&file, 0xe9, A + 9, B_);
	assert_true(a_forwards(&file));
}

/* A range that lies about its end, or in no segment, finds nothing and does not fault. */
static void test_no_code(void **state)
{
	static const struct code_range beyond[] = {{A, UINT64_MAX, NULL},
						   {1ULL << 40, (1ULL << 40) + 64, NULL}};
	struct code_file file;

	(void)state;
	make_code(&file);
	assert_int_equal(elf_image_open(file.fd, &file.image), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_false(tail_calls_any(file.image, &beyond[i], beyond, 2));
		assert_null(tail_calls_only(file.image, &beyond[i], beyond, 2));
	}
	elf_image_free(file.image);
	close(file.fd);
}

/* glibc 2.36-9+deb12u14: realloc(NULL, n) jumps to malloc; memalign, valloc and pvalloc jump to a
 * common piece of code that jumps to malloc when the alignment is small. */
static void test_installed_libc(void **state)
{
	static const struct {
		const char *symbol, *head;
		bool forwards;
	} known[] = {
		{"malloc", "415455534889fb48", false},
		{"calloc", "41554889f8415455", false},
		{"realloc", "4157415641554154", true},
		{"posix_memalign", "803d010214000041", false},
		{"memalign", "803d710e14000074", true},
		{"valloc", "803d310e14000053", true},
		{"pvalloc", "803d010e14000053", true},
	};
	struct installed_libc libc;
	struct probes probes;
	unsigned int nr = 0;

	(void)state;
	installed_libc_open(&libc);
	assert_int_equal(probes_find(libc.object, false, 0, &probes, NULL), 0);
	for (unsigned int i = 0; i < probes.nr; i++)
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
			const struct probe *probe = &probes.probes[i];

			if (strcmp(probe_symbol(probe), known[k].symbol) != 0)
				continue;
			if (!installed_libc_begins(&libc, probe->vaddr, known[k].head)) {
				print_message(
					"%s: not compared, another build than the one known\n",
					known[k].symbol);
				continue;
			}
			nr++;
			assert_int_equal(probe->state, PROBE_USED);
			if (probe->forwards != known[k].forwards)
				fail_msg("%s: forwards is %d", known[k].symbol, probe->forwards);
		}
	probes_done(&probes);
	installed_libc_close(&libc);
	if (!nr)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_jump),
		cmocka_unit_test(test_conditional_jump),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_by_way_of_a_piece),
		cmocka_unit_test(test_not_by_way_of_a_piece),
		cmocka_unit_test(test_other_jumps),
		cmocka_unit_test(test_behind_data),
		cmocka_unit_test(test_no_code),
		cmocka_unit_test(test_installed_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
