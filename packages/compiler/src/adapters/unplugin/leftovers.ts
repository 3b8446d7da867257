import type { Session } from "../session/session.ts";
import { importersOf } from "./graph.ts";
import { reportAtEnd } from "./report.ts";

type Output = { readonly type: "chunk"; readonly code: string } | { readonly type: "asset" };

/** Fails a browser build of Rollup's relatives if durable functions are left in its chunks. */
export function refuseLeftovers(context: object, session: Session, bundle: Readonly<Record<string, Output>>): void {
  const chunks = Object.values(bundle).flatMap((each) => (each.type === "chunk" ? [each.code] : []));
  reportAtEnd(
    context,
    session.leftInBrowser(chunks, () => importersOf(context, session)),
    session.root,
  );
}
