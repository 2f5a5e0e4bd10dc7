// SPDX-License-Identifier: Apache-2.0
/*
 * The heap profile that Chrome DevTools (Memory, Load) and speedscope read: V8's sampling profile,
 * a tree of functions with one value. Lines are those of functions, counted from 0, as V8 has them.
 *
 * The stacks are sorted, so that the tree is written as it is walked and never held: a stack shares
 * its beginning with the one before, and a stack comes before those that go on from it.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "export/table_rows.h"
#include "export/writers.h"
#include "profile/label.h"
#include "profile/table.h"

/* What is one function to the readers. Strings are interned, so pointers tell them apart. */
struct frame_key {
	const char *name, *file;
	int64_t line; /* from 1; 0 unknown */
};
_Static_assert(sizeof(struct frame_key) == 24, "no padding: compared as bytes");

struct path {
	size_t first; /* in writer.frames, root first */
	uint32_t nr, id;
	int64_t value;
};

struct writer {
	const struct profile *profile;
	struct stack stack;
	struct table keys, scripts;
	uint32_t *first_lines, *numbers; /* by location; by its lines: their frames, when known */
	uint32_t nr_texts, nr_scripts, max_texts;
	char **texts; /* by frame: {"callFrame":{...} as it is written for each of its nodes */
	uint32_t *frames;
	size_t nr_frames, max_frames;
	struct path *paths;
	uint32_t nr_paths;
};

/* "1", "2", ...: DevTools takes "0" for no script and then shows no file. */
static int script_id(struct writer *writer, const char *file, char id[16])
{
	uint32_t number = 0;

	if (*file &&
	    !table_enter(&writer->scripts, &file, sizeof(file), writer->nr_scripts + 1, &number))
		return -ENOMEM;
	if (number > writer->nr_scripts)
		writer->nr_scripts = number;
	snprintf(id, 16, "%" PRIu32, number);
	return 0;
}

static int add_text(struct writer *writer, const struct frame_key *key)
{
	json_t *object;
	char id[16], *text;

	if (writer->nr_texts == writer->max_texts) {
		uint32_t max = writer->max_texts ? 2 * writer->max_texts : 256;
		char **texts = reallocarray(writer->texts, max, sizeof(*texts));

		if (!texts)
			return -ENOMEM;
		writer->texts = texts;
		writer->max_texts = max;
	}
	if (script_id(writer, key->file, id))
		return -ENOMEM;
	object = json_pack("{s:s, s:s, s:s, s:I, s:i}", "functionName", key->name, "scriptId", id,
			   "url", key->file, "lineNumber", (json_int_t)key->line - 1,
			   "columnNumber", key->line ? 0 : -1);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!text)
		return -ENOMEM;
	writer->texts[writer->nr_texts++] = text;
	return 0;
}

static int number_of(struct writer *writer, const struct frame_key *key, uint32_t *ret)
{
	if (!table_enter(&writer->keys, key, sizeof(*key), writer->nr_texts, ret))
		return -ENOMEM;
	return *ret == writer->nr_texts ? add_text(writer, key) : 0;
}

static int push(struct writer *writer, uint32_t number)
{
	if (writer->nr_frames == writer->max_frames) {
		size_t max = writer->max_frames ? 2 * writer->max_frames : 4096;
		uint32_t *frames = reallocarray(writer->frames, max, sizeof(*frames));

		if (!frames)
			return -ENOMEM;
		writer->frames = frames;
		writer->max_frames = max;
	}
	writer->frames[writer->nr_frames++] = number;
	return 0;
}

/* A frame without a source file is shown by its module. */
static struct frame_key key_of(const struct profile *profile, const struct stack_frame *frame)
{
	const struct profile_location *location = &profile->locations[frame->location];
	struct frame_key key = {.name = frame->name, .file = frame->file, .line = frame->line};
	int64_t start = 0;

	if (location->nr_lines)
		start = profile->functions[location->lines[frame->inline_line].function].start_line;
	if (start > 0)
		key.line = start;
	if (key.line < 0)
		key.line = 0;
	if (!*key.file && location->mapping != PROFILE_NONE)
		key.file = profile->mappings[location->mapping].file;
	if (*key.file == '[') /* "[js]", "[vdso]" */
		key.file = "";
	if (!*key.file)
		key.line = 0;
	return key;
}

static int push_frame(struct writer *writer, const struct stack_frame *frame)
{
	uint32_t *number =
		&writer->numbers[writer->first_lines[frame->location] + frame->inline_line];
	int err = 0;

	if (*number == PROFILE_NONE) {
		struct frame_key key = key_of(writer->profile, frame);

		err = number_of(writer, &key, number);
	}
	return err ?: push(writer, *number);
}

static int push_comm(struct writer *writer, const char *comm)
{
	const struct frame_key key = {.name = comm, .file = ""};
	uint32_t number;
	int err = number_of(writer, &key, &number);

	return err ?: push(writer, number);
}

/* Where several processes are in one profile they are told apart by their names. */
static int add_path(struct writer *writer, const struct profile_sample *sample, int64_t value)
{
	struct path *path = &writer->paths[writer->nr_paths];
	const char *comm = label_string(sample, "comm");
	int err = stack_load(&writer->stack, sample);

	*path = (struct path){.first = writer->nr_frames, .value = value};
	if (!err && comm)
		err = push_comm(writer, comm);
	for (uint32_t i = writer->stack.nr_frames; i-- > 0 && !err;)
		err = push_frame(writer, &writer->stack.frames[i]);
	path->nr = writer->nr_frames - path->first;
	writer->nr_paths += !err;
	return err;
}

