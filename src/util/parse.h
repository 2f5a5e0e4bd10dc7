/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as a user types them: TIME, BYTES and plain integers. Only decimal digits and one suffix
 * are taken; a sign, a blank, a fraction (but of a percentage) or anything behind is an error,
 * never ignored.
 *
 * All return 0, -EINVAL (not such a number) or -ERANGE (too large, or outside the limits), and
 * leave the result untouched on failure.
 */
#ifndef HEAPTAP_UTIL_PARSE_H
#define HEAPTAP_UTIL_PARSE_H

#include <stdint.h>

/* "250ms", "30s", "5m", "1h", "2d"; without suffix seconds. At most INT64_MAX ns (292 years), so
 * that the result fits signed arithmetic. */
int parse_time_ns(const char *text, uint64_t *ret_ns);

/* "4096", "512K", "1M", "2G": powers of 1024, either case. */
int parse_bytes(const char *text, uint64_t *ret_bytes);

/* "5", "5%", "0.5%": more than 0 and at most 100, up to 3 digits behind the point, as a share of 1.
 */
int parse_percent(const char *text, double *ret_share);

/* An integer in [min, max]. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

#endif
