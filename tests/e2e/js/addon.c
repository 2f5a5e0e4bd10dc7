// SPDX-License-Identifier: Apache-2.0
/*
 * A native addon that leaks: forget(n) allocates n bytes with malloc and drops them, use(n) frees
 * them again. Node-API only, so one build runs on every version of Node. Built by nodes.py.
 */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

static void *volatile last;

static size_t size_argument(napi_env env, napi_callback_info info)
{
	napi_value argument;
	size_t nr_arguments = 1;
	uint32_t size = 0;

	if (napi_get_cb_info(env, info, &nr_arguments, &argument, NULL, NULL) == napi_ok)
		napi_get_value_uint32(env, argument, &size);
	return size;
}

static napi_value forget(napi_env env, napi_callback_info info)
{
	size_t size = size_argument(env, info);
	void *memory = malloc(size);

	if (memory)
		memset(memory, 1, size);
	last = memory;
	return NULL;
}

static napi_value use(napi_env env, napi_callback_info info)
{
	size_t size = size_argument(env, info);
	void *memory = malloc(size);

	if (memory)
		memset(memory, 1, size);
	last = memory;
	free(memory);
	return NULL;
}

static napi_value init(napi_env env, napi_value exports)
{
	napi_value function;

	napi_create_function(env, "forget", NAPI_AUTO_LENGTH, forget, NULL, &function);
	napi_set_named_property(env, exports, "forget", function);
	napi_create_function(env, "use", NAPI_AUTO_LENGTH, use, NULL, &function);
	napi_set_named_property(env, exports, "use", function);
	return exports;
}

NAPI_MODULE(heaptap_addon, init)
