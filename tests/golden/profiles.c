// SPDX-License-Identifier: Apache-2.0
/*
 * The inputs of the golden tests, as literals: profiles DIRECTORY writes one NAME.pb.gz each. A new
 * input is a function and a row in the table at the end; what its report must look like goes into
 * cases and expected/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "literal.h"
#include "profile/pprof_write.h"
#include "series.h"

/* Two stacks with one site line, a wrapper, a module without symbols, a site that freed it all. */
static void make_plain(struct profile *profile)
{
	static const struct literal literals[] = {
		{{100, 10000, 90, 9000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("xmalloc", "lib/xmalloc.c", 41, LEAKY),
		  FRAME("cache_add", "src/cache.c", 120, LEAKY),
		  FRAME("serve", "src/main.c", 60, LEAKY), FRAME("main", "src/main.c", 12, LEAKY)}},
		{{10, 1000, 10, 1000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("xmalloc", "lib/xmalloc.c", 41, LEAKY),
		  FRAME("cache_add", "src/cache.c", 120, LEAKY),
		  FRAME("warm_up", "src/main.c", 33, LEAKY),
		  FRAME("main", "src/main.c", 10, LEAKY)}},
		{{1, 5242880, 1, 5242880},
		 {NO_LABEL},
		 {FRAME("calloc", NULL, 0, LIBC), FRAME("", NULL, 0, "/opt/x/libplugin.so.1"),
		  FRAME("main", "src/main.c", 14, LEAKY)}},
		{{1000, 64000, 0, 0},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("parse", "src/parse.c", 7, LEAKY),
		  FRAME("main", "src/main.c", 15, LEAKY)}},
		{{3, 72, 3, 72},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("", NULL, 0, NULL),
		  FRAME("[truncated]", NULL, 0, NULL)}},
	};

	literal_set_run(profile, 1);
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "attached", "late"));
	literal_check(profile_set_note(profile, "allocs", "1114"));
	literal_check(profile_set_note(profile, "frees", "1010"));
	literal_check(profile_set_note(profile, "samples", "1114"));
	literal_check(profile_set_note(profile, "complete_samples", "1111"));
	literal_check(profile_set_note(profile, "cost", "hits=3238 ns_per_hit=812 share=1.3%%"));
	literal_check(profile_set_note(profile, "rss_anon", "9437184"));
	literal_check(profile_set_note(profile, "rss_anon_change", "6396314"));
	literal_check(profile_set_note(profile, "rss_explained", "5252952"));
	literal_check(profile_set_note(profile, "rss_unexplained", "1143362"));
	literal_check(profile_set_note(profile, "from_the_future", "42"));
}

#define VECTOR "std::vector<int, std::allocator<int> >"

/* Names with blanks, return types and template arguments; inlined frames; a user's operator new. */
static void make_cpp(struct profile *profile)
{
	static const struct literal literals[] = {
		{{4, 4096, 2, 2048},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC),
		  FRAME("operator new(unsigned long)", NULL, 0, "/usr/lib/libstdc++.so.6"),
		  INLINED("std::__new_allocator<int>::allocate(unsigned long, void const*)",
			  "/usr/include/c++/12/bits/new_allocator.h", 137, LEAKY),
		  FRAME("void " VECTOR
			"::_M_realloc_insert<int const&>(__gnu_cxx::__normal_iterator<int*, " VECTOR
			" >, int const&)",
			"/usr/include/c++/12/bits/vector.tcc", 440, LEAKY),
		  INLINED("unsigned long (anonymous namespace)::grow<int, 4>(" VECTOR
			  "&, int) const",
			  "src/grow.cc", 21, LEAKY),
		  FRAME("main", "src/main.cc", 9, LEAKY)}},
		{{2, 96, 2, 96},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC),
		  FRAME("Node::operator new(unsigned long)", "src/node.cc", 5, LEAKY),
		  FRAME("bool Tree<Node>::operator< <int>(Tree<Node> const&)", "src/tree.h", 77,
			LEAKY),
		  FRAME("main", "src/main.cc", 10, LEAKY)}},
		{{1, 24, 1, 24},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("__rust_alloc", NULL, 0, LEAKY),
		  FRAME("<alloc::string::String as core::clone::Clone>::clone",
			"library/alloc/src/string.rs", 2100, LEAKY),
		  FRAME("<app::Config as core::clone::Clone>::clone", "src/config.rs", 18, LEAKY),
		  FRAME("app::main", "src/main.rs", 3, LEAKY)}},
	};

	literal_set_run(profile, 1);
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "attached", "start"));
}

