/**
 * Measures one workload once, and prints what its sides take as JSON: node --expose-gc measure.mjs NAME limit-first|perdure-first
 * With `profile` in place of the order it prints where the time of Perdure's side goes.
 */
import { partsOf } from "./figures.mjs";
import { profileOf } from "./profile.mjs";
import { profileWith } from "./raw.mjs";
import { workloads } from "./workloads.mjs";

const [, , name, order] = process.argv;
const workload = workloads.find((each) => partsOf(each)[0].name === name);
if (order === "profile") profileWith(profileOf);
const sides = ["limit", "perdure"].filter((side) => workload[side] && (order !== "profile" || side === "perdure"));
const taken = {};
for (const side of order === "limit-first" ? sides : sides.toReversed()) {
  gc();
  taken[side] = await workload[side]();
}
console.log(JSON.stringify(taken));
