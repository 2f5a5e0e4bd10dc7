// SPDX-License-Identifier: Apache-2.0
/*
 * Entries of the kernel's table are taken and given back here; their order means nothing.
 */
#include "collect/javascript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/processes.h"
#include "collect/task_info.h"
#include "elf/image.h"

_Static_assert(sizeof(((struct javascript *)0)->note) == sizeof(((struct v8_layout *)0)->note),
	       "a note is copied whole");

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* An address of the file's code, by which its place in a process is found: the builtins, or where
 * they have no symbols the program's first instruction. */
static int find_anchor(const struct elf_image *image, struct v8_file *file)
{
	file->anchor = file->layout.blob_vaddr ? file->layout.blob_vaddr : elf_image_entry(image);
	return elf_image_vaddr_to_offset(image, file->anchor, &file->anchor_offset);
}

/* Everything of @ret but the object. */
static int read_file(const struct object *object, struct v8_file *ret)
{
	struct elf_image *image;
	int err = elf_image_open(object->fd, &image);

	if (err)
		return -ENOENT;
	err = v8_layout_read(image, &ret->layout);
	if (!err && find_anchor(image, ret)) {
		snprintf(ret->layout.note, sizeof(ret->layout.note),
			 "%s: its V8 has no symbols for its code", basename_of(object->path));
		err = -ENOTSUP;
	}
	if (!err)
		ret->has_spaces = !v8_spaces_layout_read(image, &ret->layout, &ret->spaces);
	if (!err)
		moves_hook_find(image, &ret->moves);
	elf_image_free(image);
	return err;
}

static void set_file(struct javascript *javascript, const struct v8_file *file,
		     struct object *object)
{
	object_put(javascript->file.object);
	javascript->file = *file;
	javascript->file.object = object_get(object);
}

void javascript_share(struct javascript *javascript, const struct javascript *like)
{
	if (!like->file.object)
		return;
	set_file(javascript, &like->file, like->file.object);
	memcpy(javascript->note, like->note, sizeof(javascript->note));
}

static int examine(struct javascript *javascript, struct object *object)
{
	struct v8_file file = {0};
	int err;

	if (object->lacks & OBJECT_LACKS_V8 || object == javascript->file.object)
		return 0;
	err = object->fd < 0 ? -ENOENT : read_file(object, &file);
	if (err == -ENOENT)
		object->lacks |= OBJECT_LACKS_V8;
	if (err == -ENOENT || err == -ENOMEM)
		return err == -ENOMEM ? err : 0;
	memcpy(javascript->note, file.layout.note, sizeof(javascript->note));
	if (!err && !file.layout.blob_vaddr)
		snprintf(javascript->note, sizeof(javascript->note),
			 "%s is stripped: functions that V8 interprets have no name, only those it "
			 "has compiled",
			 basename_of(object->path));
	javascript->unreadable = err;
	if (!err)
		set_file(javascript, &file, object);
	return 0;
}

int javascript_examine(struct javascript *javascript, const struct space *space)
{
	int err = 0;

	for (; javascript->nr_examined < space->nr_mappings && !err; javascript->nr_examined++) {
		struct object *object = space->mappings[javascript->nr_examined].object;

		if (object)
			err = examine(javascript, object);
	}
	return err;
}

/* Where the process has the file's anchor first; 0 when it does not map it (any more). */
static uint64_t find_anchored(const struct v8_file *file, const struct space *space)
{
	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		const struct mapping *mapping = &space->mappings[i];
		uint64_t at = file->anchor_offset - mapping->offset;

		if (mapping->live && mapping->object == file->object &&
		    file->anchor_offset >= mapping->offset && at < mapping->end - mapping->start)
			return mapping->start + at;
	}
	return 0;
}

/* An entry nobody uses, as index + 1; 0 when all are taken. */
static uint32_t entry_take(const struct ht_v8 *entries)
{
	for (uint32_t i = 0; i < HT_MAX_V8; i++)
		if (!entries[i].blob_size)
			return i + 1;
	return 0;
}

/* Collections are counted from now on, if that can be; else nothing is remembered. */
static void count_moves(struct javascript *javascript, const struct kernel *kernel,
			const struct caps *caps, struct ht_v8 *entry, uint32_t tgid)
{
	if (!javascript->moves.nr &&
	    moves_hook_open(kernel, caps, javascript->file.object, &javascript->file.moves, tgid,
			    &javascript->moves) == 1)
		__atomic_store_n(&entry->moves, 1, __ATOMIC_RELEASE);
}

/* What the walker is told. Without an unwind table of the file no stack gets to its frames. */
static int make_entry(const struct v8_file *file, const struct tables *tables, struct ht_v8 *ret)
{
	uint64_t base;
	int err;

	*ret = file->layout.walker;
	err = tables_place(tables, file->object, &ret->pages, &base);
	if (err)
		return err;
	ret->blob = file->layout.blob_vaddr - base;
	return 0;
}

