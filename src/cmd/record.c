// SPDX-License-Identifier: Apache-2.0
/* heaptap record: its options. The run is record_run(). */
#include "cmd/record.h"

#include <argp.h>
#include <limits.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/record_prom.h"
#include "cmd/record_push.h"
#include "cmd/v8_recording.h"
#include "collect/governor.h"
#include "heaptap/sampling.h"

enum {
	OPTION_MIN_AGE = OPTION_FIRST_FREE,
	OPTION_MAP_MEMORY,
	OPTION_INSPECTOR,
	OPTION_BUDGET,
	OPTION_MAX_CPU,
	OPTION_NO_FALLBACK,
	OPTION_WITH_MMAP,
	OPTION_STORE,
	OPTION_PROM,
	OPTION_PUSH,
	OPTION_STRICT,
	OPTION_PROPAGATE_STATUS,
	OPTION_NO_FEATURE,
	OPTION_EMPTY_PROGRAMS,
	OPTION_DUMP_STACKS,
	OPTION_DUMP_EVERY,
};

static const struct argp_option record_table[] = {
	{NULL, 0, NULL, 0, "How:", 2},
	{"inspector", OPTION_INSPECTOR, NULL, 0,
	 "With --source js: what JavaScript holds, by V8's own sampler through the inspector of a "
	 "running node. This has side effects: see below",
	 2},
	{"source", 's', "SOURCE", 0,
	 "malloc: calls of allocator functions (default); page: resident memory by what touched it "
	 "first, whatever allocated it (default with --all); gc: garbage collections of Node, by "
	 "the stack they came from; js: where JavaScript allocates",
	 2},
	{"with-mmap", OPTION_WITH_MMAP, NULL, 0,
	 "With --source malloc: also the memory that the process maps itself (mmap, mremap, brk), "
	 "all of it at any rate. Every system call of the machine costs a little more: see below",
	 2},
	{"rate", 'r', "BYTES|auto", 0,
	 "Mean bytes between two samples; 1 takes every allocation. auto, the default, begins with "
	 "1 and raises it as far as the budget demands (with --inspector 512K; with --source page "
	 "what 0.2% of one CPU allows)",
	 2},
	{"budget", OPTION_BUDGET, "PCT", 0,
	 "What the process may lose, in percent of its CPU time, and at least 1% of one CPU: beyond "
	 "it the rate is raised, and when that is not enough the probes are removed and the "
	 "recording ends (default 5% with -r auto, none with -r BYTES)",
	 2},
	{"max-cpu", OPTION_MAX_CPU, "PCT", 0,
	 "What heaptap itself may take of one CPU over some seconds: beyond it the rate is raised, and "
	 "when that does not help the probes are removed (default 25% with -r auto)",
	 2},
	{"no-fallback", OPTION_NO_FALLBACK, NULL, 0,
	 "When the probes had to be removed end there, instead of going on with the page lens", 2},
	{"duration", 'd', "TIME", 0,
	 "Stop after 30s, 5m, 1h; without it at Ctrl-C or the end of the "
	 "process",
	 2},
	{"interval", 'i', "TIME", 0, "Also write a snapshot every TIME: NAME.0001.pb.gz, ...", 2},
	{"min-age", OPTION_MIN_AGE, "TIME", 0,
	 "Leave out of inuse what is younger than TIME at the end", 2},
	{"map-memory", OPTION_MAP_MEMORY, "BYTES", 0,
	 "Kernel memory to keep track in, at most (default 64M); more holds more live "
	 "allocations and more call stacks",
	 2},
	{"store", OPTION_STORE, "DIR", 0,
	 "Write into a store of profiles, DIR/COMM/TIME-PID.pb.gz, in place of -o; while one "
	 "recording of the same target goes on, another one does nothing",
	 3},
	{"prom", OPTION_PROM, "FILE", 0,
	 "Also write Prometheus metrics, for node_exporter's textfile collector: a FILE that ends in "
	 ".prom",
	 3},
	{"push", OPTION_PUSH, "URL", 0,
	 "Also send the profile to pyroscope+https://HOST:4040, parca+https://HOST:7070 or "
	 "otlp+https://HOST:4318, once the file is written",
	 3},
	{NULL, 0, NULL, 0, "Messages and exit status:", 4},
	{"quiet", 'q', NULL, 0, "No progress and no summary", 4},
	{"verbose", 'v', NULL, 0, "Say what was probed, where, and what it takes", 4},
	{"strict", OPTION_STRICT, NULL, 0,
	 "Exit with 5 when data were lost or the budget ended the recording", 4},
	{"propagate-status", OPTION_PROPAGATE_STATUS, NULL, 0, "Exit with the command's own status",
	 4},
	{"no-feature", OPTION_NO_FEATURE, "NAMES", OPTION_HIDDEN, "Do without kernel features", 4},
	{"empty-programs", OPTION_EMPTY_PROGRAMS, NULL, OPTION_HIDDEN,
	 "Attach programs that do nothing", 4},
	{"dump-stacks", OPTION_DUMP_STACKS, "FILE", OPTION_HIDDEN, "Write raw stacks for tests", 4},
	{"dump-every", OPTION_DUMP_EVERY, "N", OPTION_HIDDEN, "Of every N-th sample (default 131)",
	 4},
	{0},
};

