// SPDX-License-Identifier: Apache-2.0
/*
 * An ELF file through libelf. The file is read, never mapped, so that one which shrinks meanwhile
 * costs an error and not a SIGBUS; libelf loads a section when it is first asked for.
 *
 * Invariant: segments[] holds PT_LOAD segments whose file part lies within the file and whose
 * addresses do not wrap, so the translations need no further check.
 */
#include "elf/image.h"

#include <elf.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/image_private.h"

#define PAGE_SIZE 4096ULL /* what mappings begin at multiples of */

struct segment {
	uint64_t vaddr, offset, size; /* of the part that is in the file */
	bool executable;
};

struct elf_image {
	int fd; /* the caller's */
	Elf *elf;
	size_t nr_segments;
	struct segment *segments;
	uint64_t tls_size;
	bool has_loader; /* names its dynamic loader */
};

static int check_header(int fd, uint64_t file_size)
{
	Elf64_Ehdr header = {0};
	ssize_t n;

	n = pread(fd, &header, sizeof(header), 0);
	if (n < 0)
		return -errno;
	if (n < EI_NIDENT || memcmp(header.e_ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOTSUP;
	if (n < (ssize_t)sizeof(header))
		return -EINVAL;
	if (header.e_machine != EM_X86_64)
		return -ENOTSUP;
	/* A file that was cut lacks its end, where the section headers are. */
	if (header.e_shoff > file_size || header.e_phoff > file_size)
		return -EINVAL;
	if ((uint64_t)header.e_shnum * sizeof(Elf64_Shdr) > file_size - header.e_shoff ||
	    (uint64_t)header.e_phnum * sizeof(Elf64_Phdr) > file_size - header.e_phoff)
		return -EINVAL;
	return 0;
}

/* @step: a power of two, or 0 for none. */
static uint64_t round_up(uint64_t size, uint64_t step)
{
	return step ? (size + step - 1) & -step : size;
}

static int load_segments(struct elf_image *image, uint64_t file_size)
{
	size_t nr;

	if (elf_getphdrnum(image->elf, &nr))
		return -EINVAL;
	if (nr > file_size / sizeof(Elf64_Phdr))
		return -EINVAL;
	image->segments = calloc(nr + 1, sizeof(*image->segments));
	if (!image->segments)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		struct segment *segment = &image->segments[image->nr_segments];
		GElf_Phdr phdr;

		if (!gelf_getphdr(image->elf, (int)i, &phdr))
			return -EINVAL;
		if (phdr.p_type == PT_TLS && phdr.p_align <= PAGE_SIZE)
			image->tls_size = round_up(phdr.p_memsz, phdr.p_align);
		image->has_loader |= phdr.p_type == PT_INTERP;
		if (phdr.p_type != PT_LOAD)
			continue;
		if (phdr.p_vaddr + phdr.p_filesz < phdr.p_vaddr ||
		    phdr.p_offset + phdr.p_filesz < phdr.p_offset)
			return -EINVAL;
		/* Separate debug files keep the headers of contents they do not have. */
		if (phdr.p_offset >= file_size)
			continue;
		*segment = (struct segment){
			.vaddr = phdr.p_vaddr,
			.offset = phdr.p_offset,
			.size = phdr.p_filesz,
			.executable = phdr.p_flags & PF_X,
		};
		if (segment->size > file_size - segment->offset)
			segment->size = file_size - segment->offset;
		image->nr_segments++;
	}
	return 0;
}

uint64_t elf_image_tls_size(const struct elf_image *image)
{
	return image->tls_size;
}

int elf_image_open(int fd, struct elf_image **ret)
{
	struct elf_image *image = NULL;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	err = check_header(fd, (uint64_t)st.st_size);
	if (err)
		return err;
	image = calloc(1, sizeof(*image));
	if (!image)
		return -ENOMEM;
	image->fd = fd;
	elf_version(EV_CURRENT);
	image->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!image->elf || elf_kind(image->elf) != ELF_K_ELF)
		err = -EINVAL;
	else
		err = load_segments(image, (uint64_t)st.st_size);
	if (err) {
		elf_image_free(image);
		return err;
	}
	*ret = image;
	return 0;
}

void elf_image_free(struct elf_image *image)
{
	if (!image)
		return;
	elf_end(image->elf);
	free(image->segments);
	free(image);
}

