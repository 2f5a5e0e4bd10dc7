// SPDX-License-Identifier: Apache-2.0
/* The pprof file as an export format: it carries all four metrics, so there is nothing to choose.
 */
#include "export/writers.h"
#include "profile/pprof_write.h"

int pprof_format_write(const struct profile *profile, const struct export_options *options,
		       FILE *out)
{
	(void)options;
	return pprof_write(profile, out);
}
