// SPDX-License-Identifier: Apache-2.0
/*
 * Unwind tables of real objects against libdw, which reads the same .eh_frame on its own: at random
 * addresses of the code both must say the same. By hand: test_unwind_table OBJECT... checks those,
 * HEAPTAP_CROSS_CHECK=N at N addresses each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind/table.h"

#define LIBRARIES  "/usr/lib/x86_64-linux-gnu/"
#define NR_PCS	   30000
#define PADDING	   15 /* as merged by the table */
#define MAX_RANGES 16
#define MAX_TESTS  1024
#define SMALL_CODE (64 << 10)

static const char *const objects[] = {
	"/lib/x86_64-linux-gnu/libc.so.6",
	"/lib64/ld-linux-x86-64.so.2",
	LIBRARIES "libstdc++.so.6",
	LIBRARIES "libcrypto.so.3",
	LIBRARIES "libpython3.11.so.1.0",
	LIBRARIES "libLLVM-14.so.1",
	LIBRARIES "libclang-cpp.so.14",
	"/usr/bin/gdb",
	"/usr/bin/node",
};

/* One object, read by both. */
struct pair {
	int fd;
	Elf *elf;
	Dwarf_CFI *cfi;
	struct unwind_table *table;
	uint64_t starts[MAX_RANGES], sizes[MAX_RANGES], size; /* of executable segments */
	size_t nr_ranges;
};

static uint64_t random_state = 88172645463325252ULL;

static uint64_t random_below(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 8) % limit;
}

static void open_pair(const char *path, struct pair *ret)
{
	struct diag diag = {""};
	size_t nr;

	*ret = (struct pair){.fd = open(path, O_RDONLY | O_CLOEXEC)};
	assert_true(ret->fd >= 0);
	elf_version(EV_CURRENT);
	ret->elf = elf_begin(ret->fd, ELF_C_READ_MMAP, NULL);
	ret->cfi = dwarf_getcfi_elf(ret->elf);
	assert_non_null(ret->cfi);
	assert_int_equal(unwind_table_build(ret->fd, &ret->table, &diag), 0);
	assert_string_equal(diag.text, "");
	assert_int_equal(elf_getphdrnum(ret->elf, &nr), 0);
	for (size_t i = 0; i < nr; i++) {
		GElf_Phdr phdr;

		assert_non_null(gelf_getphdr(ret->elf, (int)i, &phdr));
		if (phdr.p_type != PT_LOAD || !(phdr.p_flags & PF_X))
			continue;
		assert_true(ret->nr_ranges < MAX_RANGES);
		ret->starts[ret->nr_ranges] = phdr.p_vaddr;
		ret->sizes[ret->nr_ranges++] = phdr.p_filesz;
		ret->size += phdr.p_filesz;
	}
}

static void close_pair(struct pair *pair)
{
	unwind_table_free(pair->table);
	dwarf_cfi_end(pair->cfi);
	elf_end(pair->elf);
	close(pair->fd);
}

static uint64_t random_pc(const struct pair *pair)
{
	uint64_t offset = random_below(pair->size);
	size_t i = 0;

	while (offset >= pair->sizes[i])
		offset -= pair->sizes[i++];
	return pair->starts[i] + offset;
}

/* Where a register is saved, as libdw says it. */
struct place {
	enum { SAME, UNDEFINED, AT_CFA, AT_REGISTER, OTHER } kind;
	int reg;
	int64_t offset;
};

/* Operations of which the first is a register plus N: its number, or -1. */
static int base_register(const Dwarf_Op *op, int64_t *ret_offset)
{
	*ret_offset = (int64_t)(op->atom == DW_OP_bregx ? op->number2 : op->number);
	if (op->atom == DW_OP_bregx)
		return (int)op->number;
	return op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31 ? op->atom - DW_OP_breg0 : -1;
}

static struct place place_of(Dwarf_Frame *frame, int reg)
{
	struct place place = {.kind = OTHER};
	Dwarf_Op memory[3], *ops;
	size_t nr;

	assert_int_equal(dwarf_frame_register(frame, reg, memory, &ops, &nr), 0);
	if (!nr) {
		place.kind = ops ? UNDEFINED : SAME;
		return place;
	}
	if (ops[0].atom != DW_OP_call_frame_cfa)
		return place;
	if (nr == 1 || (nr == 2 && ops[1].atom == DW_OP_plus_uconst)) {
		place.kind = AT_CFA;
		place.offset = nr == 1 ? 0 : (int64_t)ops[1].number;
	} else if (nr == 2 && ops[1].atom == DW_OP_stack_value && reg == 7) {
		place.kind = SAME; /* what the ABI says of rsp */
	} else if (nr == 2) {
		place.reg = base_register(&ops[1], &place.offset);
		place.kind = place.reg < 0 ? OTHER : AT_REGISTER;
	}
	return place;
}

