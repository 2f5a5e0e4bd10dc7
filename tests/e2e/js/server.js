// SPDX-License-Identifier: Apache-2.0
// An HTTP server that does a little of everything for each request (JSON, a hash, gzip now and then, a
// bounded cache) and, when told to, leaks in one function:
//   node server.js [--leak=buffer|addon|map|listener] [--addon=FILE]
//     buffer     keep_body()     Buffers, outside V8's heap
//     addon      audit()         malloc in native code, by forget() of the addon
//     map        remember()      objects in a Map that only grows
//     listener   watch_reload()  listeners of an emitter that outlives the requests
// The last two are called from the tick queue, which calls so many functions that it inlines none: V8's
// own sampler knows of an inlined function only whom it was inlined into.
// Says "ready", then {"port": N}. A line on stdin makes it say how many requests there were, after a
// collection where node was given --expose-gc: buffers that nobody has are freed by none but the
// collector, and until it comes they are as many as any leak.
'use strict';

const { EventEmitter } = require('node:events');
const { createHash } = require('node:crypto');
const http = require('node:http');
const zlib = require('node:zlib');

function option(name) {
	const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
	return given?.slice(name.length + 3);
}

const leak = option('leak');
const addon = option('addon') ? require(option('addon')) : null;
const CACHE_SIZE = 200;

const bodies = [];
const sessions = new Map();
const cache = new Map();
const reloads = new EventEmitter();
reloads.setMaxListeners(0);
let nr_requests = 0;

function keep_body(text) {
	const copy = Buffer.alloc(
		8000,
		text);
	bodies.push(copy);
}

function audit() {
	addon.use(3000);
	addon.forget(
		8000);
}

function remember(id) {
	sessions.set(id, {
		id,
		started: Date.now(),
		path: ['', 'api', `${id}`],
		history: new Array(100).fill(id),
	});
}

function watch_reload(id) {
	const settings = new Array(60).fill(id);
	reloads.on('reload', function reload() {
		settings.fill(0);
	});
}

function cached_page(id) {
	const key = id % (2 * CACHE_SIZE);
	let page = cache.get(key);
	if (!page) {
		page = Buffer.from(JSON.stringify({ key, text: 'cached '.repeat(50) }));
		cache.set(key, page);
		if (cache.size > CACHE_SIZE)
			cache.delete(cache.keys().next().value);
	}
	return page;
}

function render(id) {
	const page = JSON.parse(cached_page(id).toString());
	page.hash = createHash('sha1').update(page.text).update(`${id}`).digest('hex');
	return Buffer.from(JSON.stringify(page));
}

function handle(request, response) {
	const id = nr_requests++;
	if (leak === 'buffer')
		keep_body(request.url + id);
	else if (leak === 'addon')
		audit();
	else if (leak === 'map')
		process.nextTick(remember, id);
	else if (leak === 'listener')
		process.nextTick(watch_reload, id);
	const body = id % 16 ? render(id) : zlib.gzipSync(render(id));
	response.setHeader('content-length', body.length);
	response.end(body);
}

const server = http.createServer(handle);
server.listen(0, '127.0.0.1', () => {
	console.log('ready');
	console.log(JSON.stringify({ port: server.address().port }));
});
process.stdin.on('data', () => {
	globalThis.gc?.();
	setImmediate(() => console.log(JSON.stringify({ nr_requests })));
});
process.stdin.on('end', () => process.exit(0));
