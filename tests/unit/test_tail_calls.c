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

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collect/probes.h"
#include "collect/tail_calls.h"
#include "installed_libc.h"

#define CODE_START 0x1000
#define CODE_SIZE  0x400

/* An ELF file of one segment, filled with int3, for code. */
struct code_file {
	int fd;
	struct elf_image *image;
};

static void put(const struct code_file *file, uint64_t vaddr, const void *bytes, size_t size)
{
	assert_in_range(vaddr, CODE_START, CODE_START + CODE_SIZE - size);
	assert_int_equal(pwrite(file->fd, bytes, size, (off_t)vaddr), size);
}

/* A direct jump: @opcode is e9, or e8 for a call. */
static void put_jump(const struct code_file *file, uint8_t opcode, uint64_t from, uint64_t to)
{
	uint8_t bytes[5] = {opcode};
	int32_t distance = (int32_t)(to - (from + 5));

	memcpy(bytes + 1, &distance, 4);
	put(file, from, bytes, sizeof(bytes));
}

static void make_code(struct code_file *ret)
{
	Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	Elf64_Phdr phdr = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = CODE_START,
		.p_vaddr = CODE_START,
		.p_filesz = CODE_SIZE,
		.p_memsz = CODE_SIZE,
		.p_align = 0x1000,
	};
	uint8_t traps[CODE_SIZE];

	ret->fd = memfd_create("code", 0);
	assert_true(ret->fd >= 0);
	memset(traps, 0xcc, sizeof(traps));
	assert_int_equal(pwrite(ret->fd, &ehdr, sizeof(ehdr), 0), sizeof(ehdr));
	assert_int_equal(pwrite(ret->fd, &phdr, sizeof(phdr), sizeof(ehdr)), sizeof(phdr));
	put(ret, CODE_START, traps, sizeof(traps));
}

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

/* What a does besides: 'j' jumps to b, 'c' calls it, 0 neither. */
static char a_only(struct code_file *file)
{
	static const struct code_range entries[] = {{A, PIECE, NULL}, {B_, B_ + 0x40, NULL}};
	struct tail_call found;

	assert_int_equal(elf_image_open(file->fd, &file->image), 0);
	found = tail_calls_only(file->image, &entries[0], entries, 2);
	elf_image_free(file->image);
	close(file->fd);
	if (found.to)
		assert_ptr_equal(found.to, &entries[1]);
	return found.to ? found.returns ? 'c' : 'j' : 0;
}

static void test_nothing_else(void **state)
{
	static const uint8_t ret[] = {0xc3}, push[] = {0x53}, jne[] = {0x75, 0x10};
	struct code_file file;

	(void)state;
	make_code(&file);
	put_jump(&file, 0xe9, A, B_);
	assert_int_equal(a_only(&file), 'j');

	make_code(&file);
	put(&file, A, push, sizeof(push));
	put_jump(&file, 0xe8, A + 1, B_);
	assert_int_equal(a_only(&file), 'c');

	/* a jump not taken, as in a check for overflow */
	make_code(&file);
	put(&file, A, jne, sizeof(jne));
	put_jump(&file, 0xe9, A + 2, B_);
	assert_int_equal(a_only(&file), 'j');

	/* it may return without */
	make_code(&file);
	put(&file, A, jne, sizeof(jne));
	put(&file, A + 2, ret, sizeof(ret));
	put_jump(&file, 0xe9, A + 0x12, B_);
	assert_int_equal(a_only(&file), 0);

	/* another call comes first */
	make_code(&file);
	put_jump(&file, 0xe8, A, B_ + 8);
	put_jump(&file, 0xe9, A + 5, B_);
	assert_int_equal(a_only(&file), 0);
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
		assert_null(tail_calls_only(file.image, &beyond[i], beyond, 2).to);
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
