/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a series grow, how fast, and how sure is that? The slope is the Theil-Sen estimate (the
 * median of the slopes of all pairs: Sen 1968), which a third of wild points does not move; whether
 * there is a trend at all is the Mann-Kendall test (Mann 1945, Kendall 1975), with the correction
 * for ties. Both look at order alone, so steps and heavy tails are no problem; points that depend
 * on each other make the test too sure.
 */
#ifndef HEAPTAP_PROFILE_SLOPE_H
#define HEAPTAP_PROFILE_SLOPE_H

#include <stddef.h>

struct slope_point {
	double x, y;
};

struct slope {
	size_t nr;	  /* points that were used */
	double slope;	  /* y per x */
	double low, high; /* of a 95 % confidence interval of it */
	double middle;	  /* median of y */
	double p;	  /* of the two-sided test: how likely such an order is without a trend */
};

/* Of more points than these, evenly spread ones are used: the work grows with the square. */
#define SLOPE_MAX_POINTS 1000

/*
 * @points in the order of their x. Fewer than three, or all at one x: -EDOM. Also -ENOMEM.
 */
int slope_estimate(const struct slope_point *points, size_t nr, struct slope *ret);

#endif
