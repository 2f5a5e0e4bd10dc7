// SPDX-License-Identifier: Apache-2.0
/* Trends as one JSON object, described in docs/json.md. Growth is in bytes per second. */
#include <math.h>

#include "export/encode.h"
#include "export/trend_view.h"

#define SCHEMA "heaptap-trend-1"

static void set_trend(json_t **object, const struct trend *trend)
{
	bool judged = trend->verdict != TREND_TOO_LITTLE;

	encode_set(object, "verdict", json_string(trend_verdict_name(trend->verdict)));
	encode_set(object, "why", json_string(trend_reason_text(trend->reason)));
	encode_set(object, "points", json_integer((json_int_t)trend->nr));
	encode_set(object, "runs", json_integer((json_int_t)trend->nr_runs));
	encode_set(object, "growth", judged ? json_real(trend->growth) : json_null());
	encode_set(object, "low", judged ? json_real(trend->low) : json_null());
	encode_set(object, "high", judged ? json_real(trend->high) : json_null());
	encode_set(object, "p", judged ? json_real(trend->p) : json_null());
}

static json_t *new_series(const struct history *history, const struct history_site *site)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < history->nr_profiles && list; i++) {
		struct trend_point point = history_point(history, site, i);
		json_t *pair = json_pack("[f, f]", point.value, point.error);

		if (json_array_append_new(list, pair)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *new_stack(const struct history_site *site)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < site->nr_frames && list; i++)
		if (json_array_append_new(list, encode_string(site->frames[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *new_site(const struct history *history, const struct history_site *site)
{
	json_t *object = json_object();

	encode_set(&object, "function", encode_string(site->function));
	encode_set(&object, "place", encode_string_or_null(site->place));
	encode_set(&object, "kind", encode_string_or_null(site->kind));
	set_trend(&object, &site->trend);
	encode_set(&object, "values", new_series(history, site));
	encode_set(&object, "stack", new_stack(site));
	return object;
}

static json_t *new_profiles(const struct history *history)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < history->nr_profiles && list; i++) {
		const struct history_profile *profile = &history->profiles[i];
		json_t *object = json_object();

		encode_set(&object, "time", json_real(profile->time));
		encode_set(&object, "pid", json_integer(profile->pid));
		encode_set(&object, "run", json_integer(profile->run));
		for (int k = 0; k < NR_HISTORY_MEASURES; k++)
			encode_set(&object, history_measure_name(k),
				   isnan(profile->measures[k]) ? json_null()
							       : json_real(profile->measures[k]));
		if (json_array_append_new(list, object)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *new_measures(const struct history *history)
{
	json_t *all = json_object();

	for (int i = 0; i < NR_HISTORY_MEASURES; i++) {
		json_t *object = json_object();

		set_trend(&object, &history->measures[i]);
		encode_set(&all, history_measure_name(i), object);
	}
	return all;
}

static json_t *new_forecast(const struct trend_view *view, const struct history *history)
{
	struct trend_forecast forecast;
	json_t *object;

	if (!trend_forecast(view, history, &forecast))
		return json_null();
	object = json_object();
	encode_set(&object, "measure", json_string(history_measure_name(forecast.measure)));
	encode_set(&object, "limit", json_real(forecast.limit));
	encode_set(&object, "now", json_real(forecast.now));
	encode_set(&object, "seconds", json_real(forecast.seconds));
	return object;
}

static int put_target(const struct trend_view *view, const struct trend_target *target,
		      unsigned int top, FILE *out)
{
	const struct history *history = &target->history;
	uint32_t shown = top ? trend_shown_sites(history, top) : history->nr_sites;
	json_t *object = json_object();
	int err;

	encode_set(&object, "target", encode_string(target->name));
	encode_set(&object, "source", encode_string_or_null(target->source));
	encode_set(&object, "kind", json_string(history->windows ? "recordings" : "snapshots"));
	encode_set(&object, "leaks", json_boolean(history_leaks(history)));
	encode_set(&object, "lost", json_integer((json_int_t)history->nr_lost));
	encode_set(&object, "young", json_boolean(history->windows && history->young));
	encode_set(&object, "measures", new_measures(history));
	encode_set(&object, "sites_growth", json_real(history->sites_growth));
	encode_set(&object, "forecast", new_forecast(view, history));
	encode_set(&object, "profiles", new_profiles(history));
	putc('{', out);
	err = encode_put(out, object, JSON_EMBED);
	fputs(",\"sites\":[", out);
	for (uint32_t i = 0; i < shown && !err; i++) {
		fputs(i ? ",\n" : "\n", out);
		err = encode_put(out, new_site(history, &history->sites[i]), 0);
	}
	fputs("\n]}", out);
	return err;
}

int trend_json_write(const struct trend_view *view, const struct export_options *options, FILE *out)
{
	int err = 0;

	fprintf(out, "{\"schema\":\"%s\",\"threshold\":%.6f,\"skipped\":%u,\"targets\":[", SCHEMA,
		view->threshold, view->nr_skipped);
	for (uint32_t i = 0; i < view->nr_targets && !err; i++) {
		fputs(i ? ",\n" : "\n", out);
		err = put_target(view, &view->targets[i], options->top, out);
	}
	fputs("\n]}\n", out);
	return err;
}
