// SPDX-License-Identifier: Apache-2.0
/* One scanner and a table of suffixes for each kind of number. strtoull() is not used: it takes
 * signs, blanks and a value too large as the largest. */
#include "util/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct suffix {
	const char *text; /* NULL ends the table */
	uint64_t factor;
};

static const struct suffix time_suffixes[] = {
	{"", 1000000000ULL},
	{"ms", 1000000ULL},
	{"s", 1000000000ULL},
	{"m", 60 * 1000000000ULL},
	{"h", 3600 * 1000000000ULL},
	{"d", 86400 * 1000000000ULL},
	{NULL, 0},
};

static const struct suffix byte_suffixes[] = {
	{"", 1},	{"K", 1 << 10}, {"k", 1 << 10}, {"M", 1 << 20},
	{"m", 1 << 20}, {"G", 1 << 30}, {"g", 1 << 30}, {NULL, 0},
};

static const struct suffix no_suffixes[] = {
	{"", 1},
	{NULL, 0},
};

static int parse_scaled(const char *text, const struct suffix *suffixes, uint64_t max,
			uint64_t *ret)
{
	bool overflow = false;
	const char *at = text;
	uint64_t value = 0;

	for (; *at >= '0' && *at <= '9'; at++)
		overflow |= __builtin_mul_overflow(value, 10, &value) ||
			    __builtin_add_overflow(value, *at - '0', &value);
	if (at == text)
		return -EINVAL;
	while (suffixes->text && strcmp(at, suffixes->text) != 0)
		suffixes++;
	if (!suffixes->text)
		return -EINVAL;
	overflow |= __builtin_mul_overflow(value, suffixes->factor, &value);
	if (overflow || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_time_ns(const char *text, uint64_t *ret_ns)
{
	return parse_scaled(text, time_suffixes, INT64_MAX, ret_ns);
}

int parse_bytes(const char *text, uint64_t *ret_bytes)
{
	return parse_scaled(text, byte_suffixes, UINT64_MAX, ret_bytes);
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	int err;

	err = parse_scaled(text, no_suffixes, max, &value);
	if (err)
		return err;
	if (value < min)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_percent(const char *text, double *ret_share)
{
	uint64_t value = 0, unit = 1; /* value / unit percent */
	bool point = false;
	const char *at = text;

	for (; (*at >= '0' && *at <= '9') || (*at == '.' && !point && at > text); at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		if (value > 100 * unit || unit == 1000)
			return -ERANGE;
		value = 10 * value + *at - '0';
		if (point)
			unit *= 10;
	}
	if (at == text || at[-1] == '.' || (*at && strcmp(at, "%") != 0))
		return -EINVAL;
	if (!value || value > 100 * unit)
		return -ERANGE;
	*ret_share = (double)value / (double)unit / 100;
	return 0;
}
