// SPDX-License-Identifier: Apache-2.0
/*
 * ELF images: the C library and this very program against what the dynamic linker says about them,
 * and literal files with every kind of lie in their headers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/image.h"

/* Keeps a name of its own in .symtab. */
__attribute__((noinline, used)) static int local_function(int value)
{
	__asm__ volatile("");
	return value + 1;
}

struct fixture {
	int fd;
	struct elf_image *image;
};

static void open_path(const char *path, struct fixture *ret)
{
	ret->fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(ret->fd >= 0);
	assert_int_equal(elf_image_open(ret->fd, &ret->image), 0);
}

static void close_fixture(struct fixture *fixture)
{
	elf_image_free(fixture->image);
	close(fixture->fd);
}

static void test_libc(void **state)
{
	/* memcpy is an ifunc; free is asked for twice. Not malloc: whoever profiles this machine
	 * has a breakpoint in its memory, not in its file. */
	static const char *const names[] = {"getenv",		"free",	  "memcpy", "free",
					    "no_such_function", "environ"};
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	struct elf_symbol symbols[6];
	struct link_map *map;
	struct fixture f;
	uint8_t bytes[16], from_file[16];

	(void)state;
	if (!libc) {
		print_message("skipped: this C library is not libc.so.6\n");
		skip();
	}
	assert_int_equal(dlinfo(libc, RTLD_DI_LINKMAP, &map), 0);
	open_path(map->l_name, &f);
	assert_int_equal(elf_image_find_symbols(f.image, names, 6, symbols), 0);
	for (int i = 0; i < 2; i++) {
		uint8_t *address = dlsym(libc, names[i]);
		uint64_t vaddr, offset;

		assert_string_equal(symbols[i].name, names[i]);
		assert_int_equal(symbols[i].vaddr + map->l_addr, (uintptr_t)address);
		assert_true(symbols[i].dynamic);
		assert_false(symbols[i].ifunc);
		assert_true(symbols[i].size > 16);
		assert_int_equal(elf_image_read(f.image, symbols[i].vaddr, bytes, 16), 16);
		assert_int_equal(pread(f.fd, from_file, 16, (off_t)symbols[i].offset), 16);
		assert_memory_equal(bytes, from_file, 16);
		if (i == 0)
			assert_memory_equal(bytes, address, 16);
		assert_int_equal(elf_image_offset_to_vaddr(f.image, symbols[i].offset, &vaddr), 0);
		assert_int_equal(vaddr, symbols[i].vaddr);
		assert_int_equal(elf_image_vaddr_to_offset(f.image, vaddr, &offset), 0);
		assert_int_equal(offset, symbols[i].offset);
	}
	assert_true(symbols[2].ifunc);
	assert_memory_equal(&symbols[3], &symbols[1], sizeof(symbols[1]));
	assert_null(symbols[4].name);
	assert_null(symbols[5].name); /* an object, not a function */
	close_fixture(&f);
	dlclose(libc);
}

/* dlvsym knows which version is the default one: the one dlsym gives. */
static void test_versions(void **state)
{
	static const char *const name = "posix_spawn"; /* 2.2.5 and, since 2.15, another */
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *old, *current;
	struct elf_symbol symbol;
	struct link_map *map;
	struct fixture f;

	(void)state;
	old = libc ? dlvsym(libc, name, "GLIBC_2.2.5") : NULL;
	current = libc ? dlvsym(libc, name, "GLIBC_2.15") : NULL;
	if (!old || !current || old == current) {
		print_message("skipped: no two versions of %s here\n", name);
		skip();
	}
	assert_int_equal(dlinfo(libc, RTLD_DI_LINKMAP, &map), 0);
	open_path(map->l_name, &f);
	assert_int_equal(elf_image_find_symbols(f.image, &name, 1, &symbol), 0);
	assert_int_equal(symbol.vaddr + map->l_addr, (uintptr_t)current);
	close_fixture(&f);
	dlclose(libc);
}

