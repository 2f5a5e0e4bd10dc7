// SPDX-License-Identifier: Apache-2.0
/*
 * Code without an FDE: what is known of it by its bytes, and that nothing is guessed of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include "elf/image.h"
#include "unwind/outermost.h"
#include "unwind/table.h"

/* As in musl what a handler returns to; behind a function with an FDE, code that keeps a frame
 * pointer. */
__asm__(".text\n\t.skip 40, 0x90\n"
	"test_trampoline: mov $15, %rax\n\tsyscall\n\t.skip 40, 0x90\n"
	".cfi_startproc\n\t.skip 40, 0x90\n\t.cfi_endproc\n"
	"\t.skip 40, 0x90\n"
	"test_framed: push %rbp\n\tmov %rsp, %rbp\n\tpop %rbp\n\tret\n\t.skip 40, 0x90\n"
	".cfi_startproc\n\t.skip 40, 0x90\n\t.cfi_endproc\n");
extern const char test_trampoline[], test_framed[];

static struct unwind_table *build(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct unwind_table *table;

	assert_true(fd >= 0);
	assert_int_equal(unwind_table_build(fd, &table, NULL), 0);
	close(fd);
	return table;
}

static int kind_at(const struct unwind_table *table, uint64_t vaddr)
{
	return unwind_table_lookup(table, vaddr).cfa_kind;
}

static void test_own(void **state)
{
	struct unwind_table *table = build("/proc/self/exe");
	void *self = dlopen(NULL, RTLD_LAZY);
	uint64_t trampoline, framed;
	struct link_map *map;

	(void)state;
	assert_int_equal(dlinfo(self, RTLD_DI_LINKMAP, &map), 0);
	trampoline = (uint64_t)test_trampoline - map->l_addr;
	framed = (uint64_t)test_framed - map->l_addr;
	for (uint64_t at = 0; at < 24; at++) {
		assert_int_equal(kind_at(table, trampoline - 8 + at),
				 at >= 7 && at < 17 ? HT_CFA_SIGNAL : HT_CFA_UNKNOWN);
		assert_int_equal(kind_at(table, framed - 8 + at), HT_CFA_NONE);
	}
	dlclose(self);
	unwind_table_free(table);
}

/* The dynamic loader's first instructions: nothing calls them. */
static void test_entry(void **state)
{
	const char *path = "/lib64/ld-linux-x86-64.so.2";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct unwind_table *table = build(path);
	struct elf_image *image;
	uint64_t entry;

	(void)state;
	assert_int_equal(elf_image_open(fd, &image), 0);
	entry = elf_image_entry(image);
	assert_int_not_equal(entry, 0);
	assert_int_equal(kind_at(table, entry), HT_CFA_STOP);
	assert_int_equal(kind_at(table, entry + 16), HT_CFA_STOP);
	assert_int_equal(kind_at(table, entry + OUTERMOST_ENTRY_SIZE), HT_CFA_RSP);
	assert_int_equal(kind_at(table, entry - 32), HT_CFA_RSP);
	elf_image_free(image);
	unwind_table_free(table);
	close(fd);
}

/* musl's two calls, and what only looks like them. */
static void test_calls(void **state)
{
	const char *path = "/lib/ld-musl-x86_64.so.1";
	struct unwind_table *table;
	uint32_t nr_stops = 0;

	(void)state;
	if (access(path, R_OK)) {
		print_message("skipped: no musl here\n");
		skip();
	}
	table = build(path);
	for (uint32_t i = 0; i < table->nr_rows; i++)
		nr_stops += table->rules[HT_ROW_RULE(table->rows[i])].cfa_kind == HT_CFA_STOP;
	assert_in_range(nr_stops, 3, 5); /* the entry, main, a thread's function with its variant */
	unwind_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
