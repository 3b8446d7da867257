export { restate, type Restate, type RestateRun } from "./client.ts";
export { restateServices, serve, type Served, type ServeOptions } from "./serve.ts";
export type { ServiceOptions } from "./service.ts";
