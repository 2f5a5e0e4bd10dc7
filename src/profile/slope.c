// SPDX-License-Identifier: Apache-2.0
/* Theil-Sen by sorting all pairs' slopes, Mann-Kendall by its normal approximation. */
#include "profile/slope.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define Z_95 1.959964

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* @values sorted, @nr > 0. */
static double median(const double *values, size_t nr)
{
	return nr % 2 ? values[nr / 2] : (values[nr / 2 - 1] + values[nr / 2]) / 2;
}

/* Variance of Kendall's S when there is no trend; @sorted are the values. */
static double variance_of_s(const double *sorted, size_t nr)
{
	double n = nr, var = n * (n - 1) * (2 * n + 5);

	for (size_t i = 0, next; i < nr; i = next) {
		double t;

		for (next = i + 1; next < nr && sorted[next] == sorted[i]; next++)
			;
		t = next - i;
		var -= t * (t - 1) * (2 * t + 5);
	}
	return var / 18;
}

/* The slopes of all pairs, unsorted, and S. Pairs at one x have no slope. Returns the count. */
static size_t all_slopes(const struct slope_point *points, size_t nr, double *slopes, double *ret_s)
{
	size_t nr_slopes = 0;
	double s = 0;

	for (size_t i = 0; i < nr; i++)
		for (size_t k = i + 1; k < nr; k++) {
			double dx = points[k].x - points[i].x, dy = points[k].y - points[i].y;

			s += (dy > 0) - (dy < 0);
			if (dx > 0)
				slopes[nr_slopes++] = dy / dx;
		}
	*ret_s = s;
	return nr_slopes;
}

/* Sen's interval: so many ranks to both sides of the median. */
static void set_interval(const double *slopes, size_t nr, double var, struct slope *ret)
{
	double wide = Z_95 * sqrt(var), low = floor((nr - wide) / 2), high = ceil((nr + wide) / 2);

	ret->low = slopes[low < 0 ? 0 : (size_t)low];
	ret->high = slopes[high > nr - 1 ? nr - 1 : (size_t)high];
}

static int estimate(const struct slope_point *points, size_t nr, struct slope *ret)
{
	double *slopes = calloc(nr * (nr - 1) / 2, sizeof(*slopes));
	double *values = calloc(nr, sizeof(*values)), s, var;
	int err = slopes && values ? 0 : -ENOMEM;
	size_t nr_slopes;

	if (err)
		goto out;
	for (size_t i = 0; i < nr; i++)
		values[i] = points[i].y;
	qsort(values, nr, sizeof(*values), compare);
	nr_slopes = all_slopes(points, nr, slopes, &s);
	if (!nr_slopes) {
		err = -EDOM;
		goto out;
	}
	qsort(slopes, nr_slopes, sizeof(*slopes), compare);
	var = variance_of_s(values, nr);
	ret->nr = nr;
	ret->slope = median(slopes, nr_slopes);
	ret->middle = median(values, nr);
	/* one off towards 0, since S moves in steps of two; without variance all are equal */
	s = fabs(s) > 1 ? fabs(s) - 1 : 0;
	ret->p = var > 0 ? erfc(s / sqrt(2 * var)) : 1;
	set_interval(slopes, nr_slopes, var, ret);
out:
	free(slopes);
	free(values);
	return err;
}

int slope_estimate(const struct slope_point *points, size_t nr, struct slope *ret)
{
	struct slope_point *thinned;
	int err;

	if (nr < 3)
		return -EDOM;
	if (nr <= SLOPE_MAX_POINTS)
		return estimate(points, nr, ret);
	thinned = calloc(SLOPE_MAX_POINTS, sizeof(*thinned));
	if (!thinned)
		return -ENOMEM;
	for (size_t i = 0; i < SLOPE_MAX_POINTS; i++)
		thinned[i] = points[i * (nr - 1) / (SLOPE_MAX_POINTS - 1)];
	err = estimate(thinned, SLOPE_MAX_POINTS, ret);
	free(thinned);
	return err;
}