static int note_build_id(struct dl_phdr_info *info, size_t size, void *hex)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const char *note = (char *)info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		const char *end = note + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type != PT_NOTE)
			continue;
		while (note + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *head = (const void *)note;
			const unsigned char *id =
				(const unsigned char *)note + sizeof(*head) + head->n_namesz;

			if (head->n_type == NT_GNU_BUILD_ID)
				for (unsigned int n = 0; n < head->n_descsz; n++)
					sprintf((char *)hex + 2 * n, "%02x", id[n]);
			note = (const char *)id + (head->n_descsz + 3) / 4 * 4;
		}
	}
	return 1; /* the first one is this program */
}

static void test_self(void **state)
{
	static const char *const names[] = {"local_function", "main"};
	char wanted[129] = "", hex[129], small[6];
	struct elf_symbol symbols[2];
	struct fixture f;
	Dl_info info;

	(void)state;
	assert_true(dladdr((void *)test_self, &info) && info.dli_fbase);
	open_path("/proc/self/exe", &f);
	assert_int_equal(elf_image_find_symbols(f.image, names, 2, symbols), 0);
	assert_non_null(symbols[0].name);
	assert_false(symbols[0].dynamic);
	assert_int_equal(symbols[0].vaddr + (uintptr_t)info.dli_fbase, (uintptr_t)local_function);
	assert_non_null(symbols[1].name);
	dl_iterate_phdr(note_build_id, wanted);
	elf_image_build_id(f.image, hex, sizeof(hex));
	assert_string_equal(hex, wanted);
	elf_image_build_id(f.image, small, sizeof(small)); /* whole bytes only */
	assert_int_equal(strlen(small), wanted[0] ? 4 : 0);
	assert_memory_equal(small, wanted, strlen(small));
	close_fixture(&f);
	assert_int_equal(local_function(1), 2);
}

/* A literal image: two segments (the second one data) and .symtab, .strtab. */
struct literal {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr[2];
	Elf64_Shdr shdr[3];
	Elf64_Sym symbols[8];
	char strings[128];
	uint8_t code[64];
};

#define CODE_VADDR 0x401000
#define DATA_VADDR 0x500000

static void symbol_set(struct literal *l, int nr, const char *name, uint8_t info, uint64_t value)
{
	size_t end = 1;

	while (l->strings[end])
		end += strlen(l->strings + end) + 1;
	strcpy(l->strings + end, name);
	l->symbols[nr] = (Elf64_Sym){
		.st_name = (uint32_t)end,
		.st_info = info,
		.st_shndx = 1,
		.st_value = value,
		.st_size = 4,
	};
}

static struct literal literal_new(void)
{
	const uint8_t global = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
	const uint8_t local = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
	struct literal l = {
		.ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_version = EV_CURRENT,
			 .e_phoff = offsetof(struct literal, phdr),
			 .e_shoff = offsetof(struct literal, shdr),
			 .e_ehsize = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 2,
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 3},
		.phdr = {{.p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_offset = offsetof(struct literal, code),
			  .p_vaddr = CODE_VADDR,
			  .p_filesz = 64,
			  .p_memsz = 4096},
			 {.p_type = PT_LOAD,
			  .p_flags = PF_R | PF_W,
			  .p_offset = 0,
			  .p_vaddr = DATA_VADDR,
			  .p_filesz = sizeof(l),
			  .p_memsz = sizeof(l)}},
		.shdr = {{.sh_type = SHT_NULL},
			 {.sh_type = SHT_SYMTAB,
			  .sh_offset = offsetof(struct literal, symbols),
			  .sh_size = sizeof(l.symbols),
			  .sh_entsize = sizeof(Elf64_Sym),
			  .sh_link = 2},
			 {.sh_type = SHT_STRTAB,
			  .sh_offset = offsetof(struct literal, strings),
			  .sh_size = sizeof(l.strings)}},
		.code = {0xc3},
	};

	symbol_set(&l, 1, "both", local, CODE_VADDR);
	symbol_set(&l, 2, "both", global, CODE_VADDR + 4);
	symbol_set(&l, 3, "versioned@OLD", global, CODE_VADDR + 8);
	symbol_set(&l, 4, "versioned@@NEW", global, CODE_VADDR + 12);
	symbol_set(&l, 5, "in_data", global, DATA_VADDR);
	symbol_set(&l, 6, "nowhere", global, 0x700000);
	symbol_set(&l, 7, "in_bss", global, CODE_VADDR + 64);
	return l;
}

