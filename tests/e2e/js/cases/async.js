// SPDX-License-Identifier: Apache-2.0
// What the event loop calls: promise jobs, timers, ticks, and functions that an await suspends.
'use strict';

const { take } = require('../take.js');

async function before_await(size) {
	const taken =
		take(size);
	await null;
	return taken;
}

async function after_await(size) {
	await null;
	return 1 +
		take(size);
}

// Of its own, since after_await() resumed has one and the same stack whoever waits for it.
async function awaited(size) {
	await null;
	return take(
		size);
}

async function awaits_another(size) {
	const one = await
		awaited(size);
	return one;
}

const arrow_after_await = async (size) => {
	await null;
	await null;
	take(
		size);
};

async function* async_generator(size) {
	yield 1;
	yield take(
		size);
}

async function for_await(size) {
	let sum = 0;
	for await (const value of
		async_generator(size))
		sum += value;
	return sum;
}

function promise_job(size) {
	return Promise.resolve(size)
		.then((value) =>
			take(
				value));
}

function promise_executor(size) {
	return new Promise((resolve) => {
		resolve(
			take(size));
	});
}

function thenable(size) {
	return Promise.resolve({
		then(resolve) {
			resolve(
				take(size));
		},
	});
}

function timeout(size) {
	return new Promise((resolve) => {
		setTimeout(function on_timeout(value) {
			resolve(
				take(value));
		}, 0, size);
	});
}

function immediate(size) {
	return new Promise((resolve) => {
		setImmediate(() =>
			resolve(
				take(size)));
	});
}

function tick(size) {
	return new Promise((resolve) => {
		process.nextTick(function on_tick() {
			resolve(
				take(size));
		});
	});
}

function microtask(size) {
	return new Promise((resolve) => {
		queueMicrotask(() => {
			resolve(
				take(size));
		});
	});
}

module.exports = [
	before_await, after_await, awaits_another, arrow_after_await, for_await, promise_job,
	promise_executor, thenable, timeout, immediate, tick, microtask,
].map((run) => ({ name: run.name, run }));
