/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaching programs to addresses in a file: by one uprobe_multi link through the bpf(2) call
 * (libbpf 1.1 does not know it), or by one perf uprobe each. A link lives as long as its file
 * descriptor, so nothing stays behind when heaptap dies.
 */
#ifndef HEAPTAP_COLLECT_LINKS_H
#define HEAPTAP_COLLECT_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/diag.h"

/* Values of enum bpf_attach_type that Debian 12's headers do not have. */
#define LINK_UPROBE_MULTI   48
#define LINK_UPROBE_SESSION 57

/* Places in one file that get the same program. */
struct link_sites {
	const char *path;	 /* of the file; /proc/self/fd/N names an open one */
	const uint64_t *offsets; /* in the file */
	const uint64_t *cookies;
	const uint64_t *counters; /* offsets in the file of 16-bit counts of listeners, 0 = none;
				   * NULL: none has one */
	size_t nr;
	pid_t pid; /* this process only; 0 = all that map the file */
};

/* File descriptor of the link or -errno. @attach_type is one of the two above; @on_return only
 * with LINK_UPROBE_MULTI. */
int link_multi(int program_fd, uint32_t attach_type, bool on_return,
	       const struct link_sites *sites);

/* One perf uprobe with its program, site @index of @sites. File descriptors ret_fds[2]: the event
 * and the link. 0 or -errno. */
int link_perf(int program_fd, bool on_return, const struct link_sites *sites, size_t index,
	      int ret_fds[2]);

/*
 * Removing a probe waits until no program can be running any more, some 40 ms. links_close() waits
 * for all of them at once instead of one after the other; link_close_later() does not wait.
 * Negative descriptors are passed over.
 */
void links_close(const int *fds, size_t nr);
void link_close_later(int fd);

#endif
