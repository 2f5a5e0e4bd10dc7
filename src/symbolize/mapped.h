/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file in memory as libelf sees it: mapped, so that only the pages that are read are loaded.
 * Taken are 64-bit x86-64 ELF files of any kind, debug files too.
 */
#ifndef HEAPTAP_SYMBOLIZE_MAPPED_H
#define HEAPTAP_SYMBOLIZE_MAPPED_H

#include <stdbool.h>
#include <sys/types.h>

#include <libelf.h>

struct mapped {
	Elf *elf; /* NULL when there is none */
	int fd;	  /* its own */
	off_t size;
};

/* @fd stays the caller's and may be closed. -ENOEXEC when it is not such a file. */
int mapped_open(int fd, struct mapped *ret);
void mapped_done(struct mapped *mapped);

/* False when the file was cut short since: reading the memory behind its end would be fatal. */
bool mapped_intact(const struct mapped *mapped);

bool mapped_has_section(const struct mapped *mapped, const char *name);
/* Address of .text, which a debug file shares with its object unless one of them was moved
 * (prelink). False without such a section. */
bool mapped_text(const struct mapped *mapped, uint64_t *ret_vaddr);

#endif
