// SPDX-License-Identifier: Apache-2.0
// The truth of JavaScript names: each case allocates a size that nobody else does and states the stack
// that V8 gives for that moment, one line of JSON for each.
//   node truth.js [--warm=N] [--long=FILE]       N runs of each case before the one that counts
// Says "ready", waits for a line, runs, states, says "done", and ends with its stdin. --long: cases out
// of one more script, which the test wrote.
'use strict';

const { fileURLToPath } = require('node:url');
const { next_line, hold } = require('./stdin.js');
const { warm, measure } = require('./take.js');

const FIRST_SIZE = 300007;
const STEP = 1009;

function option(name, otherwise) {
	const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
	return given?.slice(name.length + 3) ?? otherwise;
}

async function all_cases() {
	const files = ['functions', 'classes', 'callbacks', 'compiled', 'async', 'latin1', 'unicode'];
	const cases = files.flatMap((name) => require(`./cases/${name}.js`));
	const long = option('long');
	if (long)
		cases.push(...require(long));
	cases.push(...(await import('./cases/module.mjs')).default);
	return cases;
}

function path_of(file) {
	return file?.startsWith('file://') ? fileURLToPath(file) : file;
}

async function main() {
	const cases = await all_cases();
	await warm(cases, Number(option('warm', '0')));
	console.log('ready');
	await next_line();
	for (const truth of await measure(cases, FIRST_SIZE, STEP)) {
		truth.frames = truth.frames.map(([name, file, line]) => [name, path_of(file), line]);
		console.log(JSON.stringify(truth));
	}
	hold();
}

main();
