export { ABI_VERSION, module } from "./abi.ts";
