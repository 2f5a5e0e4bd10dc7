// SPDX-License-Identifier: Apache-2.0
/* What V8 answers, made a profile: from literal answers, right and wrong ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspector/sampling.h"
#include "inspector/script_url.h"

static const char answer_text[] =
	"{'profile':{'head':{'callFrame':{'functionName':'(root)','scriptId':'0','url':'',"
	"'lineNumber':-1,'columnNumber':-1},'selfSize':5,'id':1,'children':["
	"{'callFrame':{'functionName':'f','scriptId':'7','url':'file:///a%20b.js','lineNumber':9,"
	"'columnNumber':2},'selfSize':100,'id':2,'children':["
	"{'callFrame':{'functionName':'','scriptId':'7','url':'file:///a%20b.js','lineNumber':11,"
	"'columnNumber':4},'selfSize':30.0,'id':3,'children':[]},"
	"{'callFrame':{'functionName':'','scriptId':'7','url':'file:///a%20b.js','lineNumber':11,"
	"'columnNumber':40},'selfSize':4,'id':4,'children':[]}]},"
	"{'callFrame':{'functionName':'f','scriptId':'8','url':'file:///a%20b.js','lineNumber':9,"
	"'columnNumber':2},'selfSize':0,'id':5,'children':[]},"
	"{'callFrame':{'functionName':'(V8 API)','scriptId':'0','url':'','lineNumber':-1,"
	"'columnNumber':-1},'selfSize':6,'id':6,'children':[]}]}}}";

/* Quotes are single ones in the literals. */
static json_t *parse(const char *text)
{
	char *copy = strdup(text);
	json_t *json;

	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	json = json_loads(copy, 0, NULL);
	free(copy);
	return json;
}

static const struct profile_function *function_at(const struct profile *profile, uint32_t sample,
						  uint32_t depth)
{
	uint32_t location = profile->samples[sample].locations[depth];

	return &profile->functions[profile->locations[location].lines[0].function];
}

static void test_tree(void **state)
{
	static const int64_t sizes[] = {5, 100, 30, 4, 6};
	struct profile *profile = profile_new();
	json_t *answer = parse(answer_text);
	const struct profile_function *function;
	struct diag diag = {""};

	(void)state;
	profile->period = 64;
	assert_int_equal(sampling_convert(answer, profile, &diag), 0);
	assert_int_equal(profile->nr_samples, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(profile->samples[i].values[METRIC_INUSE_SPACE], sizes[i]);
	for (int i = 0; i < NR_METRICS; i++)
		assert_int_equal(profile->has_metric[i], i == METRIC_INUSE_SPACE);
	assert_string_equal(function_at(profile, 0, 0)->name, "[no stack]");
	function = function_at(profile, 1, 0);
	assert_string_equal(function->name, "f");
	assert_string_equal(function->file, "/a b.js");
	assert_int_equal(function->start_line, 10);
	assert_int_equal(profile->samples[2].nr_locations, 2);
	assert_string_equal(function_at(profile, 2, 0)->name, "(anonymous)");
	assert_ptr_equal(function_at(profile, 2, 1), function);
	/* two functions in one line are two */
	assert_ptr_not_equal(function_at(profile, 2, 0), function_at(profile, 3, 0));
	assert_string_equal(function_at(profile, 4, 0)->name, "(V8 API)");
	assert_int_equal(function_at(profile, 4, 0)->start_line, 0);
	/* f of script 8 is not f of script 7, though it looks the same */
	assert_int_equal(profile->nr_functions, 6);
	/* sqrt(64 * 100) */
	assert_string_equal(profile->samples[1].labels[0].key, "inuse_stderr");
	assert_int_equal(profile->samples[1].labels[0].number, 80);
	json_decref(answer);
	profile_free(profile);
}

static void check_refused(json_t *answer)
{
	struct profile *profile = profile_new();
	struct diag diag = {""};

	assert_int_equal(sampling_convert(answer, profile, &diag), -EPROTO);
	assert_string_not_equal(diag.text, "");
	json_decref(answer);
	profile_free(profile);
}

static void test_wrong(void **state)
{
	json_t *deep = parse("{'callFrame':{},'selfSize':1,'children':[]}");

	(void)state;
	check_refused(parse("{}"));
	check_refused(parse("{'profile':{'head':[]}}"));
	check_refused(parse("{'profile':{'head':{'children':[7]}}}"));
	for (int i = 0; i < 5000; i++)
		deep = json_pack("{s:[o]}", "children", deep);
	check_refused(json_pack("{s:{s:o}}", "profile", "head", deep));
}

/* Nothing of it is needed for a profile without samples. */
static void test_empty(void **state)
{
	struct profile *profile = profile_new();
	json_t *answer = parse("{'profile':{'head':{}}}");

	(void)state;
	assert_int_equal(sampling_convert(answer, profile, NULL), 0);
	assert_int_equal(profile->nr_samples, 0);
	json_decref(answer);
	profile_free(profile);
}

/* The frames that V8 leaves out are marked. */
static void test_truncated(void **state)
{
	struct profile *profile = profile_new();
	json_t *tree = parse("{'callFrame':{'functionName':'leaf'},'selfSize':1,'children':[]}");
	json_t *answer;

	(void)state;
	for (int i = 1; i < SAMPLING_MAX_DEPTH; i++)
		tree = json_pack("{s:{s:s}, s:[o]}", "callFrame", "functionName", "f", "children",
				 tree);
	answer = json_pack("{s:{s:{s:[o]}}}", "profile", "head", "children", tree);
	assert_int_equal(sampling_convert(answer, profile, NULL), 0);
	assert_int_equal(profile->nr_samples, 1);
	assert_int_equal(profile->samples[0].nr_locations, SAMPLING_MAX_DEPTH + 1);
	assert_string_equal(function_at(profile, 0, SAMPLING_MAX_DEPTH)->name, "[truncated]");
	json_decref(answer);
	profile_free(profile);
}

static void test_repair(void **state)
{
	static const char *const examples[][2] = {
		{"plain", "plain"},
		{"\\ud83d\\ude00", "\\ud83d\\ude00"},
		{"\\ud83dx", "\\uFFFDx"},
		{"\\ude00\\ud83d", "\\uFFFD\\uFFFD"},
		{"\\ud83d\\ud83d\\ude00", "\\uFFFD\\ud83d\\ude00"},
		{"\\\\ud83d", "\\\\ud83d"},
		{"\\\\\\uDBFF", "\\\\\\uFFFD"},
		{"\\ud83", "\\ud83"},
		{"\\uzzzz\\", "\\uzzzz\\"},
		{"\\ud83d\\", "\\uFFFD\\"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		char *text = strdup(examples[i][0]);

		protocol_repair(text, strlen(text));
		assert_string_equal(text, examples[i][1]);
		free(text);
	}
}

static void test_url(void **state)
{
	static const char *const examples[][2] = {
		{"/plain/a%20b.js", "/plain/a%20b.js"},
		{"node:internal/timers", "node:internal/timers"},
		{"file:///a%20b%C3%BC.mjs", "/a b\xc3\xbc.mjs"},
		{"file:///a%", "/a%"},
		{"file:///a%2", "/a%2"},
		{"file:///a%zz%2F", "/a%zz/"},
		{"file:///a%00b", "/a%00b"},
		{"file://host/a", "file://host/a"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		char *path = script_url_decode(examples[i][0]);

		assert_string_equal(path, examples[i][1]);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),   cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_empty),  cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_repair), cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