static bool is_plt(const Dwarf_Op *ops, size_t nr, int64_t *ret_threshold)
{
	static const uint8_t atoms[] = {DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, 0,
					DW_OP_ge,    DW_OP_lit3,   DW_OP_shl,	DW_OP_plus};

	if (nr != sizeof(atoms))
		return false;
	for (size_t i = 0; i < nr; i++)
		if (atoms[i] && atoms[i] != ops[i].atom)
			return false;
	*ret_threshold = ops[4].atom - DW_OP_lit0;
	return ops[0].number == 8 && (*ret_threshold == 10 || *ret_threshold == 11);
}

/* The CFA's part of the rule. */
static struct ht_rule cfa_of(const Dwarf_Op *ops, size_t nr)
{
	struct ht_rule bad = {.cfa_kind = HT_CFA_BAD}, rule = {0};
	int64_t offset, addition = 0;
	int reg;

	if (is_plt(ops, nr, &offset))
		return (struct ht_rule){.cfa_kind = HT_CFA_PLT, .offset = offset};
	reg = nr ? base_register(&ops[0], &offset) : -1;
	if ((reg != 6 && reg != 7) || offset >= 1 << 25 || offset < -(1 << 25))
		return bad;
	rule.offset = offset;
	if (nr == 1) {
		rule.cfa_kind = reg == 6 ? HT_CFA_RBP : HT_CFA_RSP;
		return rule;
	}
	if (ops[1].atom != DW_OP_deref || nr > 3 || (nr == 3 && ops[2].atom != DW_OP_plus_uconst))
		return bad;
	if (nr == 3)
		addition = (int64_t)ops[2].number;
	rule.cfa_kind = reg == 6 ? HT_CFA_DEREF_RBP : HT_CFA_DEREF_RSP;
	rule.offset2 = addition;
	return rule.offset2 == addition ? rule : bad;
}

static bool is_at_rsp(struct place place, int64_t offset)
{
	return place.kind == AT_REGISTER && place.reg == 7 && place.offset == offset;
}

static struct ht_rule rule_of(Dwarf_Frame *frame)
{
	struct place fp = place_of(frame, 6), sp = place_of(frame, 7), ra = place_of(frame, 16);
	struct ht_rule bad = {.cfa_kind = HT_CFA_BAD}, rule;
	bool is_signal;
	Dwarf_Op *ops;
	size_t nr;

	assert_int_equal(dwarf_frame_info(frame, NULL, NULL, &is_signal), 16);
	if (ra.kind == UNDEFINED)
		return (struct ht_rule){.cfa_kind = HT_CFA_STOP};
	if (dwarf_frame_cfa(frame, &ops, &nr))
		return bad;
	rule = cfa_of(ops, nr);
	if (is_signal)
		return rule.cfa_kind == HT_CFA_DEREF_RSP && rule.offset == 160 && !rule.offset2 &&
				       is_at_rsp(fp, 120) && is_at_rsp(ra, 168)
			       ? (struct ht_rule){.cfa_kind = HT_CFA_SIGNAL}
			       : bad;
	if (rule.cfa_kind == HT_CFA_BAD || sp.kind != SAME || ra.kind != AT_CFA || ra.offset != -8)
		return bad;
	if (fp.kind == SAME)
		return rule;
	if (fp.kind != AT_CFA && (fp.kind != AT_REGISTER || fp.reg != 6))
		return bad;
	rule.fp_kind = fp.kind == AT_CFA ? HT_FP_AT_CFA : HT_FP_AT_RBP;
	rule.fp_offset = fp.offset / 8;
	return rule.fp_offset * 8 == fp.offset ? rule : bad;
}

/* Whether libdw knows a frame at @pc; what it cannot read is BAD. */
static bool find_rule(const struct pair *pair, uint64_t pc, struct ht_rule *ret)
{
	Dwarf_Frame *frame;

	if (dwarf_cfi_addrframe(pair->cfi, pc, &frame)) {
		const char *message = dwarf_errmsg(-1);

		*ret = (struct ht_rule){.cfa_kind = HT_CFA_BAD};
		return !message || !strstr(message, "no matching");
	}
	*ret = rule_of(frame);
	free(frame);
	return true;
}

static bool is_equal(struct ht_rule a, struct ht_rule b)
{
	return !memcmp(&a, &b, sizeof(a));
}

/* No frame in libdw: a rule for code without one, or in the padding between two functions the rule
 * of the first. */
