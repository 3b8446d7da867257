/** Measures one workload once, and prints the milliseconds as JSON: node measure.mjs NAME limit-first|perdure-first */
import { workloads } from "./workloads.mjs";

const [, , name, order] = process.argv;
const workload = workloads.find((each) => each.name === name);
const taken = {};
for (const side of order === "limit-first" ? ["limit", "perdure"] : ["perdure", "limit"])
  taken[side] = await workload[side]();
console.log(JSON.stringify(taken));
