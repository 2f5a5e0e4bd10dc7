/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the flame graph writer share: the profile laid out, and measures in pixels. */
#ifndef HEAPTAP_EXPORT_SVG_H
#define HEAPTAP_EXPORT_SVG_H

#include "export/diff_view.h"
#include "export/export.h"
#include "export/flame.h"
#include "export/text.h"

#define SVG_WIDTH     1200
#define SVG_MARGIN    12
#define SVG_FRAMES    (SVG_WIDTH - 2 * SVG_MARGIN) /* width of the root frame */
#define SVG_ROW	      18			   /* height of a frame with the gap above it */
#define SVG_CHARACTER 7.25 /* width of a letter of the frames' 12 px font; DejaVu's, the widest */

struct svg {
	const struct profile *profile;
	enum metric metric, other; /* other: objects beside bytes, bytes beside objects */
	struct paths paths;
	struct flame flame;
	/* Of a difference, NULL otherwise. A frame then is as wide as the larger of what the two
	 * profiles have, weight.other is what BASE has, and weight.delta what NEW has more. */
	const struct diff_view *diff;
};

/* The text around the frames. */
struct svg_texts {
	char *head, *foot; /* lines as summary.c writes them; the writer cuts them up */
	char *title;
};

/* The whole file; svg->paths and svg->flame are there. 0 or -ENOMEM. */
int svg_put(const struct svg *svg, const struct svg_texts *texts, FILE *out);
#define SVG_MAX_FRAMES 12000 /* svg.c says why */

/* "1.5M", "978 objects", "29.7ms": a value of @metric. Returns @text. */
char *svg_amount(char text[TEXT_SIZE + 16], enum metric metric, int64_t value);

/* "of memory in use", "allocated": behind an amount. */
const char *svg_metric_text(enum metric metric);

/* "1.4M (93.4%), 978 objects, error ±0.6%". 0 or -ENOMEM. */
int svg_describe(const struct svg *svg, const struct flame_weight *weight, char **ret_text);

/* The class of the style sheet that colours a kind; what the legend calls it. */
const char *svg_kind_class(enum path_kind kind);
const char *svg_kind_text(enum path_kind kind);

/* What @write writes, a string to be freed. NULL when out of memory. */
char *svg_written(const struct svg *svg, void (*write)(const struct svg *svg, FILE *out));

/* Draws every frame; the root's row begins at @base, the others are above it. 0 or -ENOMEM. */
int svg_frames_write(const struct svg *svg, unsigned int base, FILE *out);

/* The same of a difference (svg_diff.c): the class by how much a frame changed, the legend. */
const char *svg_diff_class(const struct svg *svg, const struct flame_weight *weight);
int svg_diff_describe(const struct svg *svg, const struct flame_weight *weight, char **ret_text);
void svg_diff_legend(const struct svg *svg, unsigned int y, FILE *out);

/* The files svg.css, svg_diff.css and svg.js as they are in the source tree. */
extern const char svg_style[], svg_diff_style[], svg_script[];

#endif
