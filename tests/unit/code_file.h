/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of code made for a test, byte by byte. Include after cmocka.h.
 */
#ifndef HEAPTAP_TESTS_CODE_FILE_H
#define HEAPTAP_TESTS_CODE_FILE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/image.h"

#define CODE_START 0x1000
#define CODE_SIZE  0x400

/* An ELF file of one segment, filled with int3, for code. */
struct code_file {
	int fd;
	struct elf_image *image;
};

static inline void put(const struct code_file *file, uint64_t vaddr, const void *bytes, size_t size)
{
	assert_in_range(vaddr, CODE_START, CODE_START + CODE_SIZE - size);
	assert_int_equal(pwrite(file->fd, bytes, size, (off_t)vaddr), size);
}

/* A direct jump: @opcode is e9, or e8 for a call. */
static inline void put_jump(const struct code_file *file, uint8_t opcode, uint64_t from,
			    uint64_t to)
{
	uint8_t bytes[5] = {opcode};
	int32_t distance = (int32_t)(to - (from + 5));

	memcpy(bytes + 1, &distance, 4);
	put(file, from, bytes, sizeof(bytes));
}

static inline void make_code(struct code_file *ret)
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

#endif
