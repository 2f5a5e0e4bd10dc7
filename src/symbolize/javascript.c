// SPDX-License-Identifier: Apache-2.0
/* From places in scripts to functions of a profile. */
#include "symbolize/javascript.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/url.h"

#define ANONYMOUS "(anonymous)"

static int add_line(struct profile *profile, const struct v8_line *line, struct profile_line *ret)
{
	const char *name = *line->function ? line->function : ANONYMOUS;
	char *path = url_file_path(line->script);
	const struct profile_function function = {
		.name = name,
		.system_name = name,
		.file = path ? path : line->script,
		.start_line = line->start_line,
	};
	int err = profile_add_function(profile, &function, &ret->function);

	ret->line = line->line;
	free(path);
	return err;
}

int symbolize_javascript(struct profile *profile, const struct v8_place *place,
			 uint32_t *ret_location)
{
	const struct profile_mapping mapping = {.file = PROFILE_JAVASCRIPT, .build_id = ""};
	const struct v8_line unnamed = {.function = PROFILE_JAVASCRIPT, .script = ""};
	const struct v8_line *lines = place ? place->lines : &unnamed;
	struct profile_location location = {.nr_lines = place ? place->nr_lines : 1};
	int err = profile_add_mapping(profile, &mapping, &location.mapping);

	if (err)
		return err;
	location.lines = calloc(location.nr_lines, sizeof(*location.lines));
	if (!location.lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < location.nr_lines && !err; i++)
		err = add_line(profile, &lines[i], &location.lines[i]);
	err = err ?: profile_add_location(profile, &location, ret_location);
	free(location.lines);
	return err;
}
