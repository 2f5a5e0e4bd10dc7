/* SPDX-License-Identifier: Apache-2.0 */
/* A Chromium that does what it is told: a line of JSON on stdin, [name, argument...], is one call, a
 * line on stdout its answer, {value} or {error}. browser.py is the other end.
 *   node browser.js CHROMIUM SCRATCH        playwright-core is found by NODE_PATH */
"use strict";
const { chromium } = require("playwright-core");
const readline = require("node:readline");
const path = require("node:path");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync",
	"--allow-file-access-from-files", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const [, , executablePath, scratch] = process.argv;
let context = null, page = null, nr = 0, said = [];

const calls = {
	/* A page of its own for each test; {javaScriptEnabled, colorScheme, viewport, acceptDownloads}. */
	async open(options) {
		await context?.close();
		context = await chromium.launchPersistentContext(path.join(scratch, `user-${++nr}`),
			{ executablePath, headless: true, args: FLAGS, viewport: { width: 1200, height: 900 }, ...options });
		page = context.pages()[0] ?? await context.newPage();
		said = [];
		page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
		page.on("pageerror", (error) => said.push(`uncaught: ${error.message}`));
		page.on("dialog", (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
		page.on("request", (request) => {
			if (!/^(file|data|blob):/.test(request.url())) said.push(`request: ${request.url()}`);
		});
	},
	goto: async (url) => { await page.goto(url); },
	said: async () => said,
	evaluate: async (expression) => page.evaluate(expression),
	click: async (selector) => page.locator(selector).click({ timeout: 5000 }),
	hover: async (selector) => page.locator(selector).hover({ timeout: 5000 }),
	fill: async (selector, text) => page.locator(selector).fill(text, { timeout: 5000 }),
	press: async (key) => page.keyboard.press(key),
	reload: async () => { await page.reload(); },
	back: async () => { await page.goBack(); },
	resize: async (width, height) => page.setViewportSize({ width, height }),
	screenshot: async (file) => { await page.screenshot({ path: file }); },
	/* What a key makes the page save, as text. */
	async download(key) {
		const [download] = await Promise.all([page.waitForEvent("download", { timeout: 10000 }), page.keyboard.press(key)]);
		return require("node:fs").readFileSync(await download.path(), "utf8");
	},
};

(async () => {
	for await (const line of readline.createInterface({ input: process.stdin })) {
		const [name, ...args] = JSON.parse(line);
		let answer;
		try {
			answer = { value: (await calls[name](...args)) ?? null };
		} catch (error) {
			answer = { error: error.message };
		}
		process.stdout.write(JSON.stringify(answer) + "\n");
	}
	await context?.close();
})();
