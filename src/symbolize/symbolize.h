/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From recorded addresses to named frames in a profile: symbol tables, debug files by build id or
 * debug link, DWARF lines and inlined functions, C++ and Rust names. It works from the open
 * descriptors in struct object, so the process may be long gone.
 */
#ifndef HEAPTAP_SYMBOLIZE_SYMBOLIZE_H
#define HEAPTAP_SYMBOLIZE_SYMBOLIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/space.h"
#include "profile/profile.h"

struct symbolizer;

struct symbolizer_options {
	bool lines;  /* read DWARF: source lines and inlined functions */
	bool shared; /* addresses in the profile are offsets in files: those of several processes
		      * that have a file in different places are one location */
	const char *
		debug_path; /* colon list as in gdb's debug-file-directory; NULL = /usr/lib/debug */
};

struct symbolizer *symbolizer_new(const struct symbolizer_options *options);
void symbolizer_free(struct symbolizer *symbolizer);

/* From now on code of process @pid without a file is named by the perf map @fd, which stays the
 * caller's; a map that was given before is forgotten. 0 or -errno: as if there were none. */
int symbolizer_set_perf_map(struct symbolizer *symbolizer, pid_t pid, int fd);

/* One recorded frame. */
struct frame {
	uint64_t address; /* in the process; of the instruction to name: a return address minus 1 */
	uint32_t mapping; /* index in the space, or SPACE_NONE */
};

/*
 * Names frame @frame of @space and adds it to @profile (mapping, functions, location). A frame
 * without a symbol becomes "[libfoo.so.1]" by its mapping's base name, or "[unknown]" without
 * mapping; anonymous executable memory is "[anon]" unless a perf map names it. The result for
 * (mapping, address) is cached. 0 or -errno.
 */
int symbolize_frame(struct symbolizer *symbolizer, struct profile *profile,
		    const struct space *space, const struct frame *frame, uint32_t *ret_location);

/* Adds a mapping of @space to @profile as symbolize_frame() does. 0 or -errno. */
int symbolize_mapping(struct symbolizer *symbolizer, struct profile *profile,
		      const struct space *space, uint32_t mapping);

/* A location that is only a name, such as "[truncated]" or an allocator function's. */
int symbolize_label(struct profile *profile, const char *name, uint32_t *ret_location);

struct symbolizer_stats {
	uint32_t objects; /* opened */
	uint32_t without_symbols;
	uint32_t with_lines;
	uint32_t frames, unnamed; /* calls of symbolize_frame(); those shown as "[...]" */
};
void symbolizer_stats(const struct symbolizer *symbolizer, struct symbolizer_stats *ret);

#endif