static int open_bytes(const void *bytes, size_t size, struct fixture *ret)
{
	int err;

	ret->fd = memfd_create("image", MFD_CLOEXEC);
	assert_true(ret->fd >= 0);
	assert_int_equal(write(ret->fd, bytes, size), size);
	err = elf_image_open(ret->fd, &ret->image);
	if (err)
		close(ret->fd);
	return err;
}

static void test_literal(void **state)
{
	static const char *const names[] = {"both", "versioned", "in_data", "nowhere", "in_bss"};
	struct literal l = literal_new();
	struct elf_symbol symbols[5];
	uint8_t bytes[128];
	uint64_t value;
	struct fixture f;
	char hex[41];

	(void)state;
	assert_int_equal(open_bytes(&l, sizeof(l), &f), 0);
	assert_int_equal(elf_image_find_symbols(f.image, names, 5, symbols), 0);
	assert_int_equal(symbols[0].vaddr, CODE_VADDR + 4);
	assert_int_equal(symbols[0].size, 4);
	assert_int_equal(symbols[1].vaddr, CODE_VADDR + 12);
	assert_string_equal(symbols[1].name, "versioned");
	for (int i = 2; i < 5; i++)
		assert_null(symbols[i].name);
	/* Both segments hold this offset; the code is what is meant. */
	assert_int_equal(
		elf_image_offset_to_vaddr(f.image, offsetof(struct literal, code) + 3, &value), 0);
	assert_int_equal(value, CODE_VADDR + 3);
	assert_int_equal(elf_image_offset_to_vaddr(f.image, 3, &value), 0);
	assert_int_equal(value, DATA_VADDR + 3);
	assert_int_equal(elf_image_offset_to_vaddr(f.image, sizeof(l), &value), -ERANGE);
	/* A mapping begins with the page that the code shares with other things. */
	assert_int_equal(elf_image_mapping_to_vaddr(f.image, 0, &value), 0);
	assert_int_equal(value, CODE_VADDR - offsetof(struct literal, code));
	assert_int_equal(elf_image_mapping_to_vaddr(f.image, 4096, &value), -ERANGE);
	assert_int_equal(elf_image_vaddr_to_offset(f.image, CODE_VADDR + 64, &value), -ERANGE);
	assert_int_equal(elf_image_vaddr_to_offset(f.image, CODE_VADDR - 1, &value), -ERANGE);
	assert_int_equal(elf_image_read(f.image, CODE_VADDR + 60, bytes, sizeof(bytes)), 4);
	assert_int_equal(elf_image_read(f.image, CODE_VADDR + 64, bytes, sizeof(bytes)), -ERANGE);
	elf_image_build_id(f.image, hex, sizeof(hex));
	assert_string_equal(hex, "");
	/* A file that shrinks while it is looked at. */
	assert_int_equal(ftruncate(f.fd, offsetof(struct literal, code) + 2), 0);
	assert_int_equal(elf_image_read(f.image, CODE_VADDR, bytes, sizeof(bytes)), 2);
	assert_int_equal(ftruncate(f.fd, 0), 0);
	assert_int_equal(elf_image_read(f.image, CODE_VADDR, bytes, sizeof(bytes)), 0);
	close_fixture(&f);
	elf_image_free(NULL);
}

