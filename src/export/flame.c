// SPDX-License-Identifier: Apache-2.0
/*
 * The array of nodes is also the queue of those whose children are still to be found. A node owns a
 * range of the order of paths; its children take parts of that range, by counting: one pass tells
 * the groups and their widths, the next one moves their paths together.
 */
#include "export/flame.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The paths of a node that go on with one function. */
struct group {
	uint32_t function, nr, at;
	struct flame_weight weight;
};

struct builder {
	struct flame *flame;
	const struct paths *paths;
	const struct flame_weight *weights;
	uint32_t max_nodes;
	int64_t min_width;
	uint32_t *order, *moved; /* paths */
	uint32_t *group_of;	 /* by function; PROFILE_NONE between uses */
	struct group *groups;
	uint32_t nr_groups;
	int64_t *place_widths; /* by place; 0 between uses */
	uint32_t *touched;     /* places that are not */
};

static int64_t add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static void add_weight(struct flame_weight *to, const struct flame_weight *from)
{
	to->width = add_saturated(to->width, from->width);
	to->other = add_saturated(to->other, from->other);
	to->delta = add_saturated(to->delta, from->delta);
	to->variance += from->variance;
}

static const struct path_place *place_at(const struct builder *builder, uint32_t path,
					 uint32_t depth, uint32_t *ret_place)
{
	const struct paths *paths = builder->paths;

	*ret_place = paths->steps[paths->paths[path].first + depth];
	return &paths->places[*ret_place];
}

/* Widest first; equal ones as they were seen first. */
static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left, *b = right;

	if (a->weight.width != b->weight.width)
		return a->weight.width < b->weight.width ? 1 : -1;
	return a->function < b->function ? -1 : a->function > b->function;
}

/* The functions that follow upon @node, with their sums. Paths that end in it are in no group. */
static void find_groups(struct builder *builder, const struct flame_node *node)
{
	builder->nr_groups = 0;
	for (uint32_t i = node->first; i < node->first + node->nr; i++) {
		uint32_t path = builder->order[i], place, function;
		struct group *group;

		if (builder->paths->paths[path].nr <= node->depth)
			continue;
		function = place_at(builder, path, node->depth, &place)->function;
		if (builder->group_of[function] == PROFILE_NONE) {
			builder->group_of[function] = builder->nr_groups;
			builder->groups[builder->nr_groups++] =
				(struct group){.function = function};
		}
		group = &builder->groups[builder->group_of[function]];
		group->nr++;
		add_weight(&group->weight, &builder->weights[path]);
	}
	for (uint32_t i = 0; i < builder->nr_groups; i++)
		builder->group_of[builder->groups[i].function] = PROFILE_NONE;
	qsort(builder->groups, builder->nr_groups, sizeof(*builder->groups), compare_groups);
}

/* Drops the groups too narrow to be shown, or all. */
static void prune(struct builder *builder, bool all)
{
	struct flame *flame = builder->flame;
	uint32_t nr = builder->nr_groups;

	while (nr && (all || builder->groups[nr - 1].weight.width < builder->min_width)) {
		nr--;
		flame->nr_pruned++;
		flame->pruned_width =
			add_saturated(flame->pruned_width, builder->groups[nr].weight.width);
	}
	builder->nr_groups = nr;
}

/* Moves each group's paths together, at the front of the range. */
static void partition(struct builder *builder, const struct flame_node *node)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < builder->nr_groups; i++) {
		builder->groups[i].at = at;
		builder->group_of[builder->groups[i].function] = i;
		at += builder->groups[i].nr;
	}
	for (uint32_t i = node->first; i < node->first + node->nr; i++) {
		uint32_t path = builder->order[i], place, group;

		if (builder->paths->paths[path].nr <= node->depth)
			continue;
		group = builder->group_of[place_at(builder, path, node->depth, &place)->function];
		if (group != PROFILE_NONE)
			builder->moved[builder->groups[group].at++] = path;
	}
	memcpy(&builder->order[node->first], builder->moved, at * sizeof(*builder->order));
	for (uint32_t i = 0; i < builder->nr_groups; i++)
		builder->group_of[builder->groups[i].function] = PROFILE_NONE;
}

/* Takes the widest of the touched places that is left; of equal ones that seen first. */
static void take_widest(struct builder *builder, uint32_t nr_touched, struct flame_node *node)
{
	uint32_t best = builder->touched[0];

	for (uint32_t i = 1; i < nr_touched; i++)
		if (builder->place_widths[builder->touched[i]] > builder->place_widths[best])
			best = builder->touched[i];
	node->places[node->nr_places] = best;
	node->place_widths[node->nr_places++] = builder->place_widths[best];
	builder->place_widths[best] = 0;
}

/* Which lines of its function the node's paths go through. */
static void find_places(struct builder *builder, struct flame_node *node)
{
	uint32_t nr_touched = 0, place;

	for (uint32_t i = node->first; i < node->first + node->nr; i++) {
		uint32_t path = builder->order[i];

		place_at(builder, path, node->depth - 1, &place);
		if (!builder->place_widths[place])
			builder->touched[nr_touched++] = place;
		builder->place_widths[place] =
			add_saturated(builder->place_widths[place], builder->weights[path].width);
	}
	while (node->nr_places < FLAME_PLACES && node->nr_places < nr_touched)
		take_widest(builder, nr_touched, node);
	node->nr_more_places = nr_touched - node->nr_places;
	for (uint32_t i = 0; i < nr_touched; i++)
		builder->place_widths[builder->touched[i]] = 0;
}

