// SPDX-License-Identifier: Apache-2.0
/*
 * oracle DUMP: are the kernel's stacks true? Every sample of a dump (record --dump-stacks) is
 * walked again by libdwfl and by our own walk on the host, and compared frame by frame. Prints a
 * table, what differs, and one line of JSON.
 *
 * A sample is identical; equal so far, where the recorded part of the stack or libdwfl's knowledge
 * ended; different; or the kernel said itself that it is incomplete. Exit status 1: a stack called
 * complete differs, or the host's walk does not do what the kernel's did.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump_file.h"
#include "dwfl_walk.h"
#include "unwind/table.h"
#include "unwind/walk.h"

#define SHOWN_MAX 5 /* differences printed in full */

enum verdict { IDENTICAL, EQUAL_SO_FAR, JUDGE_STOPPED, DIFFERENT, NR_VERDICTS };

static const char *const verdict_names[NR_VERDICTS] = {"identical", "equal_so_far", "judge_stopped",
						       "different"};

static const char *const end_names[HT_NR_STACK_ENDS] = {
#define X(name, text) #name,
	HT_STACK_ENDS(X)
#undef X
};

struct score {
	uint64_t verdicts[NR_VERDICTS];	  /* of samples that the kernel calls complete */
	uint64_t partial_different;	  /* incomplete, and not even a part of the true stack */
	uint64_t ends[HT_NR_STACK_ENDS];  /* of the kernel */
	uint64_t host_same, host_ran_out; /* our walk on the host against the kernel's */
	uint64_t host_further, host_different;
	unsigned int nr_shown;
};

/* --- our walk ----------------------------------------------------------------------------------
 */

static void build_tables(struct dump_file *file)
{
	struct diag diag;

	for (size_t i = 0; i < file->nr_places; i++) {
		struct place *place = &file->places[i];
		struct unwind_table *table;

		for (size_t k = 0; k < i && !place->table; k++)
			if (!strcmp(file->places[k].path, place->path))
				place->table = file->places[k].table;
		if (place->fd < 0 || place->table)
			continue;
		if (unwind_table_build(place->fd, &table, &diag))
			fprintf(stderr, "oracle: %s: %s\n", place->path, diag.text);
		else
			place->table = table;
	}
}

static void free_tables(struct dump_file *file)
{
	for (size_t i = 0; i < file->nr_places; i++) {
		const struct unwind_table *table = file->places[i].table;

		for (size_t k = i; k < file->nr_places; k++)
			if (file->places[k].table == table)
				file->places[k].table = NULL;
		unwind_table_free((struct unwind_table *)table);
	}
}

static bool find_table(void *data, uint64_t pc, const struct unwind_table **ret_table,
		       uint64_t *ret_vaddr)
{
	const struct place *place = dump_file_place(data, pc);

	if (!place)
		return false;
	*ret_table = place->table;
	*ret_vaddr = pc - place->bias;
	return true;
}

static uint32_t nr_common(const uint64_t *a, uint32_t nr_a, const uint64_t *b, uint32_t nr_b)
{
	uint32_t n = 0;

	while (n < nr_a && n < nr_b && a[n] == b[n])
		n++;
	return n;
}

/* What the kernel could not know (a table that came later, a mapping that had just changed) the
 * host may know now: then it goes further. */
static bool is_tables_fault(uint32_t end)
{
	return end == HT_STACK_no_table || end == HT_STACK_stale || end == HT_STACK_busy;
}

/* false: different. */
static bool compare_host(struct dump_file *file, const struct sample *sample, struct score *score)
{
	const struct dump_sample *head = &sample->head;
	const struct ht_frame start = {.pc = head->pc, .sp = head->sp, .fp = head->fp};
	const struct unwind_stack stack = {head->sp - HT_RED_ZONE, sample->stack, head->stack_size};
	const struct unwind_finder finder = {find_table, file};
	uint64_t pcs[HT_MAX_FRAMES];
	enum ht_stack_end end;
	uint32_t nr = unwind_walk(&start, &stack, &finder, pcs, &end);
	uint32_t same = nr_common(pcs, nr, sample->pcs, head->nr_pcs);

	if (end == head->end && nr == head->nr_pcs && same == nr)
		score->host_same++;
	else if (end == HT_STACK_unreadable && same == nr)
		score->host_ran_out++;
	else if (is_tables_fault(head->end) && same + 1 >= head->nr_pcs)
		score->host_further++;
	else
		return score->host_different++, false;
	return true;
}

/* --- the verdict -------------------------------------------------------------------------------
 */

static enum verdict judge_sample(const struct sample *sample, const struct judged *judged)
{
	uint32_t nr = sample->head.nr_pcs;
	uint32_t same = nr_common(judged->pcs, judged->nr_pcs, sample->pcs, nr);

