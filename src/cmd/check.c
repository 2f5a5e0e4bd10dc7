// SPDX-License-Identifier: Apache-2.0
/*
 * heaptap check: what this kernel, this user and a target allow, line by line, and what to do about
 * what they do not. Nothing is recorded; the target is looked at through /proc alone.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/check_v8.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/stop.h"
#include "cmd/target_options.h"
#include "collect/arenas.h"
#include "collect/caps.h"
#include "collect/choice.h"
#include "collect/cost.h"
#include "collect/no_allocator.h"
#include "collect/page_events.h"
#include "collect/probes.h"
#include "collect/target.h"
#include "collect/told_probes.h"
#include "proc/resident.h"

struct check_options {
	struct target_options targets; /* none: the machine alone */
	struct caps caps;
};

enum { OPTION_NO_FEATURE = OPTION_FIRST_FREE };

static const struct argp_option check_table[] = {
	{"no-feature", OPTION_NO_FEATURE, "NAMES", OPTION_HIDDEN, "Do without kernel features", 0},
	{0},
};

static const char check_doc[] =
	"Say what this machine, this user and a target allow."
	"\v"
	"One line for each thing heaptap relies on: yes, or no with what is used instead or what to "
	"do. With -p also the allocator functions of the process, where each probe goes, "
	"and what a hit costs there; of a Node process what can be done with its V8. Nothing is "
	"recorded and the process is not touched.\n"
	"\n"
	"Examples:\n"
	"  heaptap check\n"
	"  heaptap check -p 1234\n"
	"\n" OPTION_EXIT_HELP;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->targets;
		return 0;
	case OPTION_NO_FEATURE:
		option_no_feature(state, &options->caps, arg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': a process is given with -p", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child check_children[] = {
	{&target_argp, 0, "Also look at:", 1},
	{0},
};

const struct argp check_argp = {
	.options = check_table, .parser = parse, .doc = check_doc, .children = check_children};

static void say(const char *what, const char *state, const char *text)
{
	printf("%-15s %-8s %s\n", what, state, text);
}

/* The effective capabilities that matter, by bit. From include/uapi/linux/capability.h. */
static void say_privileges(void)
{
	static const struct {
		unsigned int bit;
		const char *name, *use;
	} wanted[] = {
		{21, "CAP_SYS_ADMIN", "reading map_files; all of the others on old kernels"},
		{19, "CAP_SYS_PTRACE", "processes of other users"},
		{38, "CAP_PERFMON", "probes and reading user memory"},
		{39, "CAP_BPF", "BPF programs and maps"},
	};
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long effective = 0;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (status)
		fclose(status);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		say(wanted[i].name, effective >> wanted[i].bit & 1 ? "yes" : "no", wanted[i].use);
}

static void say_features(const struct caps *caps)
{
	char text[256];

	for (int i = 0; i < NR_CAPS_FEATURES; i++) {
		snprintf(text, sizeof(text), "%s%s%s", caps_feature_text(i),
			 caps->has[i] ? "" : "; used instead: ",
			 caps->has[i] ? "" : caps_feature_fallback(i));
		say(caps_feature_name(i),
		    caps->has[i]	? "yes"
		    : caps->disabled[i] ? "off"
					: "no",
		    text);
	}
	say("long nops", probe_site_long_nops() ? "yes" : "no",
	    "5-byte nops become calls (Linux 6.18)");
}

static void say_pages(void)
{
	struct resident own;
	struct diag diag = {0};
	char text[160];
	int nr_cpus, err = page_events_try(&nr_cpus, &diag);

	if (err) {
		say("page faults", "no", diag.text);
		return;
	}
	err = resident_open(&own, getpid());
	snprintf(text, sizeof(text), "events on %d CPUs, for --source page; %s", nr_cpus,
		 err			      ? "no pagemap: what is resident is unknown"
		 : resident_tells_sizes(&own) ? "huge pages are told from others"
					      : "huge pages count as one page: Linux 6.7, or "
						"CAP_SYS_ADMIN for /proc/kpageflags");
	say("page faults", err ? "no" : "yes", text);
	resident_close(&own);
}