/* What breaks lines, fields, numbers, terminals and encodings. */
static void make_hostile(struct profile *profile)
{
	static const struct literal literals[] = {
		{{1, 10, 1, 10},
		 {{.key = "comm", .string = "#a;b c"}, {.key = "pid", .number = 7}},
		 {FRAME("thread 12", NULL, 0, NULL), FRAME("semi;colon", NULL, 0, NULL)}},
		{{1, 20, 1, 20},
		 {{.key = "comm", .string = "worker 3"}},
		 {FRAME("v 1.5", NULL, 0, NULL), FRAME("new\nline\ttab\rcr", NULL, 0, NULL)}},
		{{1, 30, 1, 30},
		 {NO_LABEL},
		 {FRAME("12", NULL, 0, NULL),
		  FRAME("na\u00efve::\u5206\u914d", "\u00fc.c", 3, NULL)}},
		{{1, 40, 1, 40},
		 {NO_LABEL},
		 {FRAME("esc\x1b[31mred", NULL, 0, NULL),
		  FRAME("rtl\u202e\xc2\x85", NULL, 0, NULL)}},
		{{1, 50, 1, 50}, {NO_LABEL}, {FRAME("bad\xff\xc0\x80utf", "a\"b\\c.c", 1, NULL)}},
		{{1, 60, 1, 60}, {NO_LABEL}, {FRAME("", NULL, 0, ""), FRAME("", NULL, 0, NULL)}},
		{{1, 70, 1, 70}, {NO_LABEL}, {FRAME(NULL, NULL, 0, NULL)}},
		{{1, 80, 1, 80}, {NO_LABEL}, {FRAME("esc\x1b[31mred", NULL, 0, NULL)}},
	};

	literal_set_run(profile, 1);
	literal_check(profile_set_note(profile, "target", "1 \x1b]0;owned\x07 ./a\nLOST: 0"));
	literal_check(profile_set_note(profile, "", "written by\nanother tool"));
	ADD(profile, literals);
}

/* Names that mean something to XML, HTML, CSS, JavaScript and JSON. */
static void make_markup(struct profile *profile)
{
	static const struct literal literals[] = {
		{{1, 10, 1, 10},
		 {{.key = "comm", .string = "<b>&amp;</b>"}},
		 {FRAME("<script>alert(1)</script>", "</title></svg>.js", 1, PROFILE_JAVASCRIPT),
		  FRAME("]]>", "]]>.c", 2, NULL), FRAME("<![CDATA[", NULL, 0, "/lib/<lib>&.so")}},
		{{2, 20, 2, 20},
		 {{.key = "comm", .string = "<b>&amp;</b>"}},
		 {FRAME("\" onload=\"alert(2)", NULL, 0, NULL),
		  FRAME("' onclick='alert(3)", "a'b\".c", 3, NULL),
		  FRAME("&lt;not an element&gt;", NULL, 0, NULL)}},
		{{3, 30, 3, 30},
		 {{.key = "comm", .string = "<b>&amp;</b>"}},
		 {FRAME("<!-- -->", NULL, 0, NULL), FRAME("<?xml version=\"1.0\"?>", NULL, 0, NULL),
		  FRAME("line\none\x01\x1f\x7f", NULL, 0, NULL),
		  FRAME("\xef\xbf\xbe\xef\xbf\xbf\xed\xa0\x80\xff", NULL, 0, NULL)}},
		{{4, 40, 4, 40},
		 {{.key = "comm", .string = "${alert(4)} {{x}}"}},
		 {FRAME("<img src=x onerror=alert(5)>", NULL, 0, NULL),
		  FRAME("javascript:alert(6)", "file:///etc/passwd", 4, NULL)}},
	};

	literal_set_run(profile, 1);
	literal_check(profile_set_note(profile, "comm", "</style><script>alert(7)</script>"));
	literal_check(profile_set_note(profile, "target",
				       "]]></script><script>alert(8)</script> & more"));
	ADD(profile, literals);
}

