import { randomUUID } from "node:crypto";
import type { Write } from "@perdure/store/contract";
import { encodeJson, encodeText } from "../connection/text.ts";
import { orReplaceOpen } from "../functions/commit.ts";
import { asWritten, valuesOf, WRITTEN } from "../rows/steps.ts";
import { asAppended } from "../rows/streams.ts";
import type { Plain, Sent } from "./batch.ts";
import type { Held } from "./held.ts";
import type { Session } from "./session.ts";

const columns = Object.keys(WRITTEN);
const types = Object.values(WRITTEN);

/** The row of the run is locked, so that a step is written under the epoch that the run has. */
const PUT_ONE = `INSERT INTO @.steps (run, ${columns.join(", ")})
  SELECT number, ${types.map((type, place) => `$${place + 3}::${type}`).join(", ")}
  FROM @.runs WHERE number = $1 AND epoch = $2 AND owner IS NOT NULL FOR NO KEY UPDATE
  ${orReplaceOpen}`;

const PUT_MANY = `INSERT INTO @.steps (run, ${columns.join(", ")})
  SELECT r.number, ${columns.map((column) => `s.${column}`).join(", ")}
  FROM unnest($1::bigint[], $2::integer[], ${types.map((type, place) => `$${place + 3}::${type}[]`).join(", ")}) AS s (run, epoch, ${columns.join(", ")})
  JOIN @.runs r ON r.number = s.run AND r.epoch = s.epoch AND r.owner IS NOT NULL FOR NO KEY UPDATE OF r
  ${orReplaceOpen} RETURNING run, id`;

/** Which of these checkpoints are there, exactly so: the first of two attempts to write them has done it. */
const ARE_THERE = `SELECT s.run, s.id
  FROM unnest($1::bigint[], $2::integer[], ${types.map((type, place) => `$${place + 3}::${type}[]`).join(", ")}) AS w (run, epoch, ${columns.join(", ")})
  JOIN @.steps s ON s.run = w.run AND @.short(s.id) = @.short(w.id)
  WHERE ${columns.map((column) => `s.${column} IS NOT DISTINCT FROM w.${column}`).join(" AND ")}`;

/** One statement for all writes. */
export async function commit(
  session: Session,
  writes: readonly Write[],
  batch: string = randomUUID(),
): Promise<boolean[]> {
  const { batches, held } = session;
  if (writes.length === 0) return [];
  const known = batches.get(batch);
  if (known && "answers" in known) return known.answers;
  const sent = known?.sent ?? planned(held, writes);
  batches.set(batch, { sent });
  const answers = sent.plain
    ? await putSteps(session, sent.plain, known !== undefined)
    : await apply(session, writes, sent.isNext, batch);
  batches.set(batch, { answers });
  return answers;
}

function planned(held: Held, writes: readonly Write[]): Sent {
  const isNext = writes.map((write) => takesNext(held, write));
  return { isNext, plain: plainSteps(held, writes, isNext) };
}

/** Whether the write has a `seq` above all that its run has. */
function takesNext(held: Held, write: Write): boolean {
  if (write.type !== "step" || write.step.seq === undefined) return false;
  return held.isNext(write.run, write.epoch, write.step.seq);
}

/** The writes, if all of them are plain steps, no two of which are one. */
function plainSteps(held: Held, writes: readonly Write[], isNext: readonly boolean[]): Plain[] | undefined {
  const plain: Plain[] = [];
  const ids = new Set<string>();
  for (const [place, write] of writes.entries()) {
    if (write.type !== "step" || write.consume || write.leaves !== undefined) return undefined;
    if (write.step.seq !== undefined && isNext[place] !== true) return undefined;
    const number = held.numberOf(write.run, write.epoch);
    if (number === undefined || ids.has(`${number} ${write.step.id}`)) return undefined;
    ids.add(`${number} ${write.step.id}`);
    plain.push({ number, write });
  }
  return plain;
}

/** @param isAgain - they may have been written already */
async function putSteps({ database }: Session, plain: readonly Plain[], isAgain: boolean): Promise<boolean[]> {
  const [first] = plain;
  const rows = plain.map(({ write }) => valuesOf(write.step));
  if (first && plain.length === 1 && !isAgain)
    return [(await database.count(PUT_ONE, [first.number, first.write.epoch, ...(rows[0] ?? [])])) === 1];
  const values = [
    plain.map(({ number }) => number),
    plain.map(({ write }) => write.epoch),
    ...columns.map((_, place) => rows.map((row) => row[place])),
  ];
  const written = await database.rows<[number, string]>(PUT_MANY, values);
  if (isAgain) written.push(...(await database.rows<[number, string]>(ARE_THERE, values)));
  const done = new Set(written.map(([run, id]) => `${run} ${id}`));
  return plain.map(({ number, write }) => done.has(`${number} ${encodeText(write.step.id)}`));
}

async function apply(
  { database, held, now }: Session,
  writes: readonly Write[],
  isNext: readonly boolean[],
  batch: string,
): Promise<boolean[]> {
  const given = writes.map((write, place) => {
    if (write.type === "stream") return asAppended(write);
    if (write.type !== "step") return write;
    return { ...write, step: asWritten(write.step), ...(isNext[place] === true && { next: true }) };
  });
  const [answer] = await database.query<{ answers: boolean[] }>("SELECT @.commit($1, $2, $3) AS answers", [
    encodeJson(given),
    batch,
    now(),
  ]);
  for (const { type, run } of writes) if (type === "finish" || type === "release") held.forget(run);
  return answer?.answers ?? [];
}
