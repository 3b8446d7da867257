export * from "./abi.ts";
export * from "./duration.ts";
export * from "./errors.ts";
export * from "./manifest.ts";
export * from "./messages.ts";
export * from "./step-id.ts";
export * from "./system-time.ts";