static void make_empty(struct profile *profile)
{
	literal_set_run(profile, 1);
	literal_check(profile_set_note(profile, "allocs", "0"));
	literal_check(profile_set_note(profile, "frees", "0"));
}

static void make_freed(struct profile *profile)
{
	static const struct literal literals[] = {
		{{5, 500, 0, 0},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("f", "f.c", 1, LEAKY)}},
	};

	literal_set_run(profile, 1);
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "allocs", "5"));
	literal_check(profile_set_note(profile, "frees", "5"));
}

/* Errors of 3 and 4 units meet in one row and make 5. */
static void make_sampled(struct profile *profile)
{
	static const struct literal literals[] = {
		{{1000, 100000000, 500, 50000000},
		 ERRORS(3000000, 4000000),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("big", "a.c", 1, LEAKY),
		  FRAME("one", "a.c", 9, LEAKY)}},
		{{1000, 100000000, 500, 50000000},
		 ERRORS(4000000, 3000000),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("big", "a.c", 1, LEAKY),
		  FRAME("two", "a.c", 19, LEAKY)}},
		{{8, 4194304, 4, 2097152},
		 ERRORS(4194, 8000),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("exact", "b.c", 2, LEAKY)}},
		{{16384, 524288, 8192, 262144},
		 ERRORS(524288, 524288),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("rare", "c.c", 3, LEAKY)}},
	};

	literal_set_run(profile, 524288);
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "lost_stack_truncated", "7"));
	literal_check(profile_set_note(profile, "lost_live_full", "12"));
	literal_check(profile_set_note(profile, "lost_of_tomorrow", "3"));
	literal_check(profile_set_note(profile, "incomplete",
				       "the target ended while it was attached to"));
	literal_check(profile_set_note(profile, "min_age_ns", "10000000000"));
	literal_check(profile_set_note(profile, "live_error", "4.9"));
	literal_check(profile_set_note(profile, "alloc_error", "2.4"));
}

/* Another tool's: no notes, one pair of metrics, a difference with a negative value. */
static void make_foreign(struct profile *profile)
{
	static const struct literal literals[] = {
		{{0, 0, 2, 200}, {NO_LABEL}, {FRAME("main.f", "main.go", 3, "/bin/app")}},
		{{0, 0, -1, -50}, {NO_LABEL}, {FRAME("main.g", "main.go", 4, "/bin/app")}},
	};

	profile->period = 524288;
	profile->has_metric[METRIC_ALLOC_OBJECTS] = false;
	profile->has_metric[METRIC_ALLOC_SPACE] = false;
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "", "made by hand"));
}

#define WHOSE(pid, comm, cgroup, container)                                                        \
	{                                                                                          \
		{"pid", NULL, pid, ""}, {"comm", comm, 0, NULL}, {"cgroup", cgroup, 0, NULL},      \
		{                                                                                  \
			container, "4d9f3c1b2a5e", 0, NULL                                         \
		}                                                                                  \
	}

/* Several processes: two of one name, one in a container; and what is nobody's. */
static void make_system(struct profile *profile)
{
	static const struct literal literals[] = {
		{{9, 900, 6, 600},
		 WHOSE(11, "web", "/system.slice/web.service", NULL),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("serve", "web.c", 7, "/usr/bin/web")}},
		{{9, 900, 3, 300},
		 WHOSE(12, "web", "/system.slice/web.service", NULL),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("serve", "web.c", 7, "/usr/bin/web")}},
		{{4, 800, 4, 800},
		 WHOSE(13, "db 2", "/docker;x/4d9f", "container"),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("load", "db.c", 8, "/usr/bin/db")}},
		{{1, 100, 1, 100}, {NO_LABEL}, {FRAME("[site map full]", NULL, 0, NULL)}},
	};

	ADD(profile, literals);
	profile->period = 1;
	literal_check(profile_set_note(profile, "version", "0.1.0"));
	literal_check(profile_set_note(profile, "target", "3 processes: --all"));
}

