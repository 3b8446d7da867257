import { close, complete, configure } from "perdure";
import { runId } from "../src/edition.ts";
import type { Approval } from "../src/model.ts";
import type { Workplace } from "./workplace.ts";

/** Approves the report, as the editor's click on the link would. Any process that can open the store may do this. */
export async function approve({ store }: Workplace): Promise<void> {
  const approval: Approval = { by: "Ada" };
  configure({ store: `sqlite:${store}` });
  await complete(runId, "approval", approval);
  await close();
}
