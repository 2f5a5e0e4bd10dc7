// SPDX-License-Identifier: Apache-2.0
/* A frame is looked up once for each line of a location, not once for each stack it is in. */
#include "export/paths.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/site.h"
#include "util/utf8.h"

/* Interned strings: pointers tell them apart. */
struct function_key {
	const char *name, *file;
	int64_t line; /* of JavaScript; else 0 */
};
_Static_assert(sizeof(struct function_key) == 24, "no padding: compared as bytes");
_Static_assert(sizeof(struct path_place) == 16, "no padding: compared as bytes");

/* Room for one more of @nr. NULL when out of memory, and the array is as it was. */
static void *grown(void *array, size_t nr, size_t *max, size_t size)
{
	size_t more = *max ? 2 * *max : 1024;

	if (nr < *max)
		return array;
	array = reallocarray(array, more, size);
	if (array)
		*max = more;
	return array;
}

/* Legacy mangling of Rust ends in "17h", 16 hexadecimal digits, "E". */
static bool is_rust(const char *symbol)
{
	size_t length = strlen(symbol);
	const char *hash = symbol + length - 20;

	if (!strncmp(symbol, "_R", 2))
		return true;
	if (length < 20 || strncmp(symbol, "_ZN", 3) != 0 || strncmp(hash, "17h", 3) != 0)
		return false;
	for (int i = 3; i < 19; i++)
		if (!isxdigit((unsigned char)hash[i]))
			return false;
	return hash[19] == 'E';
}

static enum path_kind kind_of(const struct profile *profile, const struct stack_frame *frame)
{
	const struct profile_location *location = &profile->locations[frame->location];
	const char *module = location->mapping < profile->nr_mappings
				     ? profile->mappings[location->mapping].file
				     : "";
	const char *symbol = "";

	if (location->nr_lines)
		symbol = profile->functions[location->lines[frame->inline_line].function]
				 .system_name;
	if (!strcmp(module, PROFILE_JAVASCRIPT))
		return PATH_JAVASCRIPT;
	if (!strncmp(module, "[kernel", 7))
		return PATH_KERNEL;
	if (site_is_wrapper(frame->name))
		return PATH_ALLOCATOR;
	if (*frame->name == '[')
		return PATH_UNKNOWN;
	if (is_rust(symbol))
		return PATH_RUST;
	if (!strncmp(symbol, "_Z", 2) || !strncmp(symbol, "Builtins_", 9) || /* V8's */
	    strstr(frame->name, "::") || strchr(frame->name, '('))
		return PATH_CXX;
	return PATH_NATIVE;
}

static int add_function(struct paths *paths, const struct path_function *function)
{
	size_t max = paths->max_functions;
	void *functions = grown(paths->functions, paths->nr_functions, &max, sizeof(*function));

	if (!functions)
		return -ENOMEM;
	paths->functions = functions;
	paths->max_functions = max;
	paths->functions[paths->nr_functions++] = *function;
	return 0;
}

static int function_number(struct paths *paths, const struct stack *stack,
			   const struct stack_frame *frame, uint32_t *ret)
{
	const struct profile *profile = stack->profile;
	const bool line = stack->lines && *frame->file && frame->line > 0;
	const struct profile_location *location = &profile->locations[frame->location];
	struct path_function function = {.name = frame->name,
					 .file = frame->file,
					 .module = "",
					 .placed = frame->javascript || line};
	struct function_key key = {.name = frame->name, .file = frame->file};

	if (location->nr_lines)
		function.start_line =
			profile->functions[location->lines[frame->inline_line].function].start_line;
	if (line || (frame->javascript && function.start_line <= 0))
		function.start_line = frame->line;
	if (function.placed)
		key.line = function.start_line;
	if (location->mapping < profile->nr_mappings)
		function.module = profile->mappings[location->mapping].file;
	if (!table_enter(&paths->function_keys, &key, sizeof(key), paths->nr_functions, ret))
		return -ENOMEM;
	if (*ret < paths->nr_functions)
		return 0;
	function.kind = kind_of(profile, frame);
	return add_function(paths, &function);
}

