// An argument that another branch changes between the call and an attempt that begins later: after a crash, or when it is tried again.
import { at, begin, work } from "world";

async function ok(l, ...more) {
  "use task: retries=0";
  return work("ok", l, more);
}

export async function flow(p) {
  "use workflow";
  const c = begin();
  const both = await Promise.all([ok(at(p + ".1"), c.log), ok(at(p + ".2")).then((v) => c.log.push(v))]);
  return both;
}
