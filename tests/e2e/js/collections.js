// SPDX-License-Identifier: Apache-2.0
// Makes collections of all kinds once a line arrives on stdin, and says "done" when there were
// enough, with the milliseconds since its start when it began. With the argument "worker" two workers
// do so too, each with a heap of its own; with "observe" it says what Node's own observer counted.
'use strict';
const { PerformanceObserver } = require('node:perf_hooks');
const { Worker, isMainThread, workerData } = require('node:worker_threads');

const ROUNDS = 280;
let held = [];

function allocate(round) {
	const objects = [];
	for (let i = 0; i < 30000; i++)
		objects.push({ number: i, list: [i, round], text: 'round ' + i });
	held.push(objects.slice(0, 5000));
	if (round % 15 === 14)
		held = [];
	if (round % 10 === 9 && global.gc)
		global.gc();
	if (round % 10 === 4 && global.gc && process.argv.includes('minor'))
		global.gc({ type: 'minor' });
	if (round % 20 === 7) // outside the heap: external memory pressure
		for (let i = 0; i < 40; i++)
			new ArrayBuffer(1 << 20);
}

function work(done) {
	let round = 0;
	(function next() {
		allocate(round++);
		if (round < ROUNDS)
			setTimeout(next, 1);
		else
			done();
	})();
}

if (!isMainThread) {
	work(() => {});
} else {
	console.log('ready');
	const seen = { 1: 0, 4: 0 }; // by kind: minor, major
	const observer = new PerformanceObserver((list) => {
		for (const entry of list.getEntries())
			seen[entry.detail.kind]++;
	});
	if (process.argv.includes('observe'))
		observer.observe({ entryTypes: ['gc'] });
	process.stdin.once('data', () => {
		seen[1] = seen[4] = 0;
		const begin = Math.round(performance.now());
		const count = process.argv.includes('worker') ? 2 : 0;
		const ends = [new Promise((resolve) => work(resolve))];
		for (let i = 0; i < count; i++)
			ends.push(new Promise((resolve) =>
				new Worker(__filename).once('exit', resolve)));
		Promise.all(ends).then(() =>
			setTimeout(() => console.log(`done ${begin} ${seen[1]} ${seen[4]}`), 100));
	});
	process.stdin.once('end', () => process.exit(0));
}
