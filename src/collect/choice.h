/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the allocators that a process maps it uses: of those that define malloc for everybody,
 * the one that the dynamic linker finds first; and each that is called by names of its own.
 */
#ifndef HEAPTAP_COLLECT_CHOICE_H
#define HEAPTAP_COLLECT_CHOICE_H

#include "collect/probes.h"
#include "collect/processes.h"
#include "proc/space.h"

enum choice_reason {
	CHOICE_TOLD,	   /* the process's own probes: heaptap/told.h */
	CHOICE_UNTOLD,	   /* not asked, since there are those */
	CHOICE_UNMAPPED,   /* the process does not map it */
	CHOICE_ONLY,	   /* no other defines malloc */
	CHOICE_FIRST,	   /* before the others in the order of the dynamic linker */
	CHOICE_OWN_NAMES,  /* its functions have names of their own */
	CHOICE_UNKNOWN,	   /* the order is not known: it may be used */
	CHOICE_PARTLY,	   /* another one's comes before, but has not all of its functions */
	CHOICE_INTERPOSED, /* another one's malloc comes before: not used */
};

struct choice {
	enum choice_reason reasons[HT_MAX_ALLOCATORS]; /* of each of the allocators */
	struct processes_unused unused;
};

/* Of @nr allocators the choice of the process behind @space. 0 or -ENOMEM. */
int choice_make(const struct space *space, const struct probes *const *all, unsigned int nr,
		struct choice *ret);

/* "first in the link order". */
const char *choice_reason_text(enum choice_reason reason);

#endif
