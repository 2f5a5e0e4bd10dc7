/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes in the files of the watched processes: found and placed once for a file, linked for
 * each process.
 */
#ifndef HEAPTAP_COLLECT_ATTACH_H
#define HEAPTAP_COLLECT_ATTACH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/choice.h"
#include "collect/kernel.h"
#include "collect/link_set.h"
#include "collect/probes.h"
#include "util/diag.h"

/* One file's probes in one process, or in all that map it, also those nobody watches. */
struct attachment_links {
	pid_t pid; /* 0: all */
	struct link_set set;
};

/* The probes of one file, in every process that maps it. */
struct attachment {
	struct probes probes;
	unsigned int nr_links;
	struct attachment_links *links;
};

/* All of a recording. Probes are numbered through: ht_cookie.probe. */
struct attachments {
	unsigned int nr, nr_told; /* of told: places of probes that processes have themselves */
	struct attachment *all;
};

/*
 * Attaches the programs of @kernel to the allocator functions of @object in process @pid (0: in all
 * that map it), unless they are. 1 when it has some, 0 when it has none, or -errno with @diag and
 * nothing attached. A file that cannot be read has none. @is_exe: symbols other objects cannot see
 * count too.
 */
int attachments_add(struct attachments *attachments, const struct kernel *kernel,
		    const struct caps *caps, struct object *object, bool is_exe, pid_t pid,
		    struct diag *diag);

/* The same with the probes by which @object itself tells of what is allocated. */
int attachments_add_told(struct attachments *attachments, const struct kernel *kernel,
			 const struct caps *caps, struct object *object, pid_t pid,
			 struct diag *diag);

/* Removes the probes of one process, without waiting for it. */
void attachments_leave(struct attachments *attachments, pid_t pid);

/* Removes all probes; what they were stays known. */
void attachments_detach(struct attachments *attachments);
void attachments_done(struct attachments *attachments);

/* Which of them the process behind @space uses: ret->reasons by index. 0 or -ENOMEM. */
int attachments_choose(const struct attachments *attachments, const struct space *space,
		       struct choice *ret);

/* Does a file among them tell itself of what is allocated? */
bool attachments_are_told(const struct attachments *attachments);

bool attachments_have(const struct attachments *attachments, const struct object *object);

/* An allocator function in a process: its name, and its address with the mapping it lies in
 * (SPACE_NONE when it is not mapped). */
struct attached_function {
	const char *symbol;
	uint64_t address;
	uint32_t mapping;
};

/* What probe @number is in @space. */
void attachments_function(const struct attachments *attachments, unsigned int number,
			  const struct space *space, struct attached_function *ret);

/* Of the probes, how many lie at an instruction that is single-stepped, 0 to 1. */
double attachments_stepped_share(const struct attachments *attachments);

#endif
