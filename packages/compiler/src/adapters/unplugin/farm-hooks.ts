import type { JsPlugin } from "@farmfe/core";
import { formatDiagnostic } from "../../diagnostics/diagnostic.ts";
import type { Session } from "../session/session.ts";
import { inverse } from "./graph.ts";

export const farmHooks = (session: Session): Partial<JsPlugin> => ({
  configResolved({ root, compilation }) {
    session.rootedAt(root);
    session.forBrowser = compilation?.output?.targetEnv?.startsWith("browser") ?? true;
  },
  finalizeResources: {
    executor({ resourcesMap }) {
      const scripts = Object.values(resourcesMap).filter(({ resourceType }) => resourceType === "js");
      const left = session.leftInBrowser(
        session.forBrowser ? scripts.map(({ bytes }) => Buffer.from(bytes).toString()) : [],
        () => inverse(session.importEdges()),
      );
      if (left.length === 0) return undefined;
      const message = left.map(formatDiagnostic).join("\n\n");
      console.error(message); // Farm 1.7 aborts without the message of an error in this hook
      throw new Error(message);
    },
  },
});