static void say_costs(const struct caps *caps)
{
	struct cost_traps traps;
	char text[128];
	int err = cost_calibrate(caps, &traps);

	if (err) {
		say("cost of a hit", "unknown", strerror(-err));
		return;
	}
	snprintf(text, sizeof(text),
		 "%.0f ns emulated, %.0f ns single-stepped; the function's return %.0f ns more",
		 traps.emulated, traps.stepped, traps.on_return);
	say("cost of a hit", "measured", text);
}

static int check_machine(struct check_options *options)
{
	struct diag diag = {0};
	struct utsname name;
	int err;

	uname(&name);
	printf("%-15s %s\n", "kernel", name.release);
	say("BTF", access("/sys/kernel/btf/vmlinux", R_OK) ? "no" : "yes",
	    "types of the running kernel (CONFIG_DEBUG_INFO_BTF)");
	say_privileges();
	err = caps_detect(&options->caps, &diag);
	if (err) {
		say("uprobes", "no", diag.text);
		return cmd_exit_status(err);
	}
	say("uprobes", "yes",
	    options->caps.has[CAPS_session] ? "uprobe_multi with sessions"
	    : options->caps.has[CAPS_multi] ? "uprobe_multi"
					    : "perf uprobes");
	say_features(&options->caps);
	say_pages();
	say_costs(&options->caps);
	return EXIT_DONE;
}

static const char *probed_at(const struct probes *probes, uint64_t vaddr)
{
	for (unsigned int i = 0; i < probes->nr; i++)
		if (probes->probes[i].state == PROBE_USED && probes->probes[i].vaddr == vaddr)
			return probe_symbol(&probes->probes[i]);
	return "another";
}

static void say_probe(const struct probes *probes, const struct probe *probe)
{
	printf("  %-15s 0x%-8" PRIx64 " ", probe_symbol(probe), probe->offset);
	switch (probe->state) {
	case PROBE_USED:
		printf("+%-3" PRIu64 " %-14s %s%s\n", probe->site.offset,
		       probe_site_class_name(probe->site.class), probe->site.insn,
		       probe->forwards ? "  (may go on in another of these)" : "");
		break;
	case PROBE_ALIAS:
		printf("same code as %s\n", probed_at(probes, probe->vaddr));
		break;
	case PROBE_FORWARDS:
		printf("not probed: counted in another of these, to which it jumps\n");
		break;
	case PROBE_UNREADABLE:
		printf("not probed: its code cannot be decoded\n");
		break;
	case PROBE_NUMBERLESS:
		printf("not probed: the file has more than %d such functions\n",
		       HT_ALLOCATOR_PROBES);
		break;
	}
}

static void say_allocator(const struct probes *probes, enum choice_reason reason)
{
	const struct object *object = probes->object;

	printf("allocator %s in %s%s: %s\n", probes->family, object->path,
	       object->deleted ? " (deleted)" : "", choice_reason_text(reason));
	if (reason == CHOICE_INTERPOSED || reason == CHOICE_UNTOLD)
		return;
	if (probes->own_cut)
		printf("  it has code of its own in more than %d places: what it allocates by its own "
		       "functions may count twice\n",
		       HT_OWN_RANGES);
	printf("  %-15s %-10s %-4s %-14s %s\n", "function", "offset", "at", "cost class",
	       "instruction there");
	for (unsigned int i = 0; i < probes->nr; i++)
		say_probe(probes, &probes->probes[i]);
}

/* What was found in the files of a process, each once. */
struct found {
	unsigned int nr;
	struct probes *all[HT_MAX_ALLOCATORS];
};

