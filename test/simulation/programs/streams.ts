/** Runs that write to streams. */
import { sleep, writable } from "perdure";
import { stage, type Spoken, type Telling, type Told } from "./stage.ts";

/** Writes to a stream in the body of a workflow, and remembers what. */
class Speaker {
  readonly texts: string[] = [];
  private readonly writer: WritableStreamDefaultWriter<Spoken>;

  constructor(stream: string) {
    this.writer = writable<Spoken>(stream).getWriter();
  }

  say(text: string): Promise<void> {
    return this.writer.write({ n: this.texts.push(text) - 1, text });
  }

  get count(): number {
    return this.texts.length;
  }

  close(): Promise<void> {
    return this.writer.close();
  }

  abort(reason: Error): Promise<void> {
    return this.writer.abort(reason);
  }
}

interface Said {
  /** What the body has written, by stream. */
  readonly said: Readonly<Record<string, readonly string[]>>;
}

// --- tasks

async function tells(stream: string, telling: Telling): Promise<Told> {
  "use task: retries=3, backoff=constant(500ms)";
  return await stage().tell(stream, telling, 3);
}

/** An attempt that takes longer than the limit is made again, and may write all the same. */
async function tellsInTime(stream: string, telling: Telling): Promise<Told> {
  "use task: retries=8, backoff=constant(200ms), timeout=2s";
  return await stage().tell(stream, telling, 8);
}

async function tellsOnce(stream: string, telling: Telling): Promise<Told> {
  "use task: retries=0";
  return await stage().tell(stream, telling, 0);
}

async function outer(stream: string, telling: Telling): Promise<Told> {
  "use task: retries=9, backoff=constant(200ms)";
  return await stage().tell(stream, { ...telling, deed: "works" }, 9, () =>
    Promise.all([tellsOnce(stream, telling), tells("other", { ...telling, deed: "fails at first" })]),
  );
}

// --- workflows

export async function story(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const body = new Speaker("default");
  await body.say("once");
  await tells("default", { chunks: 6, deed: "fails at first", after: body.count });
  await body.say("upon");
  await body.say("a time");
  await sleep("5s");
  await tells("default", { chunks: 4, keep: true, deed: "fails at first", after: body.count });
  await body.say("the end");
  await body.close();
  return { said: { default: body.texts } };
}

export async function choir(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const body = new Speaker("default");
  const voice = async (name: string, telling: Telling): Promise<void> => {
    await tells("default", telling);
    await body.say(name);
    await tells("other", { ...telling, deed: "works" });
    await body.say(`${name} again`);
  };
  await Promise.all([
    voice("one", { chunks: 5, deed: "fails at first" }),
    voice("two", { chunks: 5, deed: "fails at first", keep: true }),
    voice("three", { chunks: 3, deed: "works long" }),
    tells("solo", { chunks: 6, deed: "fails at first", end: "closes" }),
    tells("duet", { chunks: 4, deed: "fails at first", end: "closes", keep: true }),
  ]);
  return { said: { default: body.texts, other: [] } };
}

/** It leaves memory again and again. */
export async function diary(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const [days, nights] = [new Speaker("default"), new Speaker("other")];
  for (let day = 1; day <= 4; day++) {
    await days.say(`day ${day}`);
    await sleep("2s");
    await nights.say(`night ${day}`);
    await sleep(day === 2 ? "30s" : "3s");
  }
  await days.abort(new Error("aborted"));
  return { said: { default: days.texts, other: nights.texts } };
}

export async function spoiled(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const body = new Speaker("other");
  await tells("default", { chunks: 3, deed: "fails at first", end: "aborts" });
  const failure = await tells("default", { chunks: 3, deed: "always fails", end: "aborts" }).then(
    () => "none",
    () => "failed",
  );
  await body.say(failure);
  await tells("other", { chunks: 2, after: body.count });
  return { said: { other: body.texts } };
}

export async function breaksOff(_id: string): Promise<void> {
  "use workflow: id={_id}";
  const body = new Speaker("default");
  await body.say("begin");
  await tells("other", { chunks: 3, keep: true, deed: "always fails" });
}

/** What the body says the second time differs. */
export async function corrected(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const body = new Speaker("default");
  await body.say("begin");
  try {
    await tellsOnce("default", { chunks: 3, deed: "fails until the run is tried again", after: body.count });
  } catch (error) {
    await body.say("it failed");
    await body.say("again");
    await body.close();
    throw error;
  }
  await body.say("it worked");
  await tells("default", { chunks: 2 });
  return { said: { default: body.texts } };
}

export async function quotes(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const body = new Speaker("default");
  await outer("default", { chunks: 4, deed: "fails at times" });
  await body.say("end");
  return { said: { default: body.texts } };
}

/** The loser of the race writes when the run ends. */
export async function interrupted(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const body = new Speaker("default");
  const rests = async (): Promise<void> => {
    await sleep("2s");
    await body.say("enough");
  };
  await Promise.race([tells("default", { chunks: 9, deed: "works long" }), rests()]);
  return { said: { default: body.texts } };
}

export async function hurried(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  await Promise.all([
    tellsInTime("default", { chunks: 8, deed: "works long" }),
    tellsInTime("default", { chunks: 8, deed: "works long", keep: true }),
  ]);
  return { said: { default: [] } };
}

/** It continues when a reader has received what it has written. */
export async function dialogue(_id: string): Promise<Said> {
  "use workflow: id={_id}";
  const body = new Speaker("default");
  await tells("default", { chunks: 3, awaitsReader: true });
  await body.say("over");
  await tells("default", { chunks: 2, awaitsReader: true, keep: true, after: body.count });
  return { said: { default: body.texts } };
}
