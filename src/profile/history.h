/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles of one program over time, reduced to series: what each site holds, and what the
 * process as a whole takes. Profiles are added one after the other and need not stay.
 *
 * Two kinds are told apart. Snapshots of one recording say what a site holds of all that was
 * allocated since it began: bytes, which grow when it leaks. Recordings of their own, as cron makes
 * them, say what of each window outlives it: bytes a second, which are there again and again when
 * it leaks; what takes the place of what goes survives as well, so there must be growth of the
 * resident memory beside it.
 *
 * A site is its function and module (of JavaScript: and script), whatever was built or moved since,
 * and the kind of memory. Profiles of different sources are no history: the same memory would be
 * counted by one as what was allocated, by the other as what is resident.
 */
#ifndef HEAPTAP_PROFILE_HISTORY_H
#define HEAPTAP_PROFILE_HISTORY_H

#include <stdbool.h>

#include "profile/profile.h"
#include "profile/table.h"
#include "profile/trend.h"

/* Of the process, as a recording's notes tell them. */
enum history_measure {
	HISTORY_RSS,	/* "rss_anon" and "swap": anonymous memory, resident or swapped out */
	HISTORY_CGROUP, /* "cgroup_memory": what its control group uses */
	HISTORY_V8,	/* "v8_heap": committed by V8's heaps */
	HISTORY_FLOOR,	/* "v8_floor": of V8's heap what full collections left */
	NR_HISTORY_MEASURES,
};
const char *history_measure_name(enum history_measure measure);

/* One profile of it. */
struct history_profile {
	double time;	  /* of its end, s since 1970 */
	double began;	  /* of its recording; 0: not a recording of heaptap */
	double seconds;	  /* in which what is held could be allocated and grow old enough */
	int64_t pid;	  /* 0: several, or not known */
	uint32_t process; /* private: the same number, the same process */
	uint32_t run;
	double measures[NR_HISTORY_MEASURES]; /* bytes; NAN: not known */
};

struct history_site {
	const char *function, *place; /* place: "libfoo", "server.js", "" */
	const char *kind;	      /* of memory: "mmap", "page"; "" for the allocator's */
	uint32_t nr_frames;
	char **frames;	    /* of the largest stack of the last profile added that has it */
	uint32_t nr_stacks; /* private: that profile's number, from 1 */
	uint32_t nr_values, max_values;
	struct history_value {
		double bytes, variance;
	} * values; /* by profile, as far as the site was met */
	struct trend trend;
};

struct history {
	uint32_t nr_profiles, max_profiles;
	struct history_profile *profiles; /* after history_judge() by time */
	uint32_t nr_sites, max_sites;
	struct history_site *sites;   /* after history_judge() leaks first, the fastest first */
	struct table keys, processes; /* private */
	bool windows;		      /* recordings of their own; by history_judge() */
	bool young;		      /* some recorded without a minimal age */
	uint64_t nr_lost;	      /* events, allocations and stacks that recordings lost */
	double limit;		      /* of the control group, bytes, as last noted; 0: none */
	struct trend measures[NR_HISTORY_MEASURES];
	double sites_growth; /* of all sites together, bytes per second */
};

/* "malloc", "page"; "" when @profile is another tool's. */
const char *history_source(const struct profile *profile);

/* A zeroed struct history is empty and ready. */
void history_done(struct history *history);

/* Takes @profile in; in which order they come does not matter. -ENODATA: nothing of what is held is
 * in it; -ENOMEM. */
int history_add(struct history *history, const struct profile *profile);

/* Settles the kind and every verdict; no profile can be added after it. Growth below @threshold
 * bytes a second is no leak. 0 or -ENOMEM. */
int history_judge(struct history *history, double threshold);

/* Does anything leak: a site, or the process by a measure? */
bool history_leaks(const struct history *history);

/* Is there too little of everything to say that nothing leaks? */
bool history_is_too_little(const struct history *history);

/* The point of @site at profile @index: bytes, or bytes per second. */
struct trend_point history_point(const struct history *history, const struct history_site *site,
				 uint32_t index);

#endif
