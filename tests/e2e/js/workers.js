// SPDX-License-Identifier: Apache-2.0
// Several isolates in one process: the main thread and two workers allocate outside V8's heap, each in a
// function of its own and in one that they share, all by sizes of their own.
// Says "ready", waits for a line, runs, states {"site", "size", "count"} for each, says "done".
'use strict';

const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { next_line, hold } = require('./stdin.js');

const COUNT = 40;
const kept = [];

function shared_function(size) {
	kept.push(
		Buffer.allocUnsafeSlow(size));
}

function in_main(size) {
	for (let i = 0; i < COUNT; i++)
		kept.push(
			Buffer.allocUnsafeSlow(size));
}

function in_first_worker(size) {
	for (let i = 0; i < COUNT; i++)
		kept.push(
			Buffer.allocUnsafeSlow(size));
}

function in_second_worker(size) {
	for (let i = 0; i < COUNT; i++)
		kept.push(
			Buffer.allocUnsafeSlow(size));
}

// What a thread does, by its number; its truth.
function allocate(number) {
	const own = [in_main, in_first_worker, in_second_worker][number];
	const size = 200003 + 3000 * number;
	own(size);
	for (let i = 0; i < COUNT; i++)
		shared_function(size + 1000);
	return [
		{ site: own.name, size, count: COUNT },
		{ site: shared_function.name, size: size + 1000, count: COUNT },
	];
}

function message_of(worker) {
	return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

async function main() {
	const workers = [1, 2].map((number) => new Worker(__filename, { workerData: number }));
	await Promise.all(workers.map(message_of));
	console.log('ready');
	await next_line();
	const answers = workers.map(message_of);
	for (const worker of workers)
		worker.postMessage('go');
	for (const truth of [allocate(0), ...await Promise.all(answers)].flat())
		console.log(JSON.stringify(truth));
	hold();
}

if (isMainThread) {
	main();
} else {
	parentPort.on('message', () => parentPort.postMessage(allocate(workerData)));
	parentPort.postMessage('started');
}
