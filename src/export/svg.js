/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flame graph, alive: fits the window, details under the pointer, zoom by click, search. What is
 * drawn already is all there is to know: the frames are read back from the document (svg_frames.c
 * says how they are written). Names are foreign; they only ever become text.
 *
 * The state is the fragment of the address, "#zoom=12&search=foo&icicle=1", and nothing else: a
 * click writes it, and what it says is drawn. So a view can be reloaded, linked and gone back from.
 */
"use strict";
(() => {
	const svg = document.currentScript.ownerSVGElement;
	const group = svg.getElementById("frames");
	const HTML = "http://www.w3.org/1999/xhtml", SVG = "http://www.w3.org/2000/svg";
	const MARGIN = 12, ROW = 18, PADDING = 4, MIN_WIDTH = 800, TOOLS_WIDTH = 530, TIP_WIDTH = 600;
	const base = +group.firstElementChild.querySelector("rect").getAttribute("y");
	const frames = [], frameOf = new Map();
	let deepest = 0, letter = 7.25, width = 1200, state = {};

	/* --- the tree, from what is drawn ---------------------------------------------------------- */

	/* Frames come parents first, so the next one of a depth begins where the one before ended. */
	const read = () => {
		const ends = [];
		for (const element of [...group.children]) {
			const [title, box, text] = [...element.children];
			const depth = (base - box.getAttribute("y")) / ROW;
			const value = +element.dataset.v, lines = title.textContent.split("\n");
			const start = ends[depth] ?? 0;
			ends[depth] = start + value;
			ends.length = depth + 1;
			ends.push(start);
			deepest = Math.max(deepest, depth);
			element.setAttribute("aria-label", lines.join(", "));
			title.remove();
			frames.push({ element, box, text, lines, depth, value, start, index: frames.length });
		}
		/* last: the last frame of what is above */
		const open = [];
		for (const frame of frames) {
			open.length = frame.depth;
			for (const below of open) below.last = frame.index;
			frame.last = frame.index;
			open.push(frame);
			frameOf.set(frame.element, frame);
		}
	};

	/* --- state --------------------------------------------------------------------------------- */

	const readState = () => {
		const words = new URLSearchParams(location.hash.slice(1));
		const zoom = Math.trunc(Number(words.get("zoom")));
		return {
			zoom: zoom > 0 && zoom < frames.length ? zoom : 0,
			search: words.get("search") ?? "",
			icicle: words.get("icicle") === "1",
		};
	};

	/* With @keep the way back leads to this view, and not through each letter of a search. */
	const go = (change, keep = true) => {
		const next = { ...state, ...change }, words = new URLSearchParams();
		if (next.zoom) words.set("zoom", next.zoom);
		if (next.search) words.set("search", next.search);
		if (next.icicle) words.set("icicle", "1");
		const hash = "#" + words;
		state = next;
		if (hash !== (location.hash || "#")) {
			try {
				history[keep ? "pushState" : "replaceState"](null, "", hash);
			} catch {
				/* a document without an address of its own keeps its state to itself */
			}
		}
		draw();
	};

	/* --- drawing ------------------------------------------------------------------------------- */

	const set = (element, name, value) => {
		if (element.getAttribute(name) !== value) element.setAttribute(name, value);
	};

	/* East Asian characters are two letters wide, as xml.c has it. */
	const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{10ffff}]/u;
	const fit = (name, columns) => {
		if (columns < 3) return "";
		let used = 0, fitting = 0;
		for (const character of name) {
			used += WIDE.test(character) ? 2 : 1;
			if (used > columns) return name.slice(0, fitting) + "\u2026";
			if (used < columns) fitting += character.length;
		}
		return name;
	};

	const place = (frame, x, w) => {
		const y = state.icicle ? base + (frame.depth - deepest) * ROW : base - frame.depth * ROW;
		const label = fit(frame.lines[0], Math.floor((w - 2 * PADDING) / letter));
		set(frame.box, "x", x.toFixed(2));
		set(frame.box, "y", String(y));
		set(frame.box, "width", w.toFixed(2));
		if (label && !frame.text) frame.text = frame.element.appendChild(document.createElementNS(SVG, "text"));
		if (!frame.text) return;
		if (frame.text.textContent !== label) frame.text.textContent = label;
		set(frame.text, "x", (x + PADDING).toFixed(2));
		set(frame.text, "y", String(y + 13));
	};

	const drawFrames = () => {
		const view = frames[state.zoom], all = width - 2 * MARGIN, scale = all / (view.value || 1);
		for (const frame of frames) {
			const inside = frame.index >= view.index && frame.index <= view.last;
			const around = frame.index < view.index && frame.last >= view.index;
			const w = around || frame === view ? all : frame.value * scale;
			const shown = around || (inside && w >= 0.1);
			frame.element.style.display = shown ? "" : "none";
			frame.element.classList.toggle("below", around);
			if (shown) place(frame, around ? MARGIN : MARGIN + (frame.start - view.start) * scale, w);
		}
	};

	/* Capitals count as soon as there are some in the pattern. */
	const pattern = () => {
		try {
			return new RegExp(state.search, /\p{Lu}/u.test(state.search.replace(/\\./g, "")) ? "u" : "iu");
		} catch {
			return null;
		}
	};

	/* What matches of the frame that is zoomed to. A frame above one that matched adds nothing. */
	const search = () => {
		const view = frames[state.zoom], wanted = state.search ? pattern() : null;
		let found = 0, nr = 0, counted = -1;
		group.classList.toggle("searching", !!wanted);
		for (const frame of frames) {
			const hit = !!wanted && wanted.test(frame.lines[0]);
			frame.element.classList.toggle("hit", hit);
			if (!hit || frame.index > view.last || frame.last < view.index) continue;
			nr++;
			if (frame.index <= counted) continue;
			counted = frame.last;
			found += frame.index <= view.index ? view.value : frame.value;
		}
		const share = view.value ? (100 * found) / view.value : 0;
		tools.input.classList.toggle("wrong", !!state.search && !wanted);
		tools.found.textContent = !state.search ? "" : !wanted ? "not a regular expression"
			: `${share.toFixed(share && share < 0.1 ? 3 : 1)}% matched`;
		tools.found.dataset.value = wanted ? found : "";
		tools.found.title = wanted ? `${nr} frames${state.zoom ? ", of the frame zoomed to" : ""}` : "";
	};

	const draw = () => {
		if (document.activeElement !== tools.input) tools.input.value = state.search;
		tools.reset.hidden = !state.zoom;
		tools.icicle.textContent = state.icicle ? "Flame" : "Icicle";
		hide();
		drawFrames();
		search();
	};

	/* --- search field and buttons -------------------------------------------------------------- */

	const make = (name, parent, properties) =>
		Object.assign(parent.appendChild(document.createElementNS(HTML, name)), properties);

	/* HTML inside the picture: what a picture has not. */
	const overlay = (y, w, h) => {
		const box = svg.appendChild(document.createElementNS(SVG, "foreignObject"));
		box.setAttribute("y", y);
		box.setAttribute("width", w);
		box.setAttribute("height", h);
		return { box, panel: make("div", box, { className: "panel" }) };
	};

	const makeTools = () => {
		const { box, panel } = overlay(8, TOOLS_WIDTH, 32);
		const bar = make("div", panel, { className: "bar" });
		const made = {
			box,
			found: make("span", bar, { className: "found" }),
			input: make("input", bar, {
				type: "search", placeholder: "Search (regular expression)", spellcheck: false,
				title: "Ctrl-F. Without capitals, case does not matter",
			}),
			reset: make("button", bar, { textContent: "Reset zoom", title: "Esc" }),
			icicle: make("button", bar, { title: "The root at the top, or at the bottom" }),
		};
		made.found.setAttribute("aria-live", "polite");
		made.input.setAttribute("aria-label", "Search");
		made.input.addEventListener("input", () => go({ search: made.input.value }, false));
		made.reset.addEventListener("click", () => go({ zoom: 0 }));
		made.icicle.addEventListener("click", () => go({ icicle: !state.icicle }));
		return made;
	};

	/* --- details ------------------------------------------------------------------------------- */

	const hide = () => {
		tip.box.style.display = "none";
	};

	const frameAt = (event) => frameOf.get(event.target.closest("#frames > g"));

	/* Beside the pointer, and inside the window. */
	const show = (frame, event) => {
		const area = svg.getBoundingClientRect(), scale = width / area.width;
		tip.card.replaceChildren();
		frame.lines.forEach((line, i) => make(i ? "div" : "b", make("div", tip.card, {}), { textContent: line }));
		tip.box.style.display = "";
		const size = tip.card.getBoundingClientRect();
		const left = Math.min(event.clientX + 14, innerWidth - size.width - 8);
		const below = event.clientY + 18 + size.height < innerHeight;
		const top = below ? event.clientY + 18 : Math.max(event.clientY - size.height - 10, 0);
		tip.box.setAttribute("x", (Math.max(left, 4) - area.left) * scale);
		tip.box.setAttribute("y", (top - area.top) * scale);
	};

	const makeTip = () => {
		const { box, panel } = overlay(0, TIP_WIDTH, 400);
		box.style.pointerEvents = "none";
		return { box, card: make("div", panel, { className: "tip" }) };
	};

	/* --- the window ---------------------------------------------------------------------------- */

	/* Before this the picture is 1200 wide; now a unit is a pixel, unless the window is too narrow. */
	const resize = () => {
		svg.setAttribute("width", "100%");
		const real = svg.getBoundingClientRect().width || 1200;
		const height = +svg.dataset.height;
		width = Math.max(real, MIN_WIDTH);
		svg.setAttribute("height", String((height * real) / width));
		svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
		tools.box.setAttribute("x", width - MARGIN - TOOLS_WIDTH);
	};

	/* The font may be narrower than the one that was reckoned with. */
	const measure = () => {
		const sample = group.appendChild(document.createElementNS(SVG, "text"));
		sample.textContent = "0".repeat(100);
		letter = sample.getComputedTextLength() / 100 || letter;
		sample.remove();
	};

	const onKey = (event) => {
		if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f") {
			event.preventDefault();
			tools.input.focus();
			tools.input.select();
		} else if (event.key === "Escape") {
			if (state.search) tools.input.value = "";
			go(state.search ? { search: "" } : { zoom: 0 });
		}
	};

	const follow = () => {
		const area = svg.getBoundingClientRect();
		tools.box.setAttribute("y", 8 + Math.max(0, -area.top * width / area.width));
	};

	svg.dataset.height = svg.getAttribute("height");
	read();
	const tools = makeTools(), tip = makeTip();
	group.addEventListener("click", (event) => {
		const frame = frameAt(event);
		if (frame) go({ zoom: frame.index });
	});
	group.addEventListener("mousemove", (event) => {
		const frame = frameAt(event);
		if (frame) show(frame, event);
	});
	group.addEventListener("mouseleave", hide);
	addEventListener("keydown", onKey);
	addEventListener("scroll", () => { hide(); follow(); });
	addEventListener("resize", () => { resize(); draw(); });
	for (const change of ["popstate", "hashchange"])
		addEventListener(change, () => { state = readState(); draw(); });
	state = readState();
	measure();
	resize();
	draw();
})();
