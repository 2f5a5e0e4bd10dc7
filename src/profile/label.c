// SPDX-License-Identifier: Apache-2.0
/* A sample has a handful of labels, so they are looked through one by one. */
#include "profile/label.h"

#include <string.h>

const char *label_string(const struct profile_sample *sample, const char *key)
{
	for (uint32_t i = 0; i < sample->nr_labels; i++)
		if (sample->labels[i].string && !strcmp(sample->labels[i].key, key))
			return sample->labels[i].string;
	return NULL;
}

bool label_number(const struct profile_sample *sample, const char *key, int64_t *ret)
{
	for (uint32_t i = 0; i < sample->nr_labels; i++) {
		const struct profile_label *label = &sample->labels[i];

		if (label->string || strcmp(label->key, key) != 0)
			continue;
		*ret = label->number;
		return true;
	}
	return false;
}

bool label_variance(const struct profile_sample *sample, const char *key, double *ret)
{
	int64_t error;

	if (!label_number(sample, key, &error))
		return false;
	*ret = (double)error * (double)error;
	return true;
}
