// SPDX-License-Identifier: Apache-2.0
/*
 * The choice of a probe site, from literal code bytes, and against the C library that is installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "collect/probe_site.h"
#include "elf/image.h"

#define RDI   1
#define RSI   2
#define RDX   4
#define RCX   8
#define R9    32
#define VADDR 0x98930

struct row {
	const char *what;
	const char *code; /* hex */
	uint32_t arguments;
	bool with_return, long_nops;
	uint64_t offset;
	unsigned int pushes;
	enum probe_site_class class;
	const char *insn;
};

#define STEPPED_AT_ENTRY(text) 0, 0, PROBE_SITE_STEPPED, text
#define EMULATED	       PROBE_SITE_EMULATED
#define OPTIMIZED	       PROBE_SITE_OPTIMIZED

/* Function entries as compilers emit them. */
static const struct row entries[] = {
	{"glibc malloc: push %r12", "415455534889fb4883ec10803d461b1400000f84f8010000", RDI, true,
	 false, 0, 0, EMULATED, "pushq %r12"},
	{"glibc free: test; je", "4885ff740e55c3", RDI, false, false, 3, 0, EMULATED, NULL},
	{"glibc free, size unknown beyond the je", "4885ff740e", RDI, false, false, 3, 0, EMULATED,
	 "je 0x98943"},
	{"glibc memalign: cmpb; je", "803d710e1400007407e932f6ffff66904883ec18", RDI | RSI, true,
	 false, 7, 0, EMULATED, "je 0x98940"},
	{"glibc posix_memalign: cmpb; push %r12", "803d0102140000415449", RDI | RSI | RDX, true,
	 false, 7, 0, EMULATED, "pushq %r12"},
	{"glibc calloc: push %r13", "41554889f8415455", RDI | RSI, true, false, 0, 0, EMULATED,
	 "pushq %r13"},
	{"endbr64; push", "f30f1efa4154", RDI, true, false, 4, 0, EMULATED, "pushq %r12"},
	{"endbr64; jmp", "f30f1efae900000000", RDI, true, false, 4, 0, EMULATED, NULL},
	{"endbr64; mov; ret", "f30f1efa4889f8c3", RDI, true, false, STEPPED_AT_ENTRY("endbr64")},
	{"call first", "e800010000c3", RDI, true, false, 0, 0, EMULATED, NULL},
	{"jmp32", "e900010000", RDI, true, false, 0, 0, EMULATED, NULL},
	{"jcc32 behind test", "4885ff0f8400010000", RDI, true, false, 3, 0, EMULATED, NULL},
	{"addr32 call", "67e800010000", RDI, true, false, 0, 0, EMULATED, NULL},
	{"nop", "90c3", RDI, true, false, 0, 0, EMULATED, "nop"},
	{"patchable entry, old kernel", "0f1f44000053", RDI, true, false, 5, 0, EMULATED,
	 "pushq %rbx"},
	{"patchable entry, new kernel", "0f1f44000053", RDI, true, true, 0, 0, OPTIMIZED, NULL},
	{"nop of 3 bytes", "0f1f0053", RDI, true, true, 0, 0, EMULATED, NULL},
	{"nop of 9 bytes is stepped on any", "660f1f84000000000053", RDI, true, true, 9, 0,
	 EMULATED, "pushq %rbx"},
};

