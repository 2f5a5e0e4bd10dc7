/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Poisson sampling by bytes, in integers: compiled for BPF, and for the host where it is tested and
 * where live entries are summed with the very numbers their sites were.
 *
 * Bytes laid end to end are marked with probability 1/R each; an allocation of S bytes is a sample
 * when it holds a mark, p(S) = 1 - exp(-S/R). It then stands for S/p bytes and 1/p objects. R is at
 * most 2^36, so that S << 20 fits in 64 bits wherever S < 16 R.
 */
#ifndef HEAPTAP_SAMPLING_H
#define HEAPTAP_SAMPLING_H

#include <linux/types.h>

#include "heaptap/wire.h"

#define HT_RATE_MAX (1ULL << 36)

/* f(x) = x / (1 - exp(-x)) for x in [0, 16] in steps of 1/256, Q20; beyond, f(x) = x to 1e-7. */
#define HT_WEIGHT_STEP_SHIFT 12
#define HT_WEIGHT_MAX_X	     16
#define HT_WEIGHT_SIZE	     (HT_WEIGHT_MAX_X * 256 + 2)

/* -ln(m) for m in [1/2, 1] in steps of 1/512, Q20. */
#define HT_LN_SIZE 257
#define HT_LN2	   726817 /* ln 2, Q20 */

/* -R ln U with U = (random + 1) / 2^32, at least 1: the bytes to the next mark. */
static inline __s64 ht_gap(__u32 random, __u64 rate, const volatile __u32 *ln_table)
{
	__u64 u = (__u64)random + 1, halvings = 0, ln, fraction;
	__u32 i;

	/* u / 2^32 = m / 2^halvings with m in (1/2, 1], u = m * 2^32 */
	for (int shift = 16; shift; shift /= 2)
		if (u <= 1ULL << (32 - shift)) {
			u <<= shift;
			halvings += shift;
		}
	i = (u - (1ULL << 31)) >> 23;
	fraction = u & ((1 << 23) - 1);
	if (i >= HT_LN_SIZE - 1)
		ln = 0;
	else
		ln = ln_table[i] - (((ln_table[i] - ln_table[i + 1]) * fraction) >> 23);
	ln += halvings * HT_LN2;
	return ((rate >> 20) * ln) + ((rate & ((1 << 20) - 1)) * ln >> 20) + 1;
}

/* What a sample of @size bytes stands for, in 1/256 byte: R f(S/R). */
static inline __u64 ht_weight(__u64 size, __u64 rate, const volatile __u32 *weight_table)
{
	__u64 x, f;
	__u32 i;

	if (rate <= 1 || size / HT_WEIGHT_MAX_X >= rate)
		return size << HT_BYTES_SHIFT;
	x = (size << 20) / rate;
	i = x >> HT_WEIGHT_STEP_SHIFT;
	if (i >= HT_WEIGHT_SIZE - 1)
		return size << HT_BYTES_SHIFT;
	f = weight_table[i];
	f += ((weight_table[i + 1] - f) * (x & ((1 << HT_WEIGHT_STEP_SHIFT) - 1))) >>
	     HT_WEIGHT_STEP_SHIFT;
	return ((rate >> 20) * f << HT_BYTES_SHIFT) +
	       ((rate & ((1 << 20) - 1)) * f >> (20 - HT_BYTES_SHIFT));
}

/* What one allocation adds to its site and, when freed, takes from it again; units of wire.h. */
struct ht_contribution {
	__u64 bytes, objects, var;
};

/* x y / 2^24, the product in 128 bits; without a branch, which the verifier would follow twice. */
static inline __u64 ht_multiply_q24(__u64 x, __u64 y)
{
	__u64 xh = x >> 32, xl = (__u32)x, yh = y >> 32, yl = (__u32)y;

	return (xh * yh << 40) + ((xh * yl + xl * yh) << 8) + (xl * yl >> 24);
}

/* The variance of weight w is w^2 (1 - p) = w (w - S), as p = S / w. The rate of a sample may be up
 * to 2^13 times the base rate. */
static inline void ht_contribution(__u64 size, __u64 weight, __u64 base_rate,
				   struct ht_contribution *ret)
{
	__u64 w, s;

	ret->bytes = weight;
	ret->objects = 1 << HT_OBJECTS_SHIFT;
	ret->var = 0;
	if (weight <= size << HT_BYTES_SHIFT || !size || !base_rate)
		return;
	/* (weight / 2^8) / size * 2^16, split so that it cannot overflow */
	ret->objects = ((weight / size) << (HT_OBJECTS_SHIFT - HT_BYTES_SHIFT)) +
		       (((weight % size) << (HT_OBJECTS_SHIFT - HT_BYTES_SHIFT)) / size);
	w = (weight << (20 - HT_BYTES_SHIFT)) / base_rate;
	s = (size << 20) / base_rate;
	if (w > s)
		ret->var = ht_multiply_q24(w, w - s);
}

#endif
