// Opens an archived page of a WACZ file in ReplayWeb.page, in a headless Chromium, and prints what
// a reader sees there as one line of JSON. It judges nothing: tests/whole_browser.rs does.
//
// node replay.mjs <node_modules> <chromium> <file.wacz> <url of the page> <seconds to wait>
//
// Serves on loopback; the browser resolves no other host.

import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const [modules, named, wacz, url, seconds] = process.argv.slice(2);
const puppeteer = createRequire(path.resolve(modules, "here.js"))("puppeteer-core");
const viewer = path.join(modules, "replaywebpage");
// Puppeteer wants a path where a shell takes a name.
const chromium = named.includes("/")
  ? named
  : process.env.PATH.split(path.delimiter)
      .map((folder) => path.join(folder, named))
      .find((file) => existsSync(file));
const patience = Number(seconds) * 1000;

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
const page = `<!doctype html><meta charset="utf-8"><title>replay</title>
<style>body { margin: 0 } replay-web-page { display: block; height: 100vh }</style>
<script src="/ui.js"></script>
<replay-web-page source="/all.wacz" url="${escaped(url)}" replayBase="/replay/" embed="replayonly">
</replay-web-page>`;

const files = {
  "/ui.js": [path.join(viewer, "ui.js"), "text/javascript"],
  "/replay/ui.js": [path.join(viewer, "ui.js"), "text/javascript"],
  "/replay/sw.js": [path.join(viewer, "sw.js"), "text/javascript"],
  "/all.wacz": [wacz, "application/wacz"],
};
let ranges = 0;
const missing = [];

/** One file, or the part of it that a single range asks for. */
function send(request, response, file, type) {
  const size = statSync(file).size;
  const headers = { "Content-Type": type, "Accept-Ranges": "bytes" };
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
  let [start, end, status] = [0, size - 1, 200];
  if (range && (range[1] || range[2])) {
    if (range[1]) {
      start = Number(range[1]);
      if (range[2]) end = Math.min(end, Number(range[2]));
    } else {
      start = Math.max(0, size - Number(range[2]));
    }
    if (start > end) {
      response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
      return;
    }
    status = 206;
    ranges += 1;
    headers["Content-Range"] = `bytes ${start}-${end}/${size}`;
  }
  headers["Content-Length"] = end - start + 1;
  response.writeHead(status, headers);
  if (request.method === "HEAD") response.end();
  else createReadStream(file, { start, end }).pipe(response);
}

const server = createServer((request, response) => {
  const wanted = new URL(request.url, "http://localhost").pathname;
  const file = files[wanted];
  if (file) send(request, response, ...file);
  else if (wanted === "/" || wanted === "/worker")
    response
      .writeHead(200, { "Content-Type": "text/html; charset=utf-8" })
      .end(wanted === "/" ? page : "<!doctype html>");
  else if (wanted === "/favicon.ico") response.writeHead(204).end();
  else {
    missing.push(wanted);
    response.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
// `localhost` is a secure context, which a service worker needs.
const root = `http://localhost:${server.address().port}/`;

/** Runs in a page of this server: starts the viewer's worker and waits until it answers. */
async function start() {
  const { installing, waiting, active } = await navigator.serviceWorker.register(
    "/replay/sw.js?serveIndex=1",
    { scope: "/replay/" },
  );
  const worker = active ?? waiting ?? installing;
  while (worker.state !== "activated")
    await new Promise((ready) => worker.addEventListener("statechange", ready, { once: true }));
}

/** Runs in the archived page: what is there to be seen. Nothing before its heading is. */
function seen() {
  const visible = (element) =>
    element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) &&
    element.getBoundingClientRect().height > 0;
  const words = (element) => element.innerText.replace(/\s+/g, " ").trim();
  const all = (names) => [...document.querySelectorAll(names)].filter(visible);
  const headings = all("h1").map(words).filter(Boolean);
  const images = [...document.images];
  if (document.readyState !== "complete" || !headings.length) return null;
  if (images.some((image) => !image.complete)) return null;
  return {
    title: document.title,
    headings,
    text: words(document.body),
    images: images
      .filter(visible)
      .map((image) => ({ src: image.getAttribute("src"), width: image.naturalWidth })),
  };
}

/** Runs in the viewer's frame: the width of the image at this address, 0 where there is none. */
async function width(address) {
  const answer = await fetch(address);
  const bitmap = answer.ok && (await createImageBitmap(await answer.blob()).catch(() => null));
  return bitmap ? bitmap.width : 0;
}

const profile = mkdtempSync(path.join(tmpdir(), "khobao-browser-"));
const browser = await puppeteer.launch({
  executablePath: chromium,
  userDataDir: profile,
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
  ],
});
const complaints = [];
let found = null;
let frames = [];
try {
  const tab = await browser.newPage();
  tab.on("console", (line) => {
    if (line.type() === "error") complaints.push(line.text());
  });
  tab.on("pageerror", (error) => complaints.push(String(error)));
  // The viewer's frame asks for /replay/ as soon as the worker that answers it is registered, which
  // may be before it is active: so the worker comes first, the viewer after it.
  await tab.goto(`${root}worker`);
  await tab.evaluate(start);
  await tab.goto(root);
  const end = Date.now() + patience;
  while (!found && Date.now() < end) {
    frames = tab.frames().map((frame) => frame.url());
    // The replayed page is the frame whose address ends with `mp_/` and the page's own.
    const replay = tab.frames().find((frame) => frame.url().endsWith(`mp_/${url}`));
    // A frame may go away while it is asked: then it is asked again.
    found = (await replay?.evaluate(seen).catch(() => null)) ?? null;
    if (!found) await new Promise((ready) => setTimeout(ready, 100));
    // Each image's newest capture too, whichever the page of this time has taken.
    for (const image of found?.images ?? []) {
      const collection = replay.url().replace(/\d*mp_\/.*$/, "");
      const newest = `${collection}29991231235959im_/${new URL(image.src, url)}`;
      image.newest = await replay.parentFrame().evaluate(width, newest);
    }
  }
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
console.log(JSON.stringify({ found, frames, ranges, missing, complaints }));