/* What one way to look finds in @object. */
static void find_in(struct found *found, struct object *object, bool is_exe, bool told)
{
	struct probes *probes = found->nr < HT_MAX_ALLOCATORS ? calloc(1, sizeof(*probes)) : NULL;
	struct diag diag = {0};
	int err;

	if (!probes)
		return;
	err = told ? told_probes_find(object, 0, probes, &diag)
		   : probes_find(object, is_exe, 0, probes, &diag);
	if (err && !told)
		say("object", "no", diag.text);
	if (!err && probes->nr)
		found->all[found->nr++] = probes;
	else
		free(probes);
}

static void find_allocators(const struct target *target, struct found *ret)
{
	const struct space *space = target->space;

	*ret = (struct found){0};
	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		struct object *object = space->mappings[i].object;

		if (!object || object->vdso || object->lacks & OBJECT_LACKS_ALLOCATOR)
			continue;
		object->lacks |= OBJECT_LACKS_ALLOCATOR; /* looked at */
		find_in(ret, object, false, true);
		find_in(ret, object, process_executes(space->pid, object->path), false);
	}
}

/* Returns their number. */
static unsigned int say_allocators(const struct target *target)
{
	struct choice choice;
	struct found found;

	find_allocators(target, &found);
	if (!choice_make(target->space, (const struct probes *const *)found.all, found.nr, &choice))
		for (unsigned int i = 0; i < found.nr; i++)
			say_allocator(found.all[i], choice.reasons[i]);
	for (unsigned int i = 0; i < found.nr; i++) {
		probes_done(found.all[i]);
		free(found.all[i]);
	}
	return found.nr;
}

static void say_arenas(const struct target *target)
{
	const struct space *space = target->space;
	uint32_t arenas = 0;
	const char *name;

	for (uint32_t i = 0; i < space->nr_mappings; i++)
		if (space->mappings[i].object)
			arenas |= arenas_in(space->mappings[i].object);
	while ((name = arenas_next(&arenas)))
		printf("%-15s %-8s %s: the blocks they take are seen, not what is in them\n",
		       "arenas", "yes", name);
}

static int check_target(pid_t pid)
{
	struct diag diag = {0};
	struct target target;
	unsigned int nr;
	int err = target_open(pid, NULL, &target, &diag);

	if (err) {
		say("target", "no", diag.text);
		return cmd_exit_status(err);
	}
	printf("%-15s %-8s pid %d (%s) %s\n", "target", "yes", pid, target.process.comm,
	       target.process.exe);
	nr = say_allocators(&target);
	say_arenas(&target);
	if (!nr)
		say("allocator", "no", no_allocator_reason(&target));
	check_v8(&target);
	target_close(&target);
	return nr ? EXIT_DONE : EXIT_NO_TARGET;
}

/* All that match; the status is that of the first that cannot be profiled. */
static int check_targets(struct target_options *targets)
{
	int status = EXIT_DONE, err, one;
	struct diag diag = {0};
	sigset_t sleeping;
	unsigned int nr;
	pid_t *pids;

	stop_prepare(&sleeping);
	err = target_options_settle(targets, &sleeping, &diag);
	err = err ?: selection_find(&targets->selection, &pids, &nr);
	if (err) {
		say("target", "no", *diag.text ? diag.text : strerror(-err));
		return cmd_exit_status(err);
	}
	for (unsigned int i = 0; i < nr; i++) {
		one = check_target(pids[i]);
		status = status ?: one;
	}
	free(pids);
	if (nr)
		return status;
	say("target", "no", "no process matches");
	return EXIT_NO_TARGET;
}

int cmd_check(int argc, char **argv)
{
	struct check_options options = {0};
	int status, target_status = EXIT_DONE;

	argp_parse(&check_argp, argc, argv, 0, NULL, &options);
	status = check_machine(&options);
	if (target_options_given(&options.targets))
		target_status = check_targets(&options.targets);
	target_options_done(&options.targets);
	return status ? status : target_status;
}
