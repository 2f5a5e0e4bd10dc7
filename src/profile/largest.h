/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a profile that its largest sites hold. Pure: a profile in, another one out. A site is
 * that of site.h, by function or by line.
 */
#ifndef HEAPTAP_PROFILE_LARGEST_H
#define HEAPTAP_PROFILE_LARGEST_H

#include "profile/profile.h"

struct largest_limits {
	enum metric metric;
	bool lines;	  /* a site is a line, not a function */
	double min_share; /* of @whole; smaller sites are left out. 0: none is */
	int64_t whole;	  /* the total that shares are of */
	uint32_t top;	  /* at most so many; 0: any number */
};

struct largest_result {
	uint32_t nr_sites, nr_small, nr_beyond; /* all; below the share; behind the first @top */
	int64_t small, beyond;			/* what these hold */
};

/* A new profile, the caller's, or -ENOMEM. A site counts by the size of its value, below 0 too. */
int profile_largest(const struct profile *from, const struct largest_limits *limits,
		    struct profile **ret, struct largest_result *ret_result);

#endif