static const char record_doc[] =
	"Watch processes and write who holds their memory."
	"\v"
	"A process goes on undisturbed; nothing is injected and nothing stays behind. When it was "
	"already running, inuse means allocated since heaptap attached, and not freed.\n"
	"\n"
	"--with-mmap watches four system calls by tracepoints that the kernel has for all processes "
	"alike: while it records, each system call on the machine takes some 40 ns longer. What the "
	"allocator maps is left out, since what it hands out is counted.\n"
	"\n"
	"Without -o the profile goes to heaptap-COMM-PID-TIME.pb.gz; a text format chosen with -f goes "
	"to stdout.\n"
	"\n"
	"--source js --inspector opens the inspector of a node process by SIGUSR1, when it is not open "
	"already, and closes it afterwards. While it is open every user of the machine who can reach "
	"its loopback may debug the process; node reports it on the process's stderr, and each profile "
	"takes a full garbage collection. Only objects allocated after the start are seen.\n"
	"\n"
	"Examples:\n"
	"  heaptap record -p 1234 -d 30s -o app.pb.gz\n"
	"  heaptap record -n node -d 50s --store /var/lib/heaptap --keep-for 30d -q\n"
	"  heaptap record -p 1234 -r 1 -d 30s    exact, whatever it costs\n"
	"  heaptap record -p 1234 -r 512K -d 5m -f table\n"
	"  heaptap record -o run.svg -- ./server --port 8080\n"
	"  heaptap record -p 1234 -s page -d 1m -f table\n"
	"  heaptap record -p 1234 -s js -d 30s -f table\n"
	"  heaptap record -p 1234 -s js --inspector -d 1m -o js.heapprofile\n"
	"  heaptap record -p 1234 -s gc -d 1m -f table\n"
	"\n" OPTION_EXIT_HELP;

/* What the inspector does not give. */
static void settle_inspector(const struct record_options *options, const struct argp_state *state)
{
	if (options->session.source != SOURCE_JS)
		argp_error(state, "--inspector: is for --source js");
	if (options->targets.selection.nr_pids != 1 ||
	    selection_is_several(&options->targets.selection))
		argp_error(state, "--inspector: is for one running process: give -p PID");
	if (options->output.metric != METRIC_INUSE_SPACE)
		argp_error(state, "--metric: with --inspector there is only inuse_space");
	if (options->min_age_ns)
		argp_error(state, "--min-age: is not for --inspector");
	if (options->session.mmaps)
		argp_error(state, "--with-mmap: is for the source malloc");
	if (options->prom)
		argp_error(state, "--prom: is not for --inspector");
	if (options->has_rate && options->session.rate > INT32_MAX)
		argp_error(state, "--rate: with --inspector less than 2G");
}

static void parse_source(struct record_options *options, const char *arg,
			 const struct argp_state *state)
{
	struct session_options *session = &options->session;

	options->has_source = true;
	if (source_parse(arg, &session->source))
		argp_error(state, "--source: there is no source '%s'; there are: malloc page gc js",
			   arg);
}