int javascript_publish(struct javascript *javascript, struct kernel *kernel,
		       const struct caps *caps, const struct tables *tables,
		       const struct space *space, uint32_t tgid)
{
	struct ht_v8 *entries = kernel_v8s(kernel), *entry, v8;
	const struct v8_file *file = &javascript->file;
	uint64_t anchor = file->object ? find_anchored(file, space) : 0;

	if (!anchor || javascript->resolver || make_entry(file, tables, &v8))
		return 0;
	javascript->bias = anchor - file->anchor;
	javascript->resolver = v8_resolver_new(tgid, &file->layout);
	if (!javascript->resolver)
		return -ENOMEM;
	javascript->entry = entry_take(entries);
	if (!javascript->entry)
		return -ENOSPC;
	entry = &entries[javascript->entry - 1];
	*entry = v8;
	count_moves(javascript, kernel, caps, entry, tgid);
	javascript_measure(javascript, kernel, tgid);
	javascript->spaces_start = javascript->spaces;
	return processes_set_v8(kernel_processes(kernel), tgid, javascript->entry);
}

void javascript_measure(struct javascript *javascript, const struct kernel *kernel, pid_t pid)
{
	struct v8_memory memory = v8_memory_of_process(pid);
	struct v8_spaces spaces;
	struct ht_task *tasks;
	uint64_t *pointers;
	size_t nr;

	if (!javascript->file.has_spaces || !javascript->resolver ||
	    task_info_read_by(kernel_task_info_fd(kernel), pid, &tasks, &nr))
		return;
	pointers = calloc(nr ?: 1, sizeof(*pointers));
	for (size_t i = 0; i < nr && pointers; i++)
		pointers[i] = tasks[i].fsbase;
	if (pointers &&
	    !v8_spaces_read(&memory, &javascript->file.spaces, javascript->bias, pointers, nr,
			    &spaces) &&
	    spaces.nr_isolates)
		javascript->spaces = spaces;
	free(pointers);
	free(tasks);
}

int javascript_take(struct javascript *javascript, const struct ht_js_event *event,
		    struct stacks *stacks)
{
	struct js_place places[HT_MAX_JS_FRAMES];
	uint32_t nr = event->head.nr_frames;
	int err = 0;

	if (!javascript->resolver)
		return 0;
	for (uint32_t i = 0; i < nr && !err; i++) {
		const struct ht_js_frame *frame = &event->frames[i];

		places[i].frame = frame->frame;
		err = v8_resolver_find(javascript->resolver, frame, &places[i].place);
	}
	return err ?: stacks_add_places(stacks, event->head.site, javascript->resolver, places, nr);
}

static void add_stats(const struct v8_resolver *resolver, struct v8_resolver_stats *sum)
{
	struct v8_resolver_stats stats;

	v8_resolver_stats(resolver, &stats);
	sum->frames += stats.frames;
	sum->unnamed += stats.unnamed;
	sum->unplaced += stats.unplaced;
	sum->cut_sources += stats.cut_sources;
	sum->reads += stats.reads;
}

void javascript_stats(const struct javascript *javascript, struct v8_resolver_stats *sum)
{
	for (unsigned int i = 0; i < javascript->nr_past; i++)
		add_stats(javascript->past[i], sum);
	if (javascript->resolver)
		add_stats(javascript->resolver, sum);
}

void javascript_detach(struct javascript *javascript)
{
	link_set_leave(&javascript->moves);
}

void javascript_end(struct javascript *javascript, struct kernel *kernel)
{
	if (javascript->entry)
		memset(&kernel_v8s(kernel)[javascript->entry - 1], 0, sizeof(struct ht_v8));
	javascript->entry = 0;
	javascript_detach(javascript);
}

int javascript_exec(struct javascript *javascript, struct kernel *kernel)
{
	struct v8_resolver **past;

	javascript_end(javascript, kernel);
	javascript->unreadable = false;
	if (!javascript->resolver)
		return 0;
	past = reallocarray(javascript->past, javascript->nr_past + 1, sizeof(*past));
	if (!past)
		return -ENOMEM;
	past[javascript->nr_past++] = javascript->resolver;
	javascript->past = past;
	javascript->resolver = NULL;
	return 0;
}

void javascript_done(struct javascript *javascript)
{
	for (unsigned int i = 0; i < javascript->nr_past; i++)
		v8_resolver_free(javascript->past[i]);
	free(javascript->past);
	v8_resolver_free(javascript->resolver);
	object_put(javascript->file.object);
	javascript_detach(javascript);
	memset(javascript, 0, sizeof(*javascript));
}
