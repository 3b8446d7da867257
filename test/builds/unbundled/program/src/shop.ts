export * from "./tasks.ts";
export { packAll as packEverything } from "./packing.ts";
