import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { Context } from "hono";
import { refusal } from "./refusal.ts";

/** The files that the page is built into. */
const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "app.js": "text/javascript; charset=utf-8",
  "app.css": "text/css; charset=utf-8",
  "favicon.svg": "image/svg+xml",
};

/** Beside the bundle of the package `perdure`; where the sources are run, where they are built to. */
const directory = ["./page/", "../../dist/page/"]
  .map((path) => new URL(path, import.meta.url))
  .find((path) => existsSync(new URL("index.html", path)));

interface File {
  readonly content: Buffer;
  readonly tag: string;
}

const read = new Map<string, File>();

function fileOf(name: string): File {
  const known = read.get(name);
  if (known) return known;
  if (!directory) throw refusal(500, "PAGE_MISSING", "the page of the inspector is not built\n  → npm run build");
  const content = readFileSync(new URL(name, directory));
  const file = { content, tag: `"${createHash("sha256").update(content).digest("base64url").slice(0, 20)}"` };
  read.set(name, file);
  return file;
}

/** A file of the page. */
export function pageFile(context: Context): Response {
  const name = context.req.path === "/" ? "index.html" : context.req.path.slice(1);
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type === undefined) throw refusal(404, "NOT_FOUND", `there is no ${context.req.path}`);
  const { content, tag } = fileOf(name);
  const headers = { "content-type": type, "cache-control": "no-cache", etag: tag };
  if (context.req.header("if-none-match") === tag) return context.body(null, 304, headers);
  return context.body(new Uint8Array(content), 200, headers);
}
