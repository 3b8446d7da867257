import { basics } from "../functions/basics.ts";
import { claiming } from "../functions/claiming.ts";
import { commit } from "../functions/commit.ts";
import { flow } from "../functions/flow.ts";
import { line } from "../functions/line.ts";
import { requests } from "../functions/requests.ts";
import { schedules } from "../functions/schedules.ts";
import { starting } from "../functions/starting.ts";
import { streams } from "../functions/streams.ts";
import { tables } from "./001-tables.ts";

export interface Migration {
  readonly sql: string;
  /** Programs that do not know this version must not use the store any more. */
  readonly breaking: boolean;
}

const meta = `
CREATE TABLE @.meta (
  one         boolean PRIMARY KEY DEFAULT true CHECK (one),
  version     integer NOT NULL,
  min_version integer NOT NULL
);
`;

/** Each version of the schema, from 1. A released one never changes; a change is a new one, and adds only, so that older programs can go on. */
export const migrations: readonly Migration[] = [
  {
    sql: [meta, basics, tables, line, streams, starting, claiming, commit, requests, flow, schedules].join(""),
    breaking: true,
  },
];
