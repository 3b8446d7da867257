import type { JSX } from "preact";
import { isFiltered, type RunFilter } from "../model/filter.ts";
import { countOf } from "../model/format.ts";
import { toRuns } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import { Message, Problem } from "../parts/text.tsx";
import { useKeys } from "../parts/use-keys.ts";
import { FilterBar } from "./filter-bar.tsx";
import { RunTable } from "./run-table.tsx";
import { useRunList } from "./use-run-list.ts";

export function RunsPage({ filter }: { filter: RunFilter }): JSX.Element {
  const { list, problem, show } = useRunList(filter);
  useKeys({
    Escape: () => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    },
  });
  return (
    <>
      <div class="page-head">
        <h1>Runs</h1>
        <p class="muted" role="status">
          {list && `${countOf(list.runs.length, "run")}${list.hasMore ? " loaded, more as you scroll" : ""}`}
        </p>
      </div>
      <FilterBar filter={filter} />
      {problem !== undefined && <Problem text={problem} />}
      {list && (list.runs.length > 0 ? <RunTable list={list} onShow={show} /> : <NoRuns filter={filter} />)}
      {!list && problem === undefined && <p class="muted">Reading the runs…</p>}
    </>
  );
}

function NoRuns({ filter }: { filter: RunFilter }): JSX.Element {
  const store = useInspector().overview.value?.store;
  if (isFiltered(filter))
    return (
      <Message title="No run matches this filter.">
        <p>
          <a href={toRuns()}>Show all runs</a>
        </p>
      </Message>
    );
  return (
    <Message title="There are no runs yet.">
      <p>
        A run appears here as soon as a program calls a function with <code>"use workflow"</code> and writes to{" "}
        <code>{store ?? "this store"}</code>.
      </p>
      <p>
        Does your program write elsewhere? Its store is what <code>configure({"{ store }"})</code> or{" "}
        <code>$PERDURE_STORE</code> names: <code>perdure inspect --store sqlite:path/to/file.db</code>.
      </p>
    </Message>
  );
}
