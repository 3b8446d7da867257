export * from "./abi.ts";
export * from "./directive.ts";
export * from "./errors.ts";
export * from "./manifest.ts";
export * from "./messages.ts";
export * from "./step-id.ts";