	if (same == nr && same == judged->nr_pcs && !judged->ran_out)
		return IDENTICAL;
	if (same < judged->nr_pcs)
		return DIFFERENT;
	if (judged->ran_out)
		return EQUAL_SO_FAR;
	return judged->ended ? DIFFERENT : JUDGE_STOPPED;
}

static void print_pc(const struct dump_file *file, const char *whose, bool there, uint64_t pc)
{
	const struct place *place = there ? dump_file_place(file, pc - 1) : NULL;
	const char *name = place ? strrchr(place->path, '/') : NULL;

	if (!there)
		printf("  %-7s %-38s", whose, "-");
	else
		printf("  %-7s %012" PRIx64 " %-14.14s %-9" PRIx64, whose, pc,
		       place ? (name ? name + 1 : place->path) : "unmapped",
		       place ? pc - place->bias : 0);
}

static void show(const struct dump_file *file, const struct sample *sample,
		 const struct judged *judged, const char *what)
{
	uint32_t nr = sample->head.nr_pcs;

	printf("%s: kernel %s, libdwfl %s %s, sp %" PRIx64 " fp %" PRIx64 "\n", what,
	       end_names[sample->head.end], judged->ended ? "ended" : "stopped", judged->why,
	       (uint64_t)sample->head.sp, (uint64_t)sample->head.fp);
	for (uint32_t i = 0; i < nr || i < judged->nr_pcs; i++) {
		print_pc(file, "kernel", i < nr, i < nr ? sample->pcs[i] : 0);
		print_pc(file, "libdwfl", i < judged->nr_pcs, judged->pcs[i]);
		putchar('\n');
	}
}

static void judge_one(struct dump_file *file, struct judge *judge, const struct sample *sample,
		      struct score *score)
{
	const char *what = NULL;
	struct judged judged;
	enum verdict verdict;

	judge_walk(judge, sample, &judged);
	verdict = judge_sample(sample, &judged);
	score->ends[sample->head.end]++;
	if (sample->head.end == HT_STACK_complete) {
		score->verdicts[verdict]++;
		if (verdict >= JUDGE_STOPPED)
			what = verdict_names[verdict];
	} else if (nr_common(judged.pcs, judged.nr_pcs, sample->pcs, sample->head.nr_pcs) + 1 <
		   (judged.nr_pcs < sample->head.nr_pcs ? judged.nr_pcs : sample->head.nr_pcs)) {
		score->partial_different++;
		what = "incomplete, and different";
	}
	if (!compare_host(file, sample, score))
		what = "the host's walk differs";
	if (what && score->nr_shown++ < SHOWN_MAX)
		show(file, sample, &judged, what);
}

static void print_score(const struct dump_file *file, const struct score *score)
{
	printf("%-24s %8zu   mappings %zu, left out %zu\n", "samples", file->nr_samples,
	       file->nr_places, file->nr_left_out);
	for (int i = 0; i < HT_NR_STACK_ENDS; i++)
		if (score->ends[i])
			printf("kernel: %-16s %8" PRIu64 "\n", end_names[i], score->ends[i]);
	for (int i = 0; i < NR_VERDICTS; i++)
		printf("complete, %-14s %8" PRIu64 "\n", verdict_names[i], score->verdicts[i]);
	printf("incomplete, different    %8" PRIu64 "\n", score->partial_different);
	printf("host: same               %8" PRIu64 ", copy ended %" PRIu64 ", further %" PRIu64
	       ", different %" PRIu64 "\n",
	       score->host_same, score->host_ran_out, score->host_further, score->host_different);
	printf("{\"samples\":%zu,\"left_out\":%zu", file->nr_samples, file->nr_left_out);
	for (int i = 0; i < HT_NR_STACK_ENDS; i++)
		printf(",\"%s\":%" PRIu64, end_names[i], score->ends[i]);
	for (int i = 0; i < NR_VERDICTS; i++)
		printf(",\"%s\":%" PRIu64, verdict_names[i], score->verdicts[i]);
	printf(",\"partial_different\":%" PRIu64 ",\"host_same\":%" PRIu64
	       ",\"host_ran_out\":%" PRIu64 ",\"host_further\":%" PRIu64
	       ",\"host_different\":%" PRIu64 "}\n",
	       score->partial_different, score->host_same, score->host_ran_out, score->host_further,
	       score->host_different);
}

int main(int argc, char **argv)
{
	struct score score = {0};
	struct dump_file file;
	struct judge *judge;

	if (argc != 2) {
		fprintf(stderr, "usage: oracle DUMP\n");
		return 2;
	}
	if (!dump_file_read(argv[1], &file))
		return 2;
	build_tables(&file);
	judge = judge_new(&file);
	if (!judge)
		return 2;
	for (size_t i = 0; i < file.nr_samples; i++)
		judge_one(&file, judge, &file.samples[i], &score);
	print_score(&file, &score);
	judge_free(judge);
	free_tables(&file);
	dump_file_done(&file);
	return score.verdicts[DIFFERENT] || score.host_different;
}
