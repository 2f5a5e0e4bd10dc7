// SPDX-License-Identifier: Apache-2.0
/*
 * libelf over a private map of the whole file. Reading it with read(2) instead would be immune to
 * a file that shrinks but copies all debug sections, often gigabytes; so the size is checked again
 * before each use.
 */
#include "symbolize/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gelf.h>

int mapped_open(int fd, struct mapped *ret)
{
	struct mapped mapped = {};
	GElf_Ehdr header;
	struct stat stat;

	elf_version(EV_CURRENT);
	mapped.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (mapped.fd < 0 || fstat(mapped.fd, &stat)) {
		int err = -errno;

		if (mapped.fd >= 0)
			close(mapped.fd);
		return err;
	}
	mapped.size = stat.st_size;
	mapped.elf = elf_begin(mapped.fd, ELF_C_READ_MMAP, NULL);
	if (!mapped.elf || elf_kind(mapped.elf) != ELF_K_ELF ||
	    !gelf_getehdr(mapped.elf, &header) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64) {
		elf_end(mapped.elf);
		close(mapped.fd);
		return -ENOEXEC;
	}
	*ret = mapped;
	return 0;
}

void mapped_done(struct mapped *mapped)
{
	if (!mapped->elf)
		return;
	elf_end(mapped->elf);
	close(mapped->fd);
	*mapped = (struct mapped){};
}

bool mapped_intact(const struct mapped *mapped)
{
	struct stat stat;

	return !mapped->elf || (!fstat(mapped->fd, &stat) && stat.st_size >= mapped->size);
}

static bool section_by_name(const struct mapped *mapped, const char *name, GElf_Shdr *ret)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (!mapped->elf || elf_getshdrstrndx(mapped->elf, &names))
		return false;
	while ((section = elf_nextscn(mapped->elf, section))) {
		const char *at;

		if (!gelf_getshdr(section, ret))
			continue;
		at = elf_strptr(mapped->elf, names, ret->sh_name);
		if (at && !strcmp(at, name))
			return true;
	}
	return false;
}

bool mapped_has_section(const struct mapped *mapped, const char *name)
{
	GElf_Shdr header;

	return section_by_name(mapped, name, &header) && header.sh_type != SHT_NOBITS;
}

bool mapped_text(const struct mapped *mapped, uint64_t *ret_vaddr)
{
	GElf_Shdr header;

	if (!section_by_name(mapped, ".text", &header))
		return false;
	*ret_vaddr = header.sh_addr;
	return true;
}
