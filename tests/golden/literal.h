/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles as literals: what the inputs of the golden tests are written in. A failure ends the
 * program. */
#ifndef HEAPTAP_TESTS_LITERAL_H
#define HEAPTAP_TESTS_LITERAL_H

#include "profile/profile.h"

#define MAX_FRAMES 8
#define MAX_LABELS 4
#define NO_LABEL                                                                                   \
	{                                                                                          \
		NULL, NULL, 0, NULL                                                                \
	}

struct literal_frame {
	const char *function, *file;
	int line;
	const char *module; /* NULL: none */
	bool inlined;	    /* in the frame that follows */
};

struct literal {
	/* alloc objects and bytes, inuse objects and bytes, pauses and their ns */
	int64_t values[NR_METRICS];
	struct profile_label labels[MAX_LABELS];
	struct literal_frame frames[MAX_FRAMES]; /* leaf first */
};

/* What happened is no error. */
void literal_check(int err);

void literal_add(struct profile *profile, const struct literal *literals, size_t nr_literals);
#define ADD(profile, literals)                                                                     \
	literal_add(profile, literals, sizeof(literals) / sizeof(literals[0]))

/* The notes and times of a run of 30 s; @period 1 is exact. */
void literal_set_run(struct profile *profile, int64_t period);

#define FRAME(function, file, line, module)                                                        \
	{                                                                                          \
		function, file, line, module, false                                                \
	}
#define INLINED(function, file, line, module)                                                      \
	{                                                                                          \
		function, file, line, module, true                                                 \
	}

#define LEAKY "/usr/bin/leaky"
#define LIBC  "/usr/lib/x86_64-linux-gnu/libc.so.6"

#define ERRORS(inuse, alloc)                                                                       \
	{                                                                                          \
		{.key = "inuse_stderr", .number = inuse, .unit = "bytes"},                         \
		{                                                                                  \
			.key = "alloc_stderr", .number = alloc, .unit = "bytes"                    \
		}                                                                                  \
	}

/* changes.c: a program before and after a release, exact and sampled. */
void make_before(struct profile *profile);
void make_after(struct profile *profile);
void make_before_sampled(struct profile *profile);
void make_after_sampled(struct profile *profile);

#endif
