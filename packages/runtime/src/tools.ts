/** What the command `perdure` needs beyond the public API. Private: it may change with every version. */
export { checkOptions } from "@perdure/protocol";
export { openClient, programClient, type Client } from "./api/client.ts";
export { Build, type Verdict } from "./history/build.ts";
export { createCodec } from "./values/codec.ts";
export { workflowNames } from "./definitions/registry.ts";
export { workflowNameOf } from "./definitions/workflows.ts";
export { allRuns } from "./storage/all-runs.ts";
export { systemOwners } from "./process/owner.ts";
export { copyStore, schemaOf } from "@perdure/store";