static int place_number(struct paths *paths, const struct path_place *place, uint32_t *ret)
{
	size_t max = paths->max_places;
	void *places;

	if (!table_enter(&paths->place_keys, place, sizeof(*place), paths->nr_places, ret))
		return -ENOMEM;
	if (*ret < paths->nr_places)
		return 0;
	places = grown(paths->places, paths->nr_places, &max, sizeof(*place));
	if (!places)
		return -ENOMEM;
	paths->places = places;
	paths->max_places = max;
	paths->places[paths->nr_places++] = *place;
	return 0;
}

static int push(struct paths *paths, uint32_t place)
{
	uint32_t *steps =
		grown(paths->steps, paths->nr_steps, &paths->max_steps, sizeof(*paths->steps));

	if (!steps)
		return -ENOMEM;
	paths->steps = steps;
	steps[paths->nr_steps++] = place;
	return 0;
}

static int push_frame(struct paths *paths, const struct stack *stack,
		      const struct stack_frame *frame)
{
	uint32_t *number =
		&paths->numbers[paths->first_lines[frame->location] + frame->inline_line];
	struct path_place place = {.line = frame->line > 0 ? frame->line : 0,
				   .inlined = frame->inlined};
	int err = 0;

	if (*number == PROFILE_NONE) {
		err = function_number(paths, stack, frame, &place.function);
		if (!err)
			err = place_number(paths, &place, number);
	}
	return err ?: push(paths, *number);
}

/* The name is that of no function, so it has a table of its own, which keeps it. */
static int push_root(struct paths *paths, const char *name)
{
	struct path_function function = {.file = "", .module = "", .kind = PATH_GROUP};
	struct path_place place = {0};
	uint32_t number;
	int err = 0;

	function.name = table_enter(&paths->roots, name, strlen(name) + 1, paths->nr_functions,
				    &place.function);
	if (!function.name)
		return -ENOMEM;
	if (place.function == paths->nr_functions)
		err = add_function(paths, &function);
	if (!err)
		err = place_number(paths, &place, &number);
	return err ?: push(paths, number);
}

static int add_path(struct paths *paths, struct stack *stack, const struct profile_sample *sample,
		    enum group_by by)
{
	struct path *path = &paths->paths[paths->nr_paths];
	char root[600];
	int err = stack_load(stack, sample);

	*path = (struct path){.first = paths->nr_steps};
	group_root(stack->profile, sample, by == BY_NOTHING ? BY_COMM : by, root, sizeof(root));
	utf8_repair(root); /* it may have been cut */
	if (!err)
		err = push_root(paths, root);
	for (uint32_t i = stack->nr_frames; i-- > 0 && !err;)
		err = push_frame(paths, stack, &stack->frames[i]);
	path->nr = paths->nr_steps - path->first;
	paths->nr_paths++;
	return err;
}

static int paths_init(struct paths *paths, const struct profile *profile, uint32_t max_paths)
{
	size_t nr_lines = 0;

	*paths = (struct paths){0};
	paths->paths = calloc((size_t)max_paths + 1, sizeof(*paths->paths));
	paths->first_lines = calloc((size_t)profile->nr_locations + 1, sizeof(*paths->first_lines));
	if (!paths->paths || !paths->first_lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->nr_locations; i++) {
		paths->first_lines[i] = nr_lines;
		nr_lines += profile->locations[i].nr_lines ?: 1;
	}
	paths->numbers = malloc((nr_lines + 1) * sizeof(*paths->numbers));
	if (!paths->numbers)
		return -ENOMEM;
	memset(paths->numbers, 0xff, (nr_lines + 1) * sizeof(*paths->numbers));
	return 0;
}

int paths_build(struct paths *ret, struct stack *stack, const struct table_rows *rows,
		enum group_by by)
{
	const struct profile *profile = stack->profile;
	int err = paths_init(ret, profile, rows->nr_rows);

	for (uint32_t i = 0; i < rows->nr_rows && !err; i++)
		err = add_path(ret, stack, &profile->samples[rows->rows[i].sample], by);
	return err;
}

void paths_done(struct paths *paths)
{
	table_done(&paths->function_keys);
	table_done(&paths->place_keys);
	table_done(&paths->roots);
	free(paths->first_lines);
	free(paths->numbers);
	free(paths->functions);
	free(paths->places);
	free(paths->steps);
	free(paths->paths);
	*paths = (struct paths){0};
}
