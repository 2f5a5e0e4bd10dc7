/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of a flame graph: paths merged from the root on into a tree of frames with widths. It
 * knows numbers only, neither names nor a file format, and draws nothing.
 *
 * Invariants: a node's children lie side by side within it, widest first, none of width 0; with
 * what ends in the node and what was pruned they are as wide as it is. Nodes are in the order of
 * depth, and the children of a node are neighbours.
 *
 * The tree is made from the top down, and never beyond what is shown, so that its size does not
 * depend on the number of stacks.
 */
#ifndef HEAPTAP_EXPORT_FLAME_H
#define HEAPTAP_EXPORT_FLAME_H

#include "export/paths.h"

/* Of one path. Sums saturate; what is not above 0 in width is left out. */
struct flame_weight {
	int64_t width;
	int64_t other;	 /* added up and shown beside the width */
	int64_t delta;	 /* by how much the width has changed, where two profiles are compared */
	double variance; /* NAN when it is not known; so is then that of each node around it */
};

struct flame_limits {
	uint32_t max_nodes; /* the narrowest frames are pruned until there are no more than this */
	double min_share;   /* of the whole; narrower frames are pruned at any rate */
};

#define FLAME_PLACES 3 /* lines of a function that a node keeps apart */

struct flame_node {
	uint32_t function; /* in paths.functions; PROFILE_NONE for the root */
	uint32_t parent, first_child, nr_children;
	uint32_t depth; /* 0 for the root */
	struct flame_weight weight;
	int64_t start; /* its left end, in the unit of the width */
	/* the widest of its function's places, and how many more there are */
	uint32_t nr_places, nr_more_places;
	uint32_t places[FLAME_PLACES];
	int64_t place_widths[FLAME_PLACES];
	uint32_t first, nr; /* private: its paths */
};

struct flame {
	struct flame_node *nodes; /* [0] is the root: everything */
	uint32_t nr_nodes, max_depth;
	double min_share;   /* what it took to keep to the limits */
	uint32_t nr_pruned; /* frames that are left out, each with all above it */
	int64_t pruned_width;
};

/* @weights has one for each path. 0 or -ENOMEM; flame_done() is to be called in either case. */
int flame_build(struct flame *ret, const struct paths *paths, const struct flame_weight *weights,
		const struct flame_limits *limits);
void flame_done(struct flame *flame);

/* Preorder: the node behind @node, a parent before its children; PROFILE_NONE at the end. */
uint32_t flame_next(const struct flame *flame, uint32_t node);

#endif
