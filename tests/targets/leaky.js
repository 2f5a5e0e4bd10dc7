// SPDX-License-Identifier: Apache-2.0
// The server of `make demo-node`: a plain HTTP server that grows. Three things hold memory: a session
// for every visitor, with a Buffer for what it uploads (the leak: nobody removes one), a cache of pages
// that keeps the last ones (bounded), and what a request needs while it is served (collected).
//   node leaky.js           serves at a port of its own choice, and says which on the first line
//   node leaky.js --visit PORT [PER_SECOND]   visits it until it is gone
'use strict';

const http = require('http');

const NR_PAGES = 100;
const UPLOAD_SIZE = 6000;

const sessions = new Map();
const pages = new Map();
let nr_visitors = 0;

function createSession(cookie) {
	const upload = Buffer.alloc(UPLOAD_SIZE);
	const session = { cookie, upload, visits: new Array(40).fill(nr_visitors) };
	sessions.set(cookie, session);
	return session;
}

function renderPage(path) {
	const page = { path, html: Buffer.from(`<p>${path}</p>`.repeat(200)) };
	pages.set(path, page);
	if (pages.size > NR_PAGES)
		pages.delete(pages.keys().next().value);
	return page;
}

function serve(request, response) {
	const page = pages.get(request.url) ?? renderPage(request.url);
	const session = createSession(`visitor-${nr_visitors++}`);
	response.setHeader('set-cookie', session.cookie);
	response.end(JSON.stringify({ page: page.html.toString(), visits: session.visits }));
}

function listen() {
	const server = http.createServer(serve);
	server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

function visit(port, per_second) {
	const agent = new http.Agent({ keepAlive: true });
	setInterval(() => {
		for (let i = 0; i < per_second / 50; i++) {
			const path = `/page/${Math.floor(Math.random() * 150)}`;
			http.get({ port, agent, path }, (response) => response.resume())
				.on('error', () => process.exit(0));
		}
	}, 1000 / 50);
}

if (process.argv[2] === '--visit')
	visit(Number(process.argv[3]), Number(process.argv[4] ?? 100));
else
	listen();
