/** Where the time goes: the functions in which some work spends most of it. */
import { readFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";

const MOST = 10;
const PROFILER = "the profiler";

/** The ten functions with the most time of their own, with their share of the whole. Time in which nothing runs is left out. */
export async function profileOf(work) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  await work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();

  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const taken = new Map();
  profile.samples.forEach((id, index) => {
    const name = nameOf(frames.get(id));
    taken.set(name, (taken.get(name) ?? 0) + profile.timeDeltas[index]);
  });
  for (const name of ["(idle)", PROFILER]) taken.delete(name);
  const whole = [...taken.values()].reduce((sum, each) => sum + each, 0);
  return [...taken]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MOST)
    .map(([name, microseconds]) => ({ name, share: microseconds / whole }));
}

function nameOf({ functionName, url, lineNumber }) {
  // what the profiler itself does; on Node 20 it has no file
  if (url === "node:inspector" || (url === "" && functionName === "dispatch")) return PROFILER;
  if (url === "")
    return functionName === "" || functionName === "Statement" ? "native functions of better-sqlite3" : functionName;
  const name = functionName === "" ? "(anonymous)" : functionName;
  return `${name} · ${url.startsWith("file:") ? placeOf(fileURLToPath(url), lineNumber) : url}`;
}

const regions = new Map();

/** The source file of a line in the built packages: the bundler left a comment above what is of one. Otherwise the end of the path. */
function placeOf(file, line) {
  if (!regions.has(file)) regions.set(file, regionsOf(file));
  const above = regions.get(file).findLast((region) => region.line <= line);
  return (above?.source ?? file)
    .split("/")
    .filter((part) => !["..", "src"].includes(part))
    .slice(-3)
    .join("/");
}

const regionsOf = (file) =>
  readFileSync(file, "utf8")
    .split("\n")
    .flatMap((text, line) =>
      text.startsWith("//#region ") ? [{ line, source: text.slice("//#region ".length) }] : [],
    );
