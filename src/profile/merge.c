// SPDX-License-Identifier: Apache-2.0
/* The samples of one profile into another, one after the other. */
#include "profile/merge.h"

#include "profile/copier.h"

int profile_merge(struct profile *into, const struct profile *from, const char *const *without)
{
	const struct copy_change change = {.without = without};
	struct copier copier;
	int err = copier_init(&copier, into, from);

	for (uint32_t i = 0; i < from->nr_samples && !err; i++)
		err = copier_add(&copier, i, &change);
	copier_done(&copier);
	return err;
}
