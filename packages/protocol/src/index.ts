export * from "./abi.ts";
export * from "./code-history.ts";
export * from "./compare.ts";
export * from "./errors.ts";
export * from "./manifest.ts";
export * from "./messages.ts";
export * from "./renames.ts";
export * from "./step-id.ts";
