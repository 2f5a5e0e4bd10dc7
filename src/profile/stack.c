// SPDX-License-Identifier: Apache-2.0
/*
 * Flattens a sample into frames. The module names are made once for a profile, so that loading a
 * stack allocates nothing but, now and then, a longer buffer.
 */
#include "profile/stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *stack_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *stack_frame_file(const struct stack_frame *frame)
{
	return strncmp(frame->file, "node:", 5) ? stack_basename(frame->file) : frame->file;
}

/* "[vdso]" already has its brackets. */
static const char *module_name(struct stack *stack, const char *file)
{
	const char *base = stack_basename(file), *kept;
	char *name = NULL;

	if (!*base)
		base = "[unknown]";
	if (asprintf(&name, *base == '[' ? "%s" : "[%s]", base) < 0)
		return NULL;
	kept = table_enter(&stack->names, name, strlen(name) + 1, 0, NULL);
	free(name);
	return kept;
}

int stack_init(struct stack *stack, const struct profile *profile)
{
	*stack = (struct stack){.profile = profile};
	if (!profile->nr_mappings)
		return 0;
	stack->module_names = calloc(profile->nr_mappings, sizeof(*stack->module_names));
	if (!stack->module_names)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->nr_mappings; i++) {
		stack->module_names[i] = module_name(stack, profile->mappings[i].file);
		if (!stack->module_names[i])
			return -ENOMEM;
		stack->nr_modules++;
	}
	return 0;
}

void stack_done(struct stack *stack)
{
	table_done(&stack->names);
	free(stack->module_names);
	free(stack->frames);
	*stack = (struct stack){0};
}

static int reserve(struct stack *stack, uint32_t nr)
{
	uint32_t max = stack->max_frames ? stack->max_frames : 256;
	struct stack_frame *frames;

	if (nr <= stack->max_frames)
		return 0;
	while (max < nr)
		max *= 2;
	frames = reallocarray(stack->frames, max, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	stack->frames = frames;
	stack->max_frames = max;
	return 0;
}

static const char *fallback_name(const struct stack *stack, const struct profile_location *location)
{
	return location->mapping < stack->nr_modules ? stack->module_names[location->mapping]
						     : "[unknown]";
}

static bool is_javascript(const struct stack *stack, const struct profile_location *location)
{
	const struct profile *profile = stack->profile;

	return location->mapping < profile->nr_mappings &&
	       !strcmp(profile->mappings[location->mapping].file, PROFILE_JAVASCRIPT);
}

static void push(struct stack *stack, uint32_t index, uint32_t line_index)
{
	const struct profile_location *location = &stack->profile->locations[index];
	struct stack_frame *frame = &stack->frames[stack->nr_frames++];
	const struct profile_function *function;

	*frame = (struct stack_frame){.file = "",
				      .location = index,
				      .inline_line = line_index,
				      .inlined = line_index + 1 < location->nr_lines};
	if (location->nr_lines) {
		function = &stack->profile->functions[location->lines[line_index].function];
		frame->name = function->name;
		frame->file = function->file;
		frame->line = location->lines[line_index].line;
		frame->javascript = (*frame->file || frame->line) && is_javascript(stack, location);
	}
	if (!frame->name || !*frame->name)
		frame->name = fallback_name(stack, location);
}

int64_t stack_start_line(const struct stack *stack, const struct stack_frame *frame)
{
	const struct profile *profile = stack->profile;
	const struct profile_location *location = &profile->locations[frame->location];
	int64_t line = 0;

	if (location->nr_lines)
		line = profile->functions[location->lines[frame->inline_line].function].start_line;
	return line > 0 ? line : frame->line;
}

static void reverse(struct stack *stack)
{
	for (uint32_t i = 0; i < stack->nr_frames / 2; i++) {
		struct stack_frame *a = &stack->frames[i];
		struct stack_frame *b = &stack->frames[stack->nr_frames - 1 - i], kept = *a;

		*a = *b;
		*b = kept;
	}
}

int stack_load(struct stack *stack, const struct profile_sample *sample)
{
	const struct profile *profile = stack->profile;
	uint32_t nr_lines;
	int err;

	stack->nr_frames = 0;
	for (uint32_t i = 0; i < sample->nr_locations; i++) {
		nr_lines = profile->locations[sample->locations[i]].nr_lines;
		if (!nr_lines)
			nr_lines = 1;
		err = reserve(stack, stack->nr_frames + nr_lines);
		if (err)
			return err;
		for (uint32_t line = 0; line < nr_lines; line++)
			push(stack, sample->locations[i], line);
	}
	if (stack->inverted)
		reverse(stack);
	return 0;
}
