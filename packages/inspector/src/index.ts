export { inspectorHandler, type InspectorHandler, type InspectorOptions } from "./handler.ts";
export { serveInspector, type InspectorServer, type ServeOptions } from "./serve.ts";
export type { Authorize } from "./http/app.ts";