/* What the other sources than malloc have, and what is only for malloc. */
static void settle_source(struct record_options *options, const struct argp_state *state)
{
	const struct session_options *session = &options->session;
	struct output_options *output = &options->output;
	const char *name = source_name(session->source);

	if (!output->has_metric)
		output->metric = v8_default_metric(session->source);
	else if (!v8_has_metric(session->source, output->metric))
		argp_error(state, "--metric: the source %s has no %s", name,
			   metric_name(output->metric));
	if (session->source == SOURCE_MALLOC)
		return;
	if (session->mmaps)
		argp_error(state, "--with-mmap: is for the source malloc");
	if (options->budget)
		argp_error(state, "--budget: is for the source malloc");
	if (session->source == SOURCE_PAGE)
		return;
	if (session->rate != 1)
		argp_error(state,
			   "--rate: is for the sources malloc and page; %s takes all there are",
			   name);
	if (options->min_age_ns)
		argp_error(state, "--min-age: the source %s does not know what is in use", name);
	if (options->targets.selection.follow)
		argp_error(state, "--follow: is for the sources malloc and page");
	if (options->targets.selection.all)
		argp_error(state, "--all: is for the sources malloc and page");
}

static void settle_store(const struct record_options *options, const struct argp_state *state)
{
	const struct output_options *output = &options->output;

	if (!options->store && keep_options_given(&options->keep))
		argp_error(state, "--keep and --keep-for: are for --store DIR");
	if (!options->store)
		return;
	if (output->path)
		argp_error(state, "--store: names its files itself, it excludes -o");
	if (output->format && strcmp(output->format->name, "pprof") != 0)
		argp_error(state, "--store: holds profiles in the format pprof, not %s",
			   output->format->name);
	if (options->inspector)
		argp_error(state, "--store: is not for --inspector");
}

void record_settle_watching(struct record_options *options, const struct argp_state *state)
{
	bool given = target_options_given(&options->targets);

	if (options->session.source == SOURCE_MALLOC && options->rate_auto && !options->budget)
		options->budget = GOVERNOR_SHARE_DEFAULT;
	if (options->session.source == SOURCE_MALLOC && options->rate_auto && !options->max_cpu)
		options->max_cpu = OWN_CPU_DEFAULT;
	options->session.governed = options->budget > 0;
	options->session.told = options->rate_auto;
	if (!given && !options->command)
		argp_error(state,
			   "what to watch? Give -p PID, -n NAME, -c CGROUP, -a or -- COMMAND");
	if (given && options->command)
		argp_error(state, "-- COMMAND excludes -p, -n, -c and -a");
}

/* Allocator functions of all processes are dear to probe: page faults cost next to nothing. */
static void settle_lens(struct record_options *options)
{
	struct session_options *session = &options->session;

	if (!options->has_source && !session->mmaps && !options->budget &&
	    options->targets.selection.all)
		session->source = SOURCE_PAGE;
	if (session->source == SOURCE_PAGE)
		session->page_rate = options->rate_auto ? PAGE_RATE_AUTO : session->rate;
}

static void settle(struct record_options *options, const struct argp_state *state)
{
	const char *fallback = "pprof";

	settle_lens(options);
	record_settle_watching(options, state);
	options->fallback &= options->session.source == SOURCE_MALLOC && options->session.governed;
	options->session.pages = options->fallback;
	if (options->propagate_status && !options->command)
		argp_error(state, "--propagate-status: is for -- COMMAND");
	if (options->inspector)
		settle_inspector(options, state);
	else
		settle_source(options, state);
	settle_store(options, state);
	if (!options->output.path && options->output.format && !options->output.format->binary)
		options->output.path = "-";
	if (options->interval_ns && options->output.path && !strcmp(options->output.path, "-"))
		argp_error(state, "--interval: snapshots need files: add -o FILE");
	output_settle(&options->output, state, export_format_by_name(fallback));
	record_push_settle(options, state);
}

void record_parse_rate(struct record_options *options, const char *arg,
		       const struct argp_state *state)
{
	struct session_options *session = &options->session;

	options->has_rate = true;
	options->rate_auto = !strcmp(arg, "auto");
	session->rate = options->rate_auto ? 1 : option_bytes(state, "--rate", arg);
	if (!session->rate || session->rate > HT_RATE_MAX)
		argp_error(state, "--rate: '%s' is not from 1 to 64G", arg);
}

