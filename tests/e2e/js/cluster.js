// SPDX-License-Identifier: Apache-2.0
// A cluster of two workers, processes of their own that run this script too. Each allocates outside V8's
// heap by a size of its own.
//   node cluster.js [--early]       --early: the workers are there before it says "ready"
// Says "ready", waits for a line, runs, states {"pid", "site", "size", "count"} for each, says "done".
// With --early the first line is {"pids": [...]}.
'use strict';

const cluster = require('node:cluster');
const { setTimeout } = require('node:timers/promises');
const { next_line, hold } = require('./stdin.js');

const COUNT = 40;
const FOLLOW_MS = 1500; // for heaptap to learn where the code of a new process is
const kept = [];

function in_cluster_worker(size) {
	for (let i = 0; i < COUNT; i++)
		kept.push(
			Buffer.allocUnsafeSlow(size));
}

function in_primary(size) {
	for (let i = 0; i < COUNT; i++)
		kept.push(
			Buffer.allocUnsafeSlow(size));
}

function allocate(own, size) {
	own(size);
	return { pid: process.pid, site: own.name, size, count: COUNT };
}

function fork(number) {
	const worker = cluster.fork({ NUMBER: number });
	return new Promise((resolve) => worker.once('message', () => resolve(worker)));
}

function truth_of(worker) {
	return new Promise((resolve) => {
		worker.once('message', resolve);
		worker.send('go');
	});
}

async function main() {
	let workers;
	if (process.argv.includes('--early')) {
		workers = await Promise.all([1, 2].map(fork));
		console.log(JSON.stringify({ pids: workers.map((worker) => worker.process.pid) }));
	}
	console.log('ready');
	await next_line();
	if (!workers) {
		workers = await Promise.all([1, 2].map(fork));
		await setTimeout(FOLLOW_MS);
	}
	const truths = [allocate(in_primary, 200003), ...await Promise.all(workers.map(truth_of))];
	for (const truth of truths)
		console.log(JSON.stringify(truth));
	hold();
}

if (cluster.isPrimary) {
	main();
} else {
	process.on('message', () =>
		process.send(allocate(in_cluster_worker, 200003 + 1000 * Number(process.env.NUMBER))));
	process.send('started');
}
