/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file seen through a file descriptor: its class, segments, build id, symbols by name, and
 * code bytes. Takes descriptors only, never a path or a pid. The file is foreign: every offset and
 * size is checked, a lying header yields -EINVAL and never a fault.
 */
#ifndef HEAPTAP_ELF_IMAGE_H
#define HEAPTAP_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_image;

/* @fd stays the caller's and must stay open. -ENOEXEC not ELF, -ENOTSUP not 64-bit x86-64 (the
 * image is not returned), -EINVAL broken. */
int elf_image_open(int fd, struct elf_image **ret);
void elf_image_free(struct elf_image *image);

/* Lower-case hex into @hex (at least 41 bytes for SHA-1; cut to @size), "" when there is none. */
void elf_image_build_id(const struct elf_image *image, char *hex, size_t size);

/* Has it a section of that name? Where it is linked then; its header may lie. */
bool elf_image_has_section(const struct elf_image *image, const char *name);
bool elf_image_section(const struct elf_image *image, const char *name, uint64_t *ret_start,
		       uint64_t *ret_end);

/* A program, and not a library: it is linked to a fixed address or names its dynamic loader. */
bool elf_image_is_program(const struct elf_image *image);

/* The vaddr of the first instruction, 0 when there is none. */
uint64_t elf_image_entry(const struct elf_image *image);

/* Between file offset and virtual address through the PT_LOAD segments. -ERANGE when in none. */
int elf_image_offset_to_vaddr(const struct elf_image *image, uint64_t offset, uint64_t *ret);
int elf_image_vaddr_to_offset(const struct elf_image *image, uint64_t vaddr, uint64_t *ret);

/* The executable segment that holds @vaddr, as linked. -ERANGE when none does. */
int elf_image_code(const struct elf_image *image, uint64_t vaddr, uint64_t *ret_start,
		   uint64_t *ret_end);

/* Where the first byte of an executable mapping that begins at @offset is linked. It may lie in the
 * page before its segment, and another segment may end in that page. -ERANGE when no executable
 * segment is there. */
int elf_image_mapping_to_vaddr(const struct elf_image *image, uint64_t offset, uint64_t *ret);

struct elf_symbol {
	const char *name;	      /* as asked for */
	uint64_t vaddr, offset, size; /* size 0 when the symbol table has none */
	bool dynamic;		      /* found in .dynsym (visible to other objects) */
	bool ifunc;		      /* STT_GNU_IFUNC: the value is a resolver, not the function */
};

/*
 * Defined functions among @names, one pass over .dynsym and then .symtab (dynamic wins; of several
 * versions the default one). ret[i] belongs to names[i]; ret[i].name == NULL when not found.
 */
int elf_image_find_symbols(const struct elf_image *image, const char *const *names, size_t nr_names,
			   struct elf_symbol *ret);

/* The address of the variable @name in .dynsym. -ENOENT when there is none. */
int elf_image_find_variable(const struct elf_image *image, const char *name, uint64_t *ret_vaddr);

/* One defined symbol, of either table. The address of a thread variable counts from the beginning
 * of its image's TLS block. */
struct elf_named {
	const char *name; /* as in the table, with its version in .symtab; owned by the image */
	size_t length;	  /* of the name without version */
	uint64_t vaddr, size;
	bool dynamic;  /* of .dynsym: other objects can see it */
	bool function; /* else a variable */
	bool thread;   /* a variable that each thread has its own of */
};

/* The size of the TLS block of an image, rounded up to its alignment; 0 when it has none. The block
 * of a program ends where the thread pointer points: System V ABI, TLS variant II. */
uint64_t elf_image_tls_size(const struct elf_image *image);

/* Calls @visit for every defined function and variable of .dynsym, then of .symtab, which repeats
 * the former; stops when it returns non-zero, and returns that. */
int elf_image_each_symbol(const struct elf_image *image,
			  int (*visit)(const struct elf_named *symbol, void *arg), void *arg);

/* Copies up to @size file bytes behind @vaddr, ending with the segment's file content. Returns the
 * count, or -errno. */
long elf_image_read(const struct elf_image *image, uint64_t vaddr, void *buffer, size_t size);

#endif