#define NODE "/usr/bin/node"
#define REASON(text)                                                                               \
	{                                                                                          \
		{                                                                                  \
			"reason", text, 0, NULL                                                    \
		}                                                                                  \
	}

/* Garbage collections: their two metrics and no other. */
static void make_gc(struct profile *profile)
{
	static const struct literal literals[] = {
		{{0, 0, 0, 0, 250, 812345678},
		 REASON("allocation failure"),
		 {FRAME("[scavenge]", NULL, 0, NULL),
		  FRAME("v8::internal::Heap::CollectGarbage", NULL, 0, NODE),
		  FRAME("Builtins_CEntry_Return1", NULL, 0, NODE),
		  FRAME("parse", "app.js", 12, NULL), FRAME("node::Start", NULL, 0, NODE)}},
		{{0, 0, 0, 0, 3, 1500000000},
		 REASON("finalize incremental marking via task"),
		 {FRAME("[mark-compact]", NULL, 0, NULL),
		  FRAME("v8::internal::Heap::CollectGarbage", NULL, 0, NODE),
		  FRAME("v8::internal::IncrementalMarkingJob::Task::RunInternal", NULL, 0, NODE),
		  FRAME("node::Start", NULL, 0, NODE)}},
		{{0, 0, 0, 0, 1, 4200},
		 REASON("testing"),
		 {FRAME("[minor mark-compact]", NULL, 0, NULL),
		  FRAME("v8::internal::Heap::CollectGarbage", NULL, 0, NODE),
		  FRAME("v8::internal::GCExtension::GC", NULL, 0, NODE)}},
	};

	literal_set_run(profile, 1);
	for (int i = 0; i < NR_METRICS; i++)
		profile->has_metric[i] = i >= NR_HEAP_METRICS;
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "source", "gc"));
	literal_check(profile_set_note(profile, "collections", "254"));
	literal_check(profile_set_note(profile, "pause_ns", "2312349878"));
	literal_check(profile_set_note(profile, "lost_gc_half", "1"));
}

/* Where JavaScript allocates: samples of a size that was measured, large objects exactly. */
static void make_js(struct profile *profile)
{
	static const struct literal literals[] = {
		{{800000, 51200000},
		 {{"alloc_stderr", NULL, 3200000, "bytes"}},
		 {FRAME("[new space]", NULL, 0, NULL),
		  FRAME("v8::internal::Factory::NewFillerObject", NULL, 0, NODE),
		  FRAME("v8::internal::Runtime_AllocateInYoungGeneration", NULL, 0, NODE),
		  FRAME("parse", "app.js", 12, NULL), FRAME("node::Start", NULL, 0, NODE)}},
		{{4, 8388608},
		 {{"alloc_stderr", NULL, 0, "bytes"}},
		 {FRAME("[large object]", NULL, 0, NULL),
		  FRAME("v8::internal::HeapAllocator::AllocateRaw", NULL, 0, NODE),
		  FRAME("grow", "app.js", 30, NULL), FRAME("node::Start", NULL, 0, NODE)}},
	};

	literal_set_run(profile, 200000);
	profile->has_metric[METRIC_INUSE_OBJECTS] = profile->has_metric[METRIC_INUSE_SPACE] = false;
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "source", "js"));
	literal_check(profile_set_note(
		profile, "weight",
		"by what the heap grew between collections; standard error of the total "
		"1.5%%"));
}

