/** Measures one workload once, and prints what its sides take as JSON: node --expose-gc measure.mjs NAME limit-first|perdure-first */
import { partsOf } from "./figures.mjs";
import { workloads } from "./workloads.mjs";

const [, , name, order] = process.argv;
const workload = workloads.find((each) => partsOf(each)[0].name === name);
const sides = ["limit", "perdure"].filter((side) => workload[side]);
const taken = {};
for (const side of order === "limit-first" ? sides : sides.toReversed()) {
  gc();
  taken[side] = await workload[side]();
}
console.log(JSON.stringify(taken));
