export { ABI_VERSION, module } from "./compiled/module.ts";
