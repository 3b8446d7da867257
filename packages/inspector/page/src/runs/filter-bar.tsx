import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { STATUSES, toggleStatus, type RunFilter } from "../model/filter.ts";
import { formatCount } from "../model/format.ts";
import { parseRoute, toRuns } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import { Icon } from "../parts/icons.tsx";

const DEBOUNCE = 250;

/**
 * Changes the filter in the address, so that it can be kept and sent to others. What is shown may be older than the address: it follows a little
 * later, and a change in between must not bring back what the one before has taken away.
 */
function go(change: (filter: RunFilter) => RunFilter): void {
  const route = parseRoute(location.hash);
  if (route.page === "runs") location.replace(toRuns(change(route.filter)));
}

export function FilterBar({ filter }: { filter: RunFilter }): JSX.Element {
  const overview = useInspector().overview.value;
  const workflows = new Set([
    ...(overview?.workflows ?? []),
    ...(filter.workflow === undefined ? [] : [filter.workflow]),
  ]);
  return (
    <form class="filters" role="search" aria-label="Filter runs" onSubmit={(event) => event.preventDefault()}>
      <SearchField filter={filter} />
      <label class="inline is-workflow-choice">
        <span class="name">Workflow</span>
        <select
          value={filter.workflow ?? ""}
          onChange={({ currentTarget: { value } }) =>
            go((now) => ({ ...now, workflow: value === "" ? undefined : value }))
          }
        >
          <option value="">all workflows</option>
          {[...workflows].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <TagField />
      <div class="chips" role="group" aria-label="Status">
        {STATUSES.map((status) => (
          <button
            key={status}
            type="button"
            class={`chip status is-${status}`}
            aria-pressed={filter.statuses.includes(status)}
            onClick={() => go((now) => toggleStatus(now, status))}
          >
            <Icon name={status} />
            {status} <span class="count">{formatCount(overview?.counts[status] ?? 0)}</span>
          </button>
        ))}
      </div>
      <Chosen filter={filter} />
    </form>
  );
}

/** What is chosen and has no button of its own, each with a button that takes it away. */
function Chosen({ filter }: { filter: RunFilter }): JSX.Element | null {
  const { tags, parent, schedule } = filter;
  if (tags.length === 0 && parent === undefined && schedule === undefined) return null;
  return (
    <div class="chips" role="group" aria-label="Chosen">
      {parent !== undefined && (
        <Removable label={`children of ${parent}`} onClick={() => go((now) => ({ ...now, parent: undefined }))} />
      )}
      {schedule !== undefined && (
        <Removable label={`schedule ${schedule}`} onClick={() => go((now) => ({ ...now, schedule: undefined }))} />
      )}
      {tags.map((tag) => (
        <Removable
          key={tag}
          label={`tag ${tag}`}
          onClick={() => go((now) => ({ ...now, tags: now.tags.filter((each) => each !== tag) }))}
        />
      ))}
    </div>
  );
}

const Removable = ({ label, onClick }: { label: string; onClick: () => void }): JSX.Element => (
  <button type="button" class="chip" aria-label={`Remove ${label}`} title={`Remove ${label}`} onClick={onClick}>
    <span class="cut">{label}</span>
    <Icon name="close" />
  </button>
);

/** The search of ids. The address follows when nobody has typed for a moment. */
function SearchField({ filter }: { filter: RunFilter }): JSX.Element {
  const [text, setText] = useState(filter.search);
  const { places } = useInspector();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (places.wantsSearch) field.current?.focus();
    places.wantsSearch = false;
  }, []);
  const latest = useRef(filter);
  latest.current = filter;
  // what the address says counts only where it does not come from here: somebody may have typed on meanwhile
  const sent = useRef(filter.search);
  useLayoutEffect(() => {
    if (filter.search !== sent.current) setText(filter.search);
    sent.current = filter.search;
  }, [filter.search]);
  useEffect(() => {
    if (text === latest.current.search) return;
    const timer = setTimeout(() => {
      sent.current = text;
      go((now) => ({ ...now, search: text }));
    }, DEBOUNCE);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="inline is-search">
      <span class="name">Search</span>
      <input
        ref={field}
        type="search"
        class="mono"
        placeholder="part of an id"
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        data-search
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </label>
  );
}

function TagField(): JSX.Element {
  const [text, setText] = useState("");
  return (
    <label class="inline is-tag">
      <span class="name">Tag</span>
      <input
        type="text"
        placeholder="tag, then Enter"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          const tag = text.trim();
          if (event.key !== "Enter" || tag === "") return;
          setText("");
          go((now) => ({ ...now, tags: [...new Set([...now.tags, tag])] }));
        }}
      />
    </label>
  );
}