/* What disqualifies. */
static const struct row limits[] = {
	{"argument overwritten", "31ff53c3", RDI, false, false,
	 STEPPED_AT_ENTRY("xorl %edi, %edi")},
	{"argument's low byte overwritten", "40b70153c3", RDI, false, false,
	 STEPPED_AT_ENTRY("movb $1, %dil")},
	{"high byte of rcx overwritten", "b50153c3", RCX, false, false,
	 STEPPED_AT_ENTRY("movb $1, %ch")},
	{"implicit write of rdx", "48f7e753c3", RDX, false, false, STEPPED_AT_ENTRY("mulq %rdi")},
	{"r9d overwritten", "4531c953c3", R9, false, false, STEPPED_AT_ENTRY("xorl %r9d, %r9d")},
	{"another argument overwritten", "31ff53c3", RSI, false, false, 2, 0, EMULATED,
	 "pushq %rbx"},
	{"only read arguments count", "4889fe53c3", RDI, false, false, 3, 0, EMULATED, NULL},
	{"nothing behind a ret", "4885ffc353", RDI, false, false,
	 STEPPED_AT_ENTRY("testq %rdi, %rdi")},
	{"nothing behind an indirect jump", "4885ffffe053", RDI, false, false,
	 STEPPED_AT_ENTRY("testq %rdi, %rdi")},
	{"nothing behind ud2", "0f0b53", RDI, false, false, STEPPED_AT_ENTRY("ud2")},
	{"nothing behind syscall", "0f0553", RDI, false, false, STEPPED_AT_ENTRY("syscall")},
	{"loop is no jcc to the kernel", "e20053", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
	{"push imm counts, not chosen", "6a0153c3", RDI, false, false, 2, 1, EMULATED,
	 "pushq %rbx"},
	{"push imm moves rsp", "6a0153c3", RDI, true, false, STEPPED_AT_ENTRY("pushq $1")},
	{"push mem counts", "ff770853c3", RDI, false, false, 3, 1, EMULATED, "pushq %rbx"},
	{"sub rsp counts words", "4883ec1853c3", RDI, false, false, 4, 3, EMULATED, "pushq %rbx"},
	{"sub rsp moves rsp", "4883ec1853c3", RDI, true, false,
	 STEPPED_AT_ENTRY("subq $0x18, %rsp")},
	{"sub rsp by half a word", "4883ec0c53c3", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
	{"sub rsp by too much", "4881ec0010000053", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
	{"rsp aligned", "4883e4f053", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
	{"rsp moved up", "5853", RDI, false, false, STEPPED_AT_ENTRY("popq %rax")},
	{"enter", "c810000053", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
	{"16-bit push", "665053", RDI, false, false, STEPPED_AT_ENTRY("pushw %ax")},
	{"push with REX.W is stepped", "485053", RDI, false, false, 2, 1, EMULATED, "pushq %rbx"},
	{"xchg %r8,%rax is no nop", "419053", RDI, false, false, 2, 0, EMULATED, "pushq %rbx"},
	{"jcc with a ds prefix cannot be probed", "4885ff3e7400", RDI, false, false,
	 STEPPED_AT_ENTRY("testq %rdi, %rdi")},
	{"16-bit call", "66e800000000", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
	{"loop back to the candidate", "4885ff53ebfdc3", RDI, false, false,
	 STEPPED_AT_ENTRY("testq %rdi, %rdi")},
	{"loop back before the candidate", "4885ff4885f653ebfac3", RDI, false, false,
	 STEPPED_AT_ENTRY(NULL)},
	{"loop back behind the candidate", "5390ebfdc3", RDI, false, false, 0, 0, EMULATED, NULL},
	{"loop back to the entry is a call", "53ebfdc3", RDI, false, false, 0, 0, EMULATED, NULL},
	{"loop back from beyond unknown bytes", "4885ff53c3060606ebf9", RDI, false, false,
	 STEPPED_AT_ENTRY("testq %rdi, %rdi")},
	{"jcc that is its own target", "4885ff74fec3", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
	{"cut within an instruction", "4885ff4154", RDI, false, false, 3, 0, EMULATED, NULL},
	{"cut before its end", "4885ff41", RDI, false, false, STEPPED_AT_ENTRY(NULL)},
};

static size_t from_hex(const char *hex, uint8_t *bytes, size_t size)
{
	size_t nr = 0;

	for (unsigned int byte; nr < size && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		bytes[nr++] = (uint8_t)byte;
	return nr;
}

static void check_rows(const struct row *rows, size_t nr_rows)
{
	for (size_t i = 0; i < nr_rows; i++) {
		const struct row *row = &rows[i];
		struct probe_site_wanted wanted = {row->arguments, row->with_return,
						   row->long_nops};
		struct probe_site site;
		uint8_t code[64];
		size_t size = from_hex(row->code, code, sizeof(code));

		assert_int_equal(probe_site_choose(code, size, VADDR, &wanted, &site), 0);
		if (site.offset != row->offset || site.pushes != row->pushes ||
		    site.class != row->class || (row->insn && strcmp(site.insn, row->insn)))
			fail_msg("%s: +%lu, %u pushes, %s, \"%s\"", row->what, site.offset,
				 site.pushes, probe_site_class_name(site.class), site.insn);
	}
}

static void test_entries(void **state)
{
	(void)state;
	check_rows(entries, sizeof(entries) / sizeof(entries[0]));
}

static void test_limits(void **state)
{
	(void)state;
	check_rows(limits, sizeof(limits) / sizeof(limits[0]));
}

static void test_nop5_across_pages(void **state)
{
	static const uint8_t code[] = {0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3};
	struct probe_site_wanted wanted = {.arguments = RDI, .long_nops = true};
	struct probe_site site;

	(void)state;
	assert_int_equal(probe_site_choose(code, sizeof(code), 0x1ffb, &wanted, &site), 0);
	assert_int_equal(site.class, PROBE_SITE_OPTIMIZED);
	assert_int_equal(probe_site_choose(code, sizeof(code), 0x1ffc, &wanted, &site), 0);
	assert_int_equal(site.class, PROBE_SITE_EMULATED);
}

static void test_errors(void **state)
{
	static const uint8_t data[] = {0x06, 0x07, 0x06};
	static const uint8_t half[] = {0x41};
	struct probe_site_wanted wanted = {.arguments = RDI};
	struct probe_site_wanted seventh = {.arguments = 64};
	struct probe_site site = {.offset = 77};

	(void)state;
	assert_int_equal(probe_site_choose(data, sizeof(data), VADDR, &wanted, &site), -EILSEQ);
	assert_int_equal(probe_site_choose(half, sizeof(half), VADDR, &wanted, &site), -EILSEQ);
	assert_int_equal(probe_site_choose(data, 0, VADDR, &wanted, &site), -EINVAL);
	assert_int_equal(probe_site_choose(data, sizeof(data), UINT64_MAX, &wanted, &site),
			 -EINVAL);
	assert_int_equal(probe_site_choose(data, sizeof(data), VADDR, &seventh, &site), -EINVAL);
	assert_int_equal(site.offset, 77);
}

/* The path of the C library this test runs with. */
static bool libc_path(char *path, size_t size)
{
	char line[1024];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && !found && fgets(line, sizeof(line), maps)) {
		char *start = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		if (!start || !strstr(start, "/libc.so.6"))
			continue;
		found = strlen(start) < size;
		snprintf(path, size, "%s", start);
	}
	if (maps)
		fclose(maps);
	return found;
}

static void test_installed_libc(void **state)
{
	static const char *const names[] = {"malloc",	      "free",	       "calloc", "realloc",
					    "posix_memalign", "aligned_alloc", "valloc"};
	/* of glibc 2.36-9+deb12u14, Debian 12 */
	static const char *const heads[] = {"415455534889fb48", "4885ff0f84bf0000",
					    "41554889f8415455", "4157415641554154",
					    "803d010214000041", "803d710e14000074",
					    "803d310e14000053"};
	static const uint64_t offsets[] = {0, 3, 0, 0, 7, 7, 7};
	struct probe_site_wanted wanted = {.arguments = RDI};
	struct elf_symbol symbols[7];
	struct elf_image *image;
	char path[1024];
	int fd;

	(void)state;
	if (!libc_path(path, sizeof(path))) {
		print_message("skipped: no libc.so.6 is mapped here\n");
		skip();
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(elf_image_open(fd, &image), 0);
	assert_int_equal(elf_image_find_symbols(image, names, 7, symbols), 0);
	for (int i = 0; i < 7; i++) {
		uint8_t code[8192], head[8];
		struct probe_site site;
		long size;

		assert_non_null(symbols[i].name);
		assert_in_range(symbols[i].size, 8, sizeof(code));
		size = elf_image_read(image, symbols[i].vaddr, code, symbols[i].size);
		assert_int_equal(size, symbols[i].size);
		assert_int_equal(
			probe_site_choose(code, (size_t)size, symbols[i].vaddr, &wanted, &site), 0);
		print_message("%s+%lu: %s (%s)\n", names[i], site.offset, site.insn,
			      probe_site_class_name(site.class));
		if (memcmp(code, head, from_hex(heads[i], head, sizeof(head))))
			print_message("  not compared: another build than the one known\n");
		else
			assert_int_equal(site.offset, offsets[i]);
	}
	elf_image_free(image);
	close(fd);
}

static void test_kernel_agrees(void **state)
{
	struct utsname uts;
	int major = 0, minor = 0;

	(void)state;
	if (prctl(PR_GET_SECCOMP) != 0) {
		print_message("skipped: a seccomp filter answers for the kernel\n");
		skip();
	}
	assert_int_equal(uname(&uts), 0);
	assert_int_equal(sscanf(uts.release, "%d.%d", &major, &minor), 2);
	/* Distributions may carry the feature back, none takes it out. */
	if (major > 6 || (major == 6 && minor >= 18))
		assert_true(probe_site_long_nops());
	else if (major < 6)
		assert_false(probe_site_long_nops());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),		  cmocka_unit_test(test_limits),
		cmocka_unit_test(test_nop5_across_pages), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_installed_libc),	  cmocka_unit_test(test_kernel_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
