// SPDX-License-Identifier: Apache-2.0
/*
 * Headers through libelf, contents by pread. Every size is held against the file's before memory
 * is asked for.
 */
#include "unwind/section.h"

#include <dwarf.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/image.h"
#include "unwind/bytes.h"

#define CODE_ALIGN 4096

/* Where .eh_frame is. size 0: there is none. */
struct place {
	uint64_t vaddr, offset, size;
	bool is_bounded;
};

static int read_code(Elf *elf, struct section *section)
{
	uint64_t start = UINT64_MAX, end = 0;
	size_t nr;

	if (elf_getphdrnum(elf, &nr))
		return -EINVAL;
	for (size_t i = 0; i < nr; i++) {
		GElf_Phdr phdr;

		if (!gelf_getphdr(elf, (int)i, &phdr))
			return -EINVAL;
		if (phdr.p_type != PT_LOAD || !(phdr.p_flags & PF_X) || !phdr.p_filesz)
			continue;
		if (phdr.p_vaddr + phdr.p_filesz < phdr.p_vaddr)
			return -EINVAL;
		if (phdr.p_vaddr < start)
			start = phdr.p_vaddr;
		if (phdr.p_vaddr + phdr.p_filesz > end)
			end = phdr.p_vaddr + phdr.p_filesz;
	}
	if (!end)
		return 0;
	section->code_start = start & ~(uint64_t)(CODE_ALIGN - 1);
	section->code_size = end - section->code_start;
	return section->code_size > SECTION_MAX_CODE ? -E2BIG : 0;
}

static int find_by_name(Elf *elf, struct place *ret)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return -ENOENT;
	while ((scn = elf_nextscn(elf, scn))) {
		const char *name;
		GElf_Shdr shdr;

		if (!gelf_getshdr(scn, &shdr))
			return -ENOENT;
		if (!(shdr.sh_flags & SHF_ALLOC) || shdr.sh_type == SHT_NOBITS || !shdr.sh_size)
			continue;
		name = elf_strptr(elf, names, shdr.sh_name);
		if (!name || strcmp(name, ".eh_frame") != 0)
			continue;
		*ret = (struct place){shdr.sh_addr, shdr.sh_offset, shdr.sh_size, true};
		return 0;
	}
	return -ENOENT;
}

/* The pointer to .eh_frame in the header that PT_GNU_EH_FRAME names; 0 when it is not written as
 * every linker does, relative to itself in 4 bytes. */
static uint64_t read_header(const struct elf_image *image, uint64_t vaddr)
{
	uint8_t header[8];
	int32_t delta;

	if (elf_image_read(image, vaddr, header, sizeof(header)) != sizeof(header))
		return 0;
	if (header[0] != 1 || header[1] != (DW_EH_PE_pcrel | DW_EH_PE_sdata4))
		return 0;
	memcpy(&delta, header + 4, sizeof(delta));
	return vaddr + 4 + (uint64_t)(int64_t)delta;
}

/* Up to the end of the segment, because only the terminator tells the end. */
static int find_by_segment(Elf *elf, const struct elf_image *image, struct place *ret)
{
	uint64_t vaddr = 0;
	GElf_Phdr phdr;
	size_t nr;

	if (elf_getphdrnum(elf, &nr))
		return -ENOENT;
	for (size_t i = 0; i < nr && !vaddr; i++)
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_GNU_EH_FRAME)
			vaddr = read_header(image, phdr.p_vaddr);
	for (size_t i = 0; i < nr && vaddr; i++) {
		uint64_t before;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD)
			continue;
		before = vaddr - phdr.p_vaddr;
		if (vaddr < phdr.p_vaddr || before >= phdr.p_filesz)
			continue;
		*ret = (struct place){vaddr, phdr.p_offset + before, phdr.p_filesz - before, false};
		return 0;
	}
	return -ENOENT;
}

static int read_bytes(int fd, struct place *place, struct section *section, struct diag *diag)
{
	struct stat st;
	size_t filled = 0;

	if (fstat(fd, &st))
		return diag_fail(diag, -errno, "cannot stat the file: %s", strerror(errno));
	if (place->offset >= (uint64_t)st.st_size ||
	    place->size > (uint64_t)st.st_size - place->offset)
		return diag_fail(
			diag, -EINVAL,
			"its .eh_frame lies outside of the file: it is damaged or was cut");
	if (place->size > SECTION_MAX_SIZE)
		return diag_fail(diag, -E2BIG,
				 "its .eh_frame has %llu MiB; heaptap reads at most %lu",
				 (unsigned long long)place->size >> 20, SECTION_MAX_SIZE >> 20);
	section->bytes = malloc(place->size);
	if (!section->bytes)
		return diag_fail(diag, -ENOMEM, "out of memory reading its .eh_frame");
	while (filled < place->size) {
		ssize_t n = pread(fd, section->bytes + filled, place->size - filled,
				  (off_t)(place->offset + filled));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return diag_fail(diag, -errno, "cannot read its .eh_frame: %s",
					 strerror(errno));
		if (!n)
			return diag_fail(diag, -EINVAL, "the file shrank while it was read");
		filled += (size_t)n;
	}
	section->size = place->size;
	section->vaddr = place->vaddr;
	section->is_bounded = place->is_bounded;
	return 0;
}

static int open_image(int fd, struct section *section, struct diag *diag)
{
	int err = elf_image_open(fd, &section->image);

	switch (err) {
	case 0:
		elf_image_build_id(section->image, section->build_id, sizeof(section->build_id));
		return 0;
	case -ENOEXEC:
		return diag_fail(diag, err, "it is not an ELF file");
	case -ENOTSUP:
		return diag_fail(diag, err, "it is not for x86-64");
	case -EINVAL:
		return diag_fail(diag, err, "its ELF headers are damaged");
	default:
		return diag_fail(diag, err, "cannot read it: %s", strerror(-err));
	}
}

static int read_parts(int fd, Elf *elf, struct section *section, struct diag *diag)
{
	struct place place;
	int err;

	err = read_code(elf, section);
	if (err == -E2BIG)
		return diag_fail(diag, err,
				 "its code spans %llu MiB; heaptap unwinds through at most %lu",
				 (unsigned long long)section->code_size >> 20,
				 SECTION_MAX_CODE >> 20);
	if (err)
		return diag_fail(diag, err, "its program headers are damaged");
	if (find_by_name(elf, &place) && find_by_segment(elf, section->image, &place))
		return 0;
	return read_bytes(fd, &place, section, diag);
}

int section_read(int fd, struct section *ret, struct diag *diag)
{
	struct section section = {0};
	Elf *elf;
	int err;

	err = open_image(fd, &section, diag);
	if (err)
		return err;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		err = read_parts(fd, elf, &section, diag);
	else
		err = diag_fail(diag, -EINVAL, "its ELF headers are damaged");
	elf_end(elf);
	if (err)
		section_done(&section);
	else
		*ret = section;
	return err;
}

void section_done(struct section *section)
{
	elf_image_free(section->image);
	free(section->bytes);
	*section = (struct section){0};
}