static bool is_gap(const struct pair *pair, uint64_t pc, struct ht_rule found)
{
	struct ht_rule rule;
	uint64_t before = 1, behind = 1;

	if (found.cfa_kind == HT_CFA_NONE || found.cfa_kind == HT_CFA_UNKNOWN ||
	    found.cfa_kind == HT_CFA_STOP)
		return true;
	while (before <= PADDING && !find_rule(pair, pc - before, &rule))
		before++;
	if (!is_equal(rule, found))
		return false;
	while (before + behind <= PADDING + 1 && !find_rule(pair, pc + behind, &rule))
		behind++;
	return before + behind <= PADDING + 1;
}

static void show(const char *who, struct ht_rule rule)
{
	print_message("  %s: cfa %d %d %d fp %d %d\n", who, (int)rule.cfa_kind, (int)rule.offset,
		      (int)rule.offset2, (int)rule.fp_kind, (int)rule.fp_offset * 8);
}

static unsigned int count_different(const struct pair *pair, unsigned int nr)
{
	unsigned int nr_different = 0, nr_rules = 0;

	for (unsigned int i = 0; i < nr; i++) {
		uint64_t pc = random_pc(pair);
		struct ht_rule found = unwind_table_lookup(pair->table, pc), wanted;
		bool known = find_rule(pair, pc, &wanted);

		nr_rules += known && wanted.cfa_kind != HT_CFA_BAD;
		if (known ? is_equal(found, wanted) : is_gap(pair, pc, found))
			continue;
		nr_different++;
		print_message("different at %#llx\n", (unsigned long long)pc);
		show("libdw", wanted);
		show("table", found);
	}
	/* It was about something, unless the file is little but its start code. */
	assert_true(nr_rules > nr / 4 || pair->table->size < SMALL_CODE);
	return nr_different;
}

static void test_libdw(void **state)
{
	const char *asked = getenv("HEAPTAP_CROSS_CHECK");
	unsigned int nr = asked ? (unsigned int)strtoul(asked, NULL, 10) : NR_PCS;
	struct pair pair;

	if (access(*state, R_OK)) {
		print_message("skipped: no %s here\n", (char *)*state);
		skip();
	}
	open_pair(*state, &pair);
	assert_int_equal(count_different(&pair, nr), 0);
	print_message("%s: %u addresses, %u rows, %u rules, %zu KiB\n", (char *)*state, nr,
		      pair.table->nr_rows, pair.table->nr_rules,
		      ((size_t)pair.table->nr_rows + pair.table->nr_pages) >> 7);
	close_pair(&pair);
}

/* The invariants of the header, which the kernel's search relies on. */
static void test_form(void **state)
{
	struct pair pair;
	const struct unwind_table *table;

	(void)state;
	open_pair("/proc/self/exe", &pair);
	table = pair.table;
	assert_int_equal(table->base % 4096, 0);
	assert_int_equal(table->nr_pages, UNWIND_NR_PAGES(table->size));
	assert_int_equal(HT_ROW_ADDRESS(table->rows[0]), 0);
	assert_int_equal(table->rules[0].cfa_kind, HT_CFA_NONE);
	for (uint32_t i = 0; i < table->nr_rows; i++) {
		assert_true(HT_ROW_RULE(table->rows[i]) < table->nr_rules);
		assert_int_equal(table->rows[i] >> 48, 0);
		if (i) {
			assert_true(HT_ROW_ADDRESS(table->rows[i - 1]) <
				    HT_ROW_ADDRESS(table->rows[i]));
			assert_int_not_equal(HT_ROW_RULE(table->rows[i - 1]),
					     HT_ROW_RULE(table->rows[i]));
		}
	}
	for (uint32_t page = 0; page < table->nr_pages; page++) {
		uint32_t first = HT_PAGE_FIRST(table->pages[page]);
		uint32_t last = HT_PAGE_LAST(table->pages[page]);

		assert_true(first <= last && last < table->nr_rows);
		assert_true(HT_ROW_ADDRESS(table->rows[first]) <= page << HT_UNWIND_PAGE_SHIFT);
		assert_true(first == last ||
			    HT_ROW_ADDRESS(table->rows[first + 1]) > page << HT_UNWIND_PAGE_SHIFT);
		assert_true(last + 1 == table->nr_rows || HT_ROW_ADDRESS(table->rows[last + 1]) >=
								  (page + 1)
									  << HT_UNWIND_PAGE_SHIFT);
	}
	assert_int_equal(unwind_table_lookup(table, table->base - 1).cfa_kind, HT_CFA_UNKNOWN);
	assert_int_equal(unwind_table_lookup(table, table->base + table->size).cfa_kind,
			 HT_CFA_UNKNOWN);
	close_pair(&pair);
}

