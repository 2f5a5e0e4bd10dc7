// SPDX-License-Identifier: Apache-2.0
/*
 * Three shapes of an accessor: the value is an immediate; it is loaded relative to the instruction;
 * or its address is, and then it is loaded. A pointer in a shared object is what its RELATIVE
 * relocation says, not what the file has there.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "v8/relocated.h"

#define MAX_CODE	   32
#define MAX_PROGRAM_HEADER 64
#define MAX_DYNAMIC	   256
#define BLOCK		   512 /* relocations read at once */
#define MAX_RELOCATIONS	   (16 << 20)

enum shape {
	IMMEDIATE, /* value is what is returned */
	LOADED,	   /* value is where that is */
};

static int decode(const struct elf_image *image, uint64_t function, enum shape *ret_shape,
		  uint64_t *ret_value)
{
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa}, frame[] = {0x55, 0x48, 0x89, 0xe5};
	uint8_t code[MAX_CODE];
	uint32_t at = 0, wide, displacement;

	if (!function || elf_image_read(image, function, code, sizeof(code)) != MAX_CODE)
		return -ENOTSUP;
	if (!memcmp(code, endbr, sizeof(endbr)))
		at += sizeof(endbr);
	if (!memcmp(code + at, frame, sizeof(frame)))
		at += sizeof(frame);
	wide = code[at] == 0x48;
	if (!wide && code[at] == 0xb8) { /* mov $value,%eax */
		memcpy(&displacement, code + at + 1, sizeof(displacement));
		*ret_shape = IMMEDIATE;
		*ret_value = displacement;
		return 0;
	}
	at += wide;
	if ((code[at] != 0x8b && code[at] != 0x8d) || code[at + 1] != 0x05)
		return -ENOTSUP;
	memcpy(&displacement, code + at + 2, sizeof(displacement));
	*ret_value = function + at + 6 + (uint64_t)(int64_t)(int32_t)displacement;
	*ret_shape = LOADED;
	if (code[at] == 0x8d) { /* lea: the value itself, unless (%rax) is loaded then */
		at += 6;
		at += code[at] == 0x48;
		if (code[at] != 0x8b || code[at + 1] != 0x00)
			*ret_shape = IMMEDIATE;
	}
	return 0;
}

/* The table of RELA relocations. */
static int find_relocations(const struct elf_image *image, uint64_t *ret_vaddr, uint64_t *ret_size)
{
	Elf64_Phdr headers[MAX_PROGRAM_HEADER];
	Elf64_Dyn dynamic[MAX_DYNAMIC];
	uint64_t base, size;
	Elf64_Ehdr head;
	long nr;

	if (elf_image_offset_to_vaddr(image, 0, &base) ||
	    elf_image_read(image, base, &head, sizeof(head)) != (long)sizeof(head) ||
	    head.e_phnum > MAX_PROGRAM_HEADER)
		return -ENOENT;
	size = head.e_phnum * sizeof(*headers);
	if (elf_image_read(image, base + head.e_phoff, headers, size) != (long)size)
		return -ENOENT;
	*ret_vaddr = *ret_size = 0;
	for (uint32_t i = 0; i < head.e_phnum; i++) {
		if (headers[i].p_type != PT_DYNAMIC)
			continue;
		nr = elf_image_read(image, headers[i].p_vaddr, dynamic, sizeof(dynamic));
		for (long k = 0; k < nr / (long)sizeof(*dynamic); k++) {
			if (dynamic[k].d_tag == DT_NULL)
				break;
			if (dynamic[k].d_tag == DT_RELA)
				*ret_vaddr = dynamic[k].d_un.d_ptr;
			if (dynamic[k].d_tag == DT_RELASZ)
				*ret_size = dynamic[k].d_un.d_val;
		}
	}
	return *ret_vaddr && *ret_size ? 0 : -ENOENT;
}

static int find_relocated(const struct elf_image *image, uint64_t vaddr, uint64_t *ret)
{
	uint64_t table, size;
	int err = find_relocations(image, &table, &size);

	if (err || size > MAX_RELOCATIONS)
		return -ENOENT;
	for (uint64_t done = 0; done < size;) {
		Elf64_Rela block[BLOCK];
		uint64_t want = size - done < sizeof(block) ? size - done : sizeof(block);
		long n = elf_image_read(image, table + done, block, want);

		if (n < (long)sizeof(*block))
			return -ENOENT;
		for (long i = 0; i < n / (long)sizeof(*block); i++) {
			if (block[i].r_offset != vaddr ||
			    ELF64_R_TYPE(block[i].r_info) != R_X86_64_RELATIVE)
				continue;
			*ret = (uint64_t)block[i].r_addend;
			return 0;
		}
		done += (uint64_t)n;
	}
	return -ENOENT;
}

int v8_relocated_pointer(const struct elf_image *image, uint64_t function, uint64_t *ret)
{
	enum shape shape;
	uint64_t value;
	int err = decode(image, function, &shape, &value);

	if (err)
		return err;
	if (shape == LOADED && find_relocated(image, value, &value) &&
	    elf_image_read(image, value, &value, sizeof(value)) != (long)sizeof(value))
		return -ENOTSUP;
	*ret = value;
	return 0;
}

int v8_relocated_number(const struct elf_image *image, uint64_t function, uint32_t *ret)
{
	enum shape shape;
	uint64_t value;
	int err = decode(image, function, &shape, &value);

	if (err)
		return err;
	if (shape == IMMEDIATE) {
		*ret = (uint32_t)value;
		return 0;
	}
	return elf_image_read(image, value, ret, sizeof(*ret)) == (long)sizeof(*ret) ? 0 : -ENOTSUP;
}
