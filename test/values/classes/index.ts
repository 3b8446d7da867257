export * from "./errors.ts";
export { default as Away } from "./errors.ts";
export * as other from "./same-names.ts";
