/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the flame graph writer share: the profile laid out, and measures in pixels. */
#ifndef HEAPTAP_EXPORT_SVG_H
#define HEAPTAP_EXPORT_SVG_H

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
};

/* "1.5M", "978 objects", "29.7ms": a value of @metric. Returns @text. */
char *svg_amount(char text[TEXT_SIZE + 16], enum metric metric, int64_t value);

/* "1.4M (93.4%), 978 objects, error ±0.6%". 0 or -ENOMEM. */
int svg_describe(const struct svg *svg, const struct flame_weight *weight, char **ret_text);

/* The class of the style sheet that colours a kind; what the legend calls it. */
const char *svg_kind_class(enum path_kind kind);
const char *svg_kind_text(enum path_kind kind);

/* Draws every frame; the root's row begins at @base, the others are above it. 0 or -ENOMEM. */
int svg_frames_write(const struct svg *svg, unsigned int base, FILE *out);

/* The files svg.css and svg.js as they are in the source tree. */
extern const char svg_style[], svg_script[];

#endif