/* One field of the literal image overwritten. */
struct lie {
	const char *what;
	size_t at, size; /* of the field */
	uint64_t value;
	int err;
};

#define LIE(field, value, err)                                                                     \
#field, offsetof(struct literal, field), sizeof(((struct literal *)0)->field), value, err

static const struct lie lies[] = {
	{LIE(ehdr.e_ident[0], 'M', -ENOEXEC)},
	{LIE(ehdr.e_ident[EI_CLASS], ELFCLASS32, -ENOTSUP)},
	{LIE(ehdr.e_ident[EI_DATA], ELFDATA2MSB, -ENOTSUP)},
	{LIE(ehdr.e_machine, EM_AARCH64, -ENOTSUP)},
	{LIE(ehdr.e_phoff, UINT64_MAX, -EINVAL)},
	{LIE(ehdr.e_phoff, sizeof(struct literal) - 8, -EINVAL)},
	{LIE(ehdr.e_phnum, 0xfffe, -EINVAL)},
	{LIE(ehdr.e_shoff, sizeof(struct literal) - 8, -EINVAL)},
	{LIE(ehdr.e_shoff, UINT64_MAX - 63, -EINVAL)},
	{LIE(ehdr.e_shnum, 0xfeff, -EINVAL)},
	{LIE(phdr[0].p_filesz, UINT64_MAX, -EINVAL)},
	{LIE(phdr[0].p_offset, UINT64_MAX - 1, -EINVAL)},
	{LIE(phdr[0].p_vaddr, UINT64_MAX - 1, -EINVAL)},
	/* These leave an image that has less than it says. */
	{LIE(phdr[0].p_offset, sizeof(struct literal), 0)},
	{LIE(phdr[0].p_filesz, 1ULL << 40, 0)},
	{LIE(phdr[1].p_filesz, 1ULL << 40, 0)},
	{LIE(shdr[1].sh_size, UINT64_MAX, 0)},
	{LIE(shdr[1].sh_offset, UINT64_MAX - 8, 0)},
	{LIE(shdr[1].sh_entsize, 0, 0)},
	{LIE(shdr[1].sh_link, 77, 0)},
	{LIE(shdr[1].sh_link, 1, 0)},
	{LIE(shdr[2].sh_size, UINT64_MAX, 0)},
	{LIE(symbols[2].st_name, UINT32_MAX, 0)},
	{LIE(ehdr.e_phnum, 0, 0)},
	{LIE(ehdr.e_shnum, 0, 0)},
};

static void test_lies(void **state)
{
	static const char *const names[] = {"both"};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct literal l = literal_new();
		struct elf_symbol symbol;
		struct fixture f;
		uint8_t byte;
		int err;

		memcpy((char *)&l + lies[i].at, &lies[i].value, lies[i].size);
		err = open_bytes(&l, sizeof(l), &f);
		if (err != lies[i].err)
			fail_msg("%s = %#lx: %d", lies[i].what, lies[i].value, err);
		if (err)
			continue;
		assert_int_equal(elf_image_find_symbols(f.image, names, 1, &symbol), 0);
		if (symbol.name)
			assert_int_equal(elf_image_read(f.image, symbol.vaddr, &byte, 1), 1);
		close_fixture(&f);
	}
}

static void test_cut(void **state)
{
	struct literal l = literal_new();
	struct fixture f;

	(void)state;
	for (size_t size = 0; size < offsetof(struct literal, symbols); size++)
		assert_int_equal(open_bytes(&l, size, &f), size < EI_NIDENT ? -ENOEXEC : -EINVAL);
	assert_int_equal(elf_image_open(-1, &f.image), -EBADF);
	f.fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_image_open(f.fd, &f.image), -ENOEXEC);
	close(f.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_libc), cmocka_unit_test(test_versions),
		cmocka_unit_test(test_self), cmocka_unit_test(test_literal),
		cmocka_unit_test(test_lies), cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
