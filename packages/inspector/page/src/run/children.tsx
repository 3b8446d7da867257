import type { JSX } from "preact";
import type { RunPage } from "../../../src/api.ts";
import { toRuns } from "../model/route.ts";
import { StatusMark } from "../parts/icons.tsx";
import { Remark, RunLink, Time } from "../parts/text.tsx";
import { Duration } from "../runs/run-table.tsx";

/** The runs that this run has started. */
export function Children({ page: { run, children, hasMoreChildren } }: { page: RunPage }): JSX.Element | null {
  if (children.length === 0) return null;
  return (
    <section class="children">
      <h2>Child runs</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Child runs">
        <table class="is-stacked">
          <thead>
            <tr>
              <th scope="col">Status</th>
              <th scope="col">Run</th>
              <th scope="col">Workflow</th>
              <th scope="col">Created</th>
              <th scope="col">Duration</th>
              <th scope="col">Details</th>
            </tr>
          </thead>
          <tbody>
            {children.map((child) => (
              <tr key={child.id}>
                <td>
                  <StatusMark status={child.status} />
                </td>
                <td class="is-long">
                  <RunLink id={child.id} />
                </td>
                <td>{child.workflow}</td>
                <td>
                  <Time at={child.createdAt} />
                </td>
                <td>
                  <Duration run={child} />
                </td>
                <td class="is-long">
                  <Remark run={child} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {hasMoreChildren && (
        <p>
          <a href={toRuns({ parent: run.id })}>All child runs of this run</a>
        </p>
      )}
    </section>
  );
}
