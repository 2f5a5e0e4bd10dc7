// SPDX-License-Identifier: Apache-2.0
/* Raising the soft limit to the hard one needs no privilege. Where it fails the old limit holds,
 * and what meets it says so. */
#include "collect/limits.h"

#include <sys/resource.h>

void limits_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