bool elf_image_is_program(const struct elf_image *image)
{
	const Elf64_Ehdr *header = elf64_getehdr(image->elf);

	return image->has_loader || (header && header->e_type == ET_EXEC);
}

uint64_t elf_image_entry(const struct elf_image *image)
{
	const Elf64_Ehdr *header = elf64_getehdr(image->elf);

	return header ? header->e_entry : 0;
}

void elf_image_build_id(const struct elf_image *image, char *hex, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes;
	const void *id = NULL;
	ssize_t len;

	if (!size)
		return;
	len = dwelf_elf_gnu_build_id(image->elf, &id);
	bytes = id;
	for (ssize_t i = 0; i < len && size > 2; i++, size -= 2) {
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex = '\0';
}

static const struct segment *segment_of_vaddr(const struct elf_image *image, uint64_t vaddr)
{
	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *segment = &image->segments[i];

		if (vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->size)
			return segment;
	}
	return NULL;
}

/* Of segments that share a part of the file, the code. */
int elf_image_offset_to_vaddr(const struct elf_image *image, uint64_t offset, uint64_t *ret)
{
	const struct segment *found = NULL;

	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *segment = &image->segments[i];

		if (offset < segment->offset || offset - segment->offset >= segment->size)
			continue;
		if (!found || (segment->executable && !found->executable))
			found = segment;
	}
	if (!found)
		return -ERANGE;
	*ret = found->vaddr + (offset - found->offset);
	return 0;
}

int elf_image_mapping_to_vaddr(const struct elf_image *image, uint64_t offset, uint64_t *ret)
{
	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *segment = &image->segments[i];
		uint64_t lead = segment->offset % PAGE_SIZE;

		if (!segment->executable || offset < segment->offset - lead ||
		    offset - (segment->offset - lead) >= segment->size + lead)
			continue;
		*ret = segment->vaddr + (offset - segment->offset);
		return 0;
	}
	return -ERANGE;
}

int elf_image_vaddr_to_offset(const struct elf_image *image, uint64_t vaddr, uint64_t *ret)
{
	const struct segment *segment = segment_of_vaddr(image, vaddr);

	if (!segment)
		return -ERANGE;
	*ret = segment->offset + (vaddr - segment->vaddr);
	return 0;
}

bool elf_image_is_code(const struct elf_image *image, uint64_t vaddr)
{
	const struct segment *segment = segment_of_vaddr(image, vaddr);

	return segment && segment->executable;
}

int elf_image_code(const struct elf_image *image, uint64_t vaddr, uint64_t *ret_start,
		   uint64_t *ret_end)
{
	const struct segment *segment = segment_of_vaddr(image, vaddr);

	if (!segment || !segment->executable)
		return -ERANGE;
	*ret_start = segment->vaddr;
	*ret_end = segment->vaddr + segment->size;
	return 0;
}

Elf *elf_image_handle(const struct elf_image *image)
{
	return image->elf;
}

long elf_image_read(const struct elf_image *image, uint64_t vaddr, void *buffer, size_t size)
{
	const struct segment *segment = segment_of_vaddr(image, vaddr);
	size_t filled = 0;
	uint64_t offset;

	if (!segment)
		return -ERANGE;
	offset = vaddr - segment->vaddr;
	if (size > segment->size - offset)
		size = segment->size - offset;
	offset += segment->offset;
	while (filled < size) {
		ssize_t n = pread(image->fd, (char *)buffer + filled, size - filled,
				  (off_t)(offset + filled));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		filled += n;
	}
	return (long)filled;
}

bool elf_image_section(const struct elf_image *image, const char *name, uint64_t *ret_start,
		       uint64_t *ret_end)
{
	Elf *elf = elf_image_handle(image);
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *its;

		if (!gelf_getshdr(section, &header))
			continue;
		its = elf_strptr(elf, names, header.sh_name);
		if (!its || strcmp(its, name) != 0)
			continue;
		*ret_start = header.sh_addr;
		*ret_end = header.sh_addr + header.sh_size;
		return true;
	}
	return false;
}

bool elf_image_has_section(const struct elf_image *image, const char *name)
{
	uint64_t start, end;

	return elf_image_section(image, name, &start, &end);
}
