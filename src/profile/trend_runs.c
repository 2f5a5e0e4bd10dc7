// SPDX-License-Identifier: Apache-2.0
/*
 * The common slope is the mean of the runs' own (Theil-Sen), by how much each can know of it: the
 * squares of its times about their mean. A run's place is the median of what is left of it then.
 */
#include "profile/trend_runs.h"

#include <errno.h>
#include <stdlib.h>

/* A run, in the array of all points. */
struct part {
	size_t begin, nr;
	struct slope slope;
	double weight;
};

void trend_runs_done(struct trend_runs *runs)
{
	free(runs->points);
	*runs = (struct trend_runs){0};
}

static double weigh(const struct slope_point *points, size_t nr)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < nr; i++)
		sum += points[i].x;
	for (size_t i = 0; i < nr; i++)
		squares += (points[i].x - sum / (double)nr) * (points[i].x - sum / (double)nr);
	return squares;
}

/* The slope of @nr runs together. */
static double common_slope(const struct part *parts, size_t nr)
{
	double sum = 0, weights = 0;

	for (size_t i = 0; i < nr; i++) {
		sum += parts[i].weight * parts[i].slope.slope;
		weights += parts[i].weight;
	}
	return weights > 0 ? sum / weights : 0;
}

static int compare_y(const void *a, const void *b)
{
	double x = ((const struct slope_point *)a)->y, y = ((const struct slope_point *)b)->y;

	return (x > y) - (x < y);
}

static int compare_x(const void *a, const void *b)
{
	double x = ((const struct slope_point *)a)->x, y = ((const struct slope_point *)b)->x;

	return (x > y) - (x < y);
}

/* Moves @points to the line of @slope through 0. */
static int move(struct slope_point *points, size_t nr, double slope)
{
	struct slope_point *rest = calloc(nr, sizeof(*rest));
	double place;

	if (!rest)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		rest[i].y = points[i].y - slope * points[i].x;
	qsort(rest, nr, sizeof(*rest), compare_y);
	place = (rest[(nr - 1) / 2].y + rest[nr / 2].y) / 2;
	for (size_t i = 0; i < nr; i++)
		points[i].y -= place;
	free(rest);
	return 0;
}

/* The runs with enough points, their points one behind the other. */
static int collect(const struct trend_point *points, size_t nr, struct trend_runs *runs,
		   struct part *parts)
{
	size_t begin = 0;
	int err = 0;

	for (size_t i = 1; i <= nr && !err; i++) {
		struct part *part = &parts[runs->nr];

		if (i < nr && points[i].run == points[begin].run)
			continue;
		if (i - begin >= TREND_POINTS_MIN) {
			*part = (struct part){.begin = runs->nr_points, .nr = i - begin};
			for (size_t k = begin; k < i; k++)
				runs->points[runs->nr_points++] = (struct slope_point){
					points[k].time - points[begin].time, points[k].value};
			err = slope_estimate(runs->points + part->begin, part->nr, &part->slope);
			part->weight = weigh(runs->points + part->begin, part->nr);
			runs->nr++;
		}
		begin = i;
	}
	return err ?: runs->nr < 2 ? -EDOM : 0;
}

int trend_runs_superpose(const struct trend_point *points, size_t nr, struct trend_runs *ret)
{
	struct part *parts = calloc(nr / TREND_POINTS_MIN + 1, sizeof(*parts));
	double slope;
	int err;

	*ret = (struct trend_runs){.points = calloc(nr ?: 1, sizeof(*ret->points))};
	err = parts && ret->points ? collect(points, nr, ret, parts) : -ENOMEM;
	slope = err ? 0 : common_slope(parts, ret->nr);
	for (size_t i = 0; i < ret->nr && !err; i++)
		err = move(ret->points + parts[i].begin, parts[i].nr, slope);
	if (!err) {
		ret->earlier = common_slope(parts, ret->nr - 1);
		ret->last = parts[ret->nr - 1].slope;
		qsort(ret->points, ret->nr_points, sizeof(*ret->points), compare_x);
	}
	free(parts);
	return err;
}
