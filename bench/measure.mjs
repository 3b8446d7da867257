/**
 * Measures one workload once, and prints what its sides take as JSON: node --expose-gc measure.mjs FILE NAME limit-first|perdure-first,
 * where FILE has the workloads.
 * With `profile` in place of the order it prints where the time of Perdure's side goes, or that of both where they are measured in turn.
 */
import { partsOf } from "./figures.mjs";
import { profileOf } from "./profile.mjs";
import { profileWith } from "./raw.mjs";

const [, , file, name, order] = process.argv;
const { workloads } = await import(`./${file}`);
const workload = workloads.find((each) => partsOf(each)[0].name === name);
console.log(JSON.stringify(await (workload.both ? bothSides() : eachSide())));

async function bothSides() {
  return order === "profile" ? { perdure: await profileOf(() => workload.both()) } : workload.both();
}

async function eachSide() {
  if (order === "profile") profileWith(profileOf);
  const sides = ["limit", "perdure"].filter((side) => workload[side] && (order !== "profile" || side === "perdure"));
  const taken = {};
  for (const side of order === "limit-first" ? sides : sides.toReversed()) {
    gc();
    taken[side] = await workload[side]();
  }
  return taken;
}