static struct unwind_table *build_bytes(const void *bytes, size_t size, int err, char *ret_text)
{
	int fd = memfd_create("object", MFD_CLOEXEC);
	struct unwind_table *table = NULL;
	struct diag diag = {""};

	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(unwind_table_build(fd, &table, &diag), err);
	strcpy(ret_text, diag.text);
	close(fd);
	return table;
}

static void *read_self(size_t *ret_size)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	void *bytes = malloc((size_t)size);

	assert_int_equal(pread(fd, bytes, (size_t)size, 0), size);
	close(fd);
	*ret_size = (size_t)size;
	return bytes;
}

/* Without section headers the rows are the same; PT_GNU_EH_FRAME leads to them. */
static void test_without_sections(void **state)
{
	struct unwind_table *with, *without;
	char text[1024];
	size_t size;
	Elf64_Ehdr *ehdr = read_self(&size);

	(void)state;
	with = build_bytes(ehdr, size, 0, text);
	ehdr->e_shoff = ehdr->e_shnum = ehdr->e_shstrndx = 0;
	without = build_bytes(ehdr, size, 0, text);
	assert_true(with->nr_rows > 100);
	assert_int_equal(with->nr_rows, without->nr_rows);
	assert_memory_equal(with->rows, without->rows, with->nr_rows * sizeof(*with->rows));
	unwind_table_free(with);
	unwind_table_free(without);
	free(ehdr);
}

/* The vDSO as the kernel gives it, in a file of memory. */
static void test_vdso(void **state)
{
	const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
	uint32_t nr[HT_CFA_UNKNOWN + 1] = {0};
	const Elf64_Ehdr *ehdr = (const void *)vdso;
	struct unwind_table *table;
	char text[1024];

	(void)state;
	if (!vdso) {
		print_message("skipped: no vDSO here\n");
		skip();
	}
	table = build_bytes(vdso, ehdr->e_shoff + ehdr->e_shnum * sizeof(Elf64_Shdr), 0, text);
	assert_string_not_equal(table->build_id, "");
	for (uint32_t i = 0; i < table->nr_rows; i++)
		nr[table->rules[HT_ROW_RULE(table->rows[i])].cfa_kind]++;
	assert_true(nr[HT_CFA_RSP] + nr[HT_CFA_RBP] >= 4);
	assert_int_equal(nr[HT_CFA_BAD], 0);
	unwind_table_free(table);
}

/* Every object we cannot use says why. */
static void test_refused(void **state)
{
	char text[1024];
	size_t size;
	Elf64_Ehdr *ehdr = read_self(&size);
	Elf64_Shdr *sections = (void *)((char *)ehdr + ehdr->e_shoff);
	const char *names = (char *)ehdr + sections[ehdr->e_shstrndx].sh_offset;
	Elf64_Shdr *frames = NULL;

	(void)state;
	for (int i = 0; i < ehdr->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, ".eh_frame"))
			frames = &sections[i];
	assert_non_null(frames);
	assert_null(build_bytes("#!/bin/sh\n", 10, -ENOEXEC, text));
	assert_non_null(strstr(text, "not an ELF file"));
	assert_null(build_bytes(ehdr, size - 4096, -EINVAL, text));
	assert_non_null(strstr(text, "damaged"));
	frames->sh_offset = size - 8;
	assert_null(build_bytes(ehdr, size, -EINVAL, text));
	assert_non_null(strstr(text, "outside of the file"));
	frames->sh_offset = 0; /* the ELF header is no CIE */
	assert_null(build_bytes(ehdr, size, -EINVAL, text));
	assert_non_null(strstr(text, "damaged at byte"));
	ehdr->e_machine = EM_AARCH64;
	assert_null(build_bytes(ehdr, size, -ENOTSUP, text));
	assert_non_null(strstr(text, "x86-64"));
	free(ehdr);
}

static struct CMUnitTest cross_check(const char *path)
{
	return (struct CMUnitTest){
		.name = path,
		.test_func = test_libdw,
		.initial_state = (void *)(uintptr_t)path,
	};
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[MAX_TESTS] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_without_sections),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_refused),
	};
	size_t nr = 5, nr_given = (size_t)argc - 1;

	for (size_t i = 0; i < nr_given && nr < MAX_TESTS; i++)
		tests[nr++] = cross_check(argv[1 + i]);
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects) && !nr_given; i++)
		tests[nr++] = cross_check(objects[i]);
	return _cmocka_run_group_tests("unwind_table", tests, nr, NULL, NULL);
}