/* The options that say how much. */
static error_t parse_amount(int key, const char *arg, struct argp_state *state)
{
	struct record_options *options = state->input;
	struct session_options *session = &options->session;

	switch (key) {
	case 'r':
		record_parse_rate(options, arg, state);
		return 0;
	case OPTION_BUDGET:
		options->budget = option_share(state, "--budget", arg);
		return 0;
	case OPTION_NO_FALLBACK:
		options->fallback = false;
		return 0;
	case OPTION_MAX_CPU:
		options->max_cpu = option_share(state, "--max-cpu", arg);
		return 0;
	case 'd':
		options->duration_ns = option_time_ns(state, "--duration", arg);
		if (!options->duration_ns)
			argp_error(state, "--duration: '%s' is no time at all", arg);
		return 0;
	case 'i':
		options->interval_ns = option_interval_ns(state, "--interval", arg);
		return 0;
	case OPTION_MIN_AGE:
		options->min_age_ns = option_time_ns(state, "--min-age", arg);
		return 0;
	case OPTION_MAP_MEMORY:
		session->map_memory = option_bytes(state, "--map-memory", arg);
		if (session->map_memory < KERNEL_MAP_MEMORY_MIN ||
		    session->map_memory > KERNEL_MAP_MEMORY_MAX)
			argp_error(state, "--map-memory: '%s' is not from 2M to 64G", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The options that say where else the profile goes. */
static error_t parse_place(int key, const char *arg, struct record_options *options)
{
	switch (key) {
	case OPTION_PROM:
		options->prom = arg;
		return 0;
	case OPTION_PUSH:
		options->push = arg;
		return 0;
	case OPTION_STORE:
		options->store = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct record_options *options = state->input;
	struct session_options *session = &options->session;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->targets;
		state->child_inputs[1] = &options->output;
		state->child_inputs[2] = &options->keep;
		options->fallback = true;
		state->child_inputs[3] = &options->push_input;
		return 0;
	case 's':
		parse_source(options, arg, state);
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'v':
		options->verbose = session->verbose = true;
		return 0;
	case OPTION_INSPECTOR:
		options->inspector = true;
		return 0;
	case OPTION_WITH_MMAP:
		session->mmaps = true;
		return 0;
	case OPTION_STRICT:
		options->strict = true;
		return 0;
	case OPTION_PROPAGATE_STATUS:
		options->propagate_status = true;
		return 0;
	case OPTION_NO_FEATURE:
		option_no_feature(state, &session->caps, arg);
		return 0;
	case OPTION_EMPTY_PROGRAMS:
		session->empty_programs = true;
		return 0;
	case OPTION_DUMP_STACKS:
		options->dump_path = arg;
		return 0;
	case OPTION_DUMP_EVERY:
		session->copy_every = option_number(state, "--dump-every", arg, 1, UINT_MAX);
		return 0;
	case ARGP_KEY_ARGS:
		options->command = state->argv + state->next;
		return 0;
	case ARGP_KEY_END:
		settle(options, state);
		return 0;
	default:
		return parse_place(key, arg, options) ? parse_amount(key, arg, state) : 0;
	}
}

static const struct argp_child record_children[] = {
	{&target_argp, 0, "What to watch:", 1},
	{&output_argp, 0, "Output:", 3},
	{&keep_argp, 0, NULL, 3},
	{&push_options_argp, 0, NULL, 3},
	{0},
};

const struct argp record_argp = {
	.options = record_table,
	.parser = parse,
	.args_doc = "-p PID[,PID...]\n-n GLOB\n-c CGROUP\n-a\n-- COMMAND [ARG...]",
	.doc = record_doc,
	.children = record_children,
};

int cmd_record(int argc, char **argv)
{
	struct record_options options = {
		.rate_auto = true,
		.session = {.rate = 1, .map_memory = KERNEL_MAP_MEMORY_DEFAULT},
	};
	int status;

	argp_parse(&record_argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
	status = record_push_start(&options, &options.pushing);
	if (!status)
		status = options.inspector ? record_inspector_run(&options) : record_run(&options);
	if (options.prom && !options.prom_written && status != EXIT_DONE)
		record_prom_write(&options, NULL);
	if (record_push_finish(options.pushing) && status == EXIT_DONE && !options.propagate_status)
		status = EXIT_FAILED;
	target_options_done(&options.targets);
	return status;
}
