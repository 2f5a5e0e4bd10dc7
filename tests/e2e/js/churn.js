// SPDX-License-Identifier: Apache-2.0
// Functions that move and die while somebody reads them: thousands of evals and short-lived closures,
// each with a native allocation of its own, in a heap that is fragmented on purpose, so that V8
// compacts it. No flag is needed.
//   node churn.js [--turns=N]       runs N turns after a line on stdin, states what happened, ends with it
'use strict';

const { PerformanceObserver, constants } = require('node:perf_hooks');

const NR_TURNS = Number(/--turns=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 400);
const NR_HELD = 60000; // objects of the old generation that are replaced here and there
const NR_BUFFERS = 500;

const counts = { evals: 0, closures: 0, allocations: 0, scavenges: 0, majors: 0 };
const held = [];
const buffers = [];
const functions = [];

function native(size) {
	buffers[counts.allocations++ % NR_BUFFERS] = Buffer.allocUnsafeSlow(size);
	return size;
}

function by_eval(turn, i) {
	const name = `evaluated_${turn}_${i}`;
	const made = eval(`(function ${name}(size) {
		return 1 +
			native(size); // ${'x'.repeat(i)}
	})`);
	counts.evals++;
	// Some live for a while: they are promoted, and then moved.
	functions[(turn * 31 + i * 7) % 3000] = made;
	return made;
}

function by_constructor(turn, i) {
	counts.evals++;
	return new Function('native', 'size', `const a = ${turn + i};\n\nreturn a - a +\n native(size);`);
}

function closure(i) {
	counts.closures++;
	return (size) =>
		native(
			size + i);
}

// Every other object of a run dies: pages of the old generation are left half empty.
function fragment(turn) {
	for (let i = 0; i < NR_HELD / 20; i++) {
		const at = (turn * 7919 + i * 2) % NR_HELD;
		held[at] = { turn, i, text: `${turn}:${i}`, more: new Array(8 + (i & 63)).fill(i) };
	}
}

function one_turn(turn) {
	fragment(turn);
	for (let i = 0; i < 12; i++) {
		by_eval(turn, i)(52000 + i);
		by_constructor(turn, i)(native, 43000 + i);
		closure(i)(34000);
	}
	for (let i = 0; i < 20; i++)
		functions[(turn * 131 + i * 17) % 3000]?.(65000);
}

const observer = new PerformanceObserver((list) => {
	for (const entry of list.getEntries()) {
		const kind = entry.detail?.kind ?? entry.kind;
		if (kind === constants.NODE_PERFORMANCE_GC_MAJOR)
			counts.majors++;
		else if (kind === constants.NODE_PERFORMANCE_GC_MINOR)
			counts.scavenges++;
	}
});

function run(turn) {
	if (turn < NR_TURNS) {
		one_turn(turn);
		setImmediate(run, turn + 1);
		return;
	}
	setTimeout(() => {
		console.log(JSON.stringify(counts));
		console.log('done');
	}, 50);
}

observer.observe({ entryTypes: ['gc'] });
for (let turn = 0; turn < 40; turn++)
	fragment(turn);
process.stdin.once('data', () => run(0));
process.stdin.on('end', () => process.exit(0));
console.log('ready');