/* Functions left in several lines, which hold different shares; a recursion; a second binary. */
static void make_lines(struct profile *profile)
{
	static const struct literal literals[] = {
		{{5, 5000, 5, 5000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), INLINED("make_node", "src/tree.h", 9, LEAKY),
		  FRAME("insert", "src/tree.c", 20, LEAKY),
		  FRAME("insert", "src/tree.c", 31, LEAKY), FRAME("main", "src/main.c", 3, LEAKY)}},
		{{4, 3000, 4, 3000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("insert", "src/tree.c", 25, LEAKY),
		  FRAME("main", "src/main.c", 3, LEAKY)}},
		{{3, 1900, 3, 1900},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), INLINED("make_node", "src/tree.h", 11, LEAKY),
		  FRAME("rotate", "src/tree.c", 50, LEAKY), FRAME("main", "src/main.c", 4, LEAKY)}},
		{{1, 100, 1, 100},
		 {NO_LABEL},
		 {FRAME("calloc", NULL, 0, LIBC), FRAME("insert", "src/list.c", 7, LEAKY),
		  FRAME("main", "src/main.c", 5, LEAKY)}},
	};

	literal_set_run(profile, 1);
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "target", "77 other ./other"));
	literal_check(profile_set_note(profile, "comm", "other"));
	literal_check(profile_set_note(profile, "lost_live_full", "5"));
	profile->default_metric = METRIC_ALLOC_SPACE;
}

#define AGES(from, to)                                                                             \
	{.key = "youngest", .number = (from), .unit = "milliseconds"},                             \
	{                                                                                          \
		.key = "oldest", .number = (to), .unit = "milliseconds"                            \
	}

/* Two days, sampled: a leak of two stacks, what was made at the start, what is of the moment. */
static void make_aged(struct profile *profile)
{
	static const struct literal literals[] = {
		{{800000, 819200000, 400000, 409600000},
		 {{.key = "inuse_stderr", .number = 14000000, .unit = "bytes"},
		  AGES(120000, 86400000)},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("session_create", "session.c", 54, LEAKY)}},
		{{100, 102400, 50, 51200},
		 {{.key = "inuse_stderr", .number = 150000, .unit = "bytes"},
		  AGES(61000, 172000000)},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("session_create", "session.c", 54, LEAKY),
		  FRAME("import", "import.c", 7, LEAKY)}},
		{{12345678, 98765424, 12345678, 98765424},
		 {{.key = "inuse_stderr", .number = 7000000, .unit = "bytes"},
		  AGES(172799000, 172799999)},
		 {FRAME("calloc", NULL, 0, LIBC), FRAME("table_new", "table.c", 9, LEAKY)}},
		{{4, 4194304, 1, 1048576},
		 {{.key = "inuse_stderr", .number = 370000, .unit = "bytes"}, AGES(3, 999)},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("reply", "reply.c", 3, LEAKY)}},
		{{4, 4194304, 0, 0},
		 {{.key = "inuse_stderr", .number = 0, .unit = "bytes"}},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("request", "request.c", 3, LEAKY)}},
	};

	literal_set_run(profile, 524288);
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "watched_ns", "172800000000000"));
}

static const struct {
	const char *name;
	void (*make)(struct profile *profile);
} inputs[] = {
	{"plain", make_plain},
	{"cpp", make_cpp},
	{"hostile", make_hostile},
	{"empty", make_empty},
	{"freed", make_freed},
	{"sampled", make_sampled},
	{"aged", make_aged},
	{"foreign", make_foreign},
	{"gc", make_gc},
	{"js", make_js},
	{"system", make_system},
	{"markup", make_markup},
	{"lines", make_lines},
	{"before", make_before},
	{"after", make_after},
	{"before_sampled", make_before_sampled},
	{"after_sampled", make_after_sampled},
};

static void write_input(const char *directory, const char *name, const struct profile *profile)
{
	char *path;
	FILE *file;

	if (asprintf(&path, "%s/%s.pb.gz", directory, name) < 0)
		abort();
	file = fopen(path, "w");
	if (!file || pprof_write(profile, file) || fclose(file)) {
		perror(path);
		exit(1);
	}
	free(path);
}

int main(int argc, char **argv)
{
	struct profile *profile;

	if (argc != 2) {
		fputs("Usage: profiles DIRECTORY\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		profile = profile_new();
		if (!profile)
			abort();
		inputs[i].make(profile);
		write_input(argv[1], inputs[i].name, profile);
		profile_free(profile);
	}
	series_write(argv[1]);
	return 0;
}