static uint32_t common(const uint32_t *frames, const struct path *a, const struct path *b)
{
	uint32_t n = 0;

	while (n < a->nr && n < b->nr && frames[a->first + n] == frames[b->first + n])
		n++;
	return n;
}

static int compare(const void *left, const void *right, void *frames)
{
	const struct path *a = left, *b = right;
	uint32_t n = common(frames, a, b);

	if (n == a->nr || n == b->nr)
		return a->nr < b->nr ? -1 : a->nr > b->nr;
	return ((uint32_t *)frames)[a->first + n] < ((uint32_t *)frames)[b->first + n] ? -1 : 1;
}

/* Sorted, with equal ones added up. */
static void merge_paths(struct writer *writer)
{
	struct path *paths = writer->paths;
	uint32_t nr = 0;

	if (!writer->nr_paths)
		return;
	qsort_r(paths, writer->nr_paths, sizeof(*paths), compare, writer->frames);
	for (uint32_t i = 1; i < writer->nr_paths; i++) {
		if (compare(&paths[nr], &paths[i], writer->frames))
			paths[++nr] = paths[i];
		else if (__builtin_add_overflow(paths[nr].value, paths[i].value, &paths[nr].value))
			paths[nr].value = INT64_MAX;
	}
	writer->nr_paths = nr + 1;
}

static void write_tree(struct writer *writer, FILE *out)
{
	static const char root[] = "{\"functionName\":\"(root)\",\"scriptId\":\"0\",\"url\":\"\","
				   "\"lineNumber\":-1,\"columnNumber\":-1}";
	struct path *path = writer->paths, *last = &(struct path){0};
	uint32_t id = 1, begin = writer->nr_paths && !path->nr; /* a stack without frames */
	bool has_sibling = false;

	fprintf(out, "{\"head\":{\"callFrame\":%s,\"selfSize\":%" PRId64 ",\"id\":1,\"children\":[",
		root, begin ? path->value : 0);
	if (begin)
		path->id = id;
	for (uint32_t i = begin; i < writer->nr_paths; last = &writer->paths[i++]) {
		uint32_t depth = common(writer->frames, last, &writer->paths[i]);

		path = &writer->paths[i];
		for (uint32_t k = last->nr; k > depth; k--) {
			fputs("]}", out);
			has_sibling = true;
		}
		for (uint32_t k = depth; k < path->nr; k++) {
			fprintf(out,
				"%s{\"callFrame\":%s,\"selfSize\":%" PRId64 ",\"id\":%" PRIu32
				",\"children\":[",
				has_sibling ? "," : "",
				writer->texts[writer->frames[path->first + k]],
				k + 1 == path->nr ? path->value : 0, ++id);
			has_sibling = false;
		}
		path->id = id;
	}
	for (uint32_t k = last->nr; k > 0; k--)
		fputs("]}", out);
	fputs("]},\"samples\":[", out);
	for (uint32_t i = 0; i < writer->nr_paths; i++)
		fprintf(out,
			"%s{\"size\":%" PRId64 ",\"nodeId\":%" PRIu32 ",\"ordinal\":%" PRIu32 "}",
			i ? "," : "", writer->paths[i].value, writer->paths[i].id, i + 1);
	fputs("]}\n", out);
}

static int writer_init(struct writer *writer, const struct profile *profile)
{
	uint32_t nr_lines = 0;
	int err;

	*writer = (struct writer){.profile = profile};
	err = stack_init(&writer->stack, profile);
	writer->paths = calloc(profile->nr_samples + 1, sizeof(*writer->paths));
	writer->first_lines = calloc(profile->nr_locations + 1, sizeof(*writer->first_lines));
	if (err || !writer->paths || !writer->first_lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < profile->nr_locations; i++) {
		writer->first_lines[i] = nr_lines;
		nr_lines += profile->locations[i].nr_lines ?: 1;
	}
	writer->numbers = malloc((nr_lines + 1) * sizeof(*writer->numbers));
	if (!writer->numbers)
		return -ENOMEM;
	memset(writer->numbers, 0xFF, (nr_lines + 1) * sizeof(*writer->numbers));
	return 0;
}

static void writer_done(struct writer *writer)
{
	for (uint32_t i = 0; i < writer->nr_texts; i++)
		free(writer->texts[i]);
	free(writer->texts);
	free(writer->frames);
	free(writer->paths);
	free(writer->first_lines);
	free(writer->numbers);
	table_done(&writer->keys);
	table_done(&writer->scripts);
	stack_done(&writer->stack);
}

int heapprofile_write(const struct profile *profile, const struct export_options *options,
		      FILE *out)
{
	struct writer writer;
	int err = writer_init(&writer, profile);

	for (uint32_t i = 0; i < profile->nr_samples && !err; i++) {
		int64_t value = profile->samples[i].values[options->metric];

		if (value > 0)
			err = add_path(&writer, &profile->samples[i], value);
	}
	if (!err) {
		merge_paths(&writer);
		write_tree(&writer, out);
	}
	writer_done(&writer);
	return err;
}