/* -E2BIG when there are more nodes than allowed, and pruning more of them can help. */
static int expand(struct builder *builder, uint32_t index)
{
	struct flame *flame = builder->flame;
	struct flame_node *node = &flame->nodes[index];
	uint32_t first = node->first;
	int64_t start = node->start;

	find_groups(builder, node);
	prune(builder, false);
	if (flame->nr_nodes + builder->nr_groups > builder->max_nodes) {
		/* At a share of 1 there is but one stem left: it is cut. */
		if (flame->min_share < 1)
			return -E2BIG;
		prune(builder, true);
	}
	partition(builder, node);
	node->first_child = flame->nr_nodes;
	node->nr_children = builder->nr_groups;
	for (uint32_t i = 0; i < builder->nr_groups; i++) {
		const struct group *group = &builder->groups[i];
		struct flame_node *child = &flame->nodes[flame->nr_nodes++];

		*child = (struct flame_node){.function = group->function,
					     .parent = index,
					     .depth = node->depth + 1,
					     .weight = group->weight,
					     .start = start,
					     .first = first,
					     .nr = group->nr};
		find_places(builder, child);
		first += group->nr;
		start = add_saturated(start, group->weight.width);
		flame->max_depth = child->depth;
	}
	return 0;
}

static int build(struct builder *builder)
{
	struct flame *flame = builder->flame;
	struct flame_node *root = &flame->nodes[0];
	int err = 0;

	*root = (struct flame_node){.function = PROFILE_NONE, .parent = PROFILE_NONE};
	for (uint32_t i = 0; i < builder->paths->nr_paths; i++) {
		if (builder->weights[i].width <= 0)
			continue;
		builder->order[root->nr++] = i;
		add_weight(&root->weight, &builder->weights[i]);
	}
	flame->nr_nodes = 1;
	flame->max_depth = flame->nr_pruned = 0;
	flame->pruned_width = 0;
	builder->min_width = (int64_t)fmin(ceil(flame->min_share * (double)root->weight.width),
					   (double)(INT64_MAX / 2));
	for (uint32_t i = 0; i < flame->nr_nodes && !err; i++)
		err = expand(builder, i);
	return err;
}

static int builder_init(struct builder *builder)
{
	const struct paths *paths = builder->paths;
	size_t nr_paths = (size_t)paths->nr_paths + 1;
	size_t nr_functions = (size_t)paths->nr_functions + 1;
	size_t nr_places = (size_t)paths->nr_places + 1;

	builder->order = calloc(nr_paths, sizeof(*builder->order));
	builder->moved = calloc(nr_paths, sizeof(*builder->moved));
	builder->groups = calloc(nr_functions, sizeof(*builder->groups));
	builder->group_of = malloc(nr_functions * sizeof(*builder->group_of));
	builder->place_widths = calloc(nr_places, sizeof(*builder->place_widths));
	builder->touched = calloc(nr_places, sizeof(*builder->touched));
	builder->flame->nodes = calloc((size_t)builder->max_nodes, sizeof(struct flame_node));
	if (!builder->order || !builder->moved || !builder->groups || !builder->group_of ||
	    !builder->place_widths || !builder->touched || !builder->flame->nodes)
		return -ENOMEM;
	memset(builder->group_of, 0xff, nr_functions * sizeof(*builder->group_of));
	return 0;
}

static void builder_done(struct builder *builder)
{
	free(builder->order);
	free(builder->moved);
	free(builder->groups);
	free(builder->group_of);
	free(builder->place_widths);
	free(builder->touched);
}

int flame_build(struct flame *ret, const struct paths *paths, const struct flame_weight *weights,
		const struct flame_limits *limits)
{
	struct builder builder = {.flame = ret,
				  .paths = paths,
				  .weights = weights,
				  .max_nodes = limits->max_nodes ?: 1};
	int err;

	*ret = (struct flame){.min_share = limits->min_share};
	err = builder_init(&builder);
	if (!err)
		err = build(&builder);
	while (err == -E2BIG) {
		ret->min_share = fmin(fmax(1.5 * ret->min_share, 1e-5), 1);
		err = build(&builder);
	}
	builder_done(&builder);
	return err;
}

void flame_done(struct flame *flame)
{
	free(flame->nodes);
	*flame = (struct flame){0};
}

uint32_t flame_next(const struct flame *flame, uint32_t node)
{
	const struct flame_node *nodes = flame->nodes;

	if (nodes[node].nr_children)
		return nodes[node].first_child;
	while (nodes[node].parent != PROFILE_NONE) {
		const struct flame_node *parent = &nodes[nodes[node].parent];

		if (node + 1 < parent->first_child + parent->nr_children)
			return node + 1;
		node = nodes[node].parent;
	}
	return PROFILE_NONE;
}
