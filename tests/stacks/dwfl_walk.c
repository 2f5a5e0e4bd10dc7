// SPDX-License-Identifier: Apache-2.0
/*
 * libdwfl with the modules where they were mapped and a thread whose registers and memory are those
 * of a sample. It knows a thread's first pc as that of an instruction, ours is a return address: it
 * is given the byte before.
 */
#include "dwfl_walk.h"

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DWARF_RBX = 3, DWARF_RBP = 6, DWARF_RSP = 7, DWARF_RIP = 16 };

struct judge {
	Dwfl *dwfl;
	const struct sample *sample;
	struct judged *judged;
};

static int no_debuginfo(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **ret)
{
	(void)module, (void)user, (void)name, (void)base, (void)file, (void)link, (void)crc;
	*ret = NULL;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = no_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static pid_t next_thread(Dwfl *dwfl, void *arg, void **ret)
{
	(void)dwfl;
	if (*ret)
		return 0;
	*ret = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **ret)
{
	(void)dwfl, (void)tid;
	*ret = arg;
	return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *arg)
{
	struct judge *judge = arg;
	const struct sample *sample = judge->sample;
	uint64_t offset = address - (sample->head.sp - HT_RED_ZONE);

	(void)dwfl;
	if (sample->head.stack_size < sizeof(*ret) ||
	    offset > sample->head.stack_size - sizeof(*ret)) {
		judge->judged->ran_out = true;
		return false;
	}
	memcpy(ret, sample->stack + offset, sizeof(*ret));
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct dump_sample *head = &((struct judge *)arg)->sample->head;
	const struct {
		int number;
		Dwarf_Word value;
	} registers[] = {
		{DWARF_RBX, head->rbx},
		{DWARF_RBP, head->fp},
		{DWARF_RSP, head->sp},
		{DWARF_RIP, head->pc - 1},
	};

	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (!dwfl_thread_state_registers(thread, registers[i].number, 1,
						 &registers[i].value))
			return false;
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

/* V8 maps a part of its file again, at another place and without what would unwind it: the module
 * is where most of it is. */
static bool is_larger(const struct place *a, const struct place *b)
{
	return a->end - a->start > b->end - b->start;
}

/* A file once, though it may be mapped in parts. */
static void report_place(Dwfl *dwfl, const struct dump_file *file, size_t index)
{
	const struct place *place = &file->places[index];
	int fd;

	for (size_t i = 0; i < file->nr_places; i++) {
		const struct place *other = &file->places[i];

		if (i == index || other->fd < 0 || strcmp(other->path, place->path))
			continue;
		if (other->bias == place->bias ? i < index : is_larger(other, place))
			return;
	}
	fd = dup(place->fd); /* becomes libdwfl's */
	if (dwfl_report_elf(dwfl, place->path, place->path, fd, place->bias, true))
		return;
	fprintf(stderr, "oracle: %s: %s\n", place->path, dwfl_errmsg(-1));
	close(fd);
}

struct judge *judge_new(const struct dump_file *file)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return NULL;
	judge->dwfl = dwfl_begin(&callbacks);
	dwfl_report_begin(judge->dwfl);
	for (size_t i = 0; i < file->nr_places; i++)
		if (file->places[i].fd >= 0)
			report_place(judge->dwfl, file, i);
	dwfl_report_end(judge->dwfl, NULL, NULL);
	if (dwfl_attach_state(judge->dwfl, NULL, 1, &thread_callbacks, judge))
		return judge;
	fprintf(stderr, "oracle: libdwfl: %s\n", dwfl_errmsg(-1));
	judge_free(judge);
	return NULL;
}

void judge_free(struct judge *judge)
{
	dwfl_end(judge->dwfl);
	free(judge);
}

static int take_frame(Dwfl_Frame *frame, void *arg)
{
	struct judged *judged = arg;
	Dwarf_Addr pc;

	if (!dwfl_frame_pc(frame, &pc, NULL))
		return DWARF_CB_ABORT;
	judged->pcs[judged->nr_pcs] = judged->nr_pcs ? pc : pc + 1;
	judged->nr_pcs++;
	return judged->nr_pcs > HT_MAX_FRAMES ? DWARF_CB_ABORT : DWARF_CB_OK;
}

void judge_walk(struct judge *judge, const struct sample *sample, struct judged *ret)
{
	int err;

	*ret = (struct judged){0};
	judge->sample = sample;
	judge->judged = ret;
	err = dwfl_getthread_frames(judge->dwfl, 1, take_frame, ret);
	ret->ended = !err && !ret->ran_out;
	if (err)
		snprintf(ret->why, sizeof(ret->why), "%s", dwfl_errmsg(-1));
}
