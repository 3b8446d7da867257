import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ActionBody } from "../../../src/api.ts";
import { explain, hasEnded, type Intent } from "../model/permitted.ts";
import { fieldsOf, payloadFromJson, payloadOf, type FieldTexts, type Problems } from "../model/schema-form.ts";
import { sentenceOf } from "../net/client.ts";
import { useInspector } from "../net/context.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Problem, Value } from "../parts/text.tsx";
import { CheckField, PayloadFields, TextField } from "./fields.tsx";

/** Fields that are no part of a payload, among the names of those that are. */
const NAME = " name";
const FORCE = " force";

/** Texts of the fields that are no part of a payload. */
interface Entries {
  readonly reason: string;
  readonly id: string;
  readonly name: string;
  readonly force: boolean;
}

/** Says what an action does, asks for what it needs, and has it done. */
export function ActionDialog({ intent }: { intent: Intent }): JSX.Element {
  const inspector = useInspector();
  const { button, title, effects, isDangerous } = explain(intent);
  const [entries, setEntries] = useState<Entries>({ reason: "", id: "", name: intent.signal ?? "", force: false });
  const [payload, setPayload] = useState<FieldTexts>(new Map());
  const [problems, setProblems] = useState<Problems>(new Map());
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const close = (): void => {
    inspector.intent.value = undefined;
  };

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const body = bodyOf(intent, entries, payload);
    setProblems("problems" in body ? body.problems : new Map());
    if ("problems" in body) return;
    setBusy(true);
    try {
      const { done, message, fork } = await inspector.client.act(intent.action, body);
      inspector.notice.value = { text: message, isProblem: !done, ...(fork !== undefined && { fork }) };
      close();
      if (done && intent.action === "delete") location.hash = "#/runs";
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };

  return (
    <Dialog title={title} onClose={close}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <p class="mono id">{intent.run.id}</p>
        {effects.map((effect) => (
          <p key={effect}>{effect}</p>
        ))}
        <Inputs {...{ intent, entries, setEntries, payload, setPayload, problems }} />
        {problem !== undefined && <Problem text={problem} />}
        <div class="buttons">
          <button type="button" onClick={close}>
            {intent.action === "cancel" ? "Keep running" : "Not now"}
          </button>
          <button type="submit" class={isDangerous ? "is-danger" : "is-primary"} disabled={isBusy}>
            {intent.action === "cancel" ? "Cancel the run" : button}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface InputsProps {
  readonly intent: Intent;
  readonly entries: Entries;
  readonly setEntries: (entries: Entries) => void;
  readonly payload: FieldTexts;
  readonly setPayload: (payload: FieldTexts) => void;
  readonly problems: Problems;
}

/** What an action needs to know. */
function Inputs({ intent, entries, setEntries, payload, setPayload, problems }: InputsProps): JSX.Element | null {
  const change = (part: Partial<Entries>): void => setEntries({ ...entries, ...part });
  const { action, run } = intent;
  if (action === "cancel")
    return (
      <TextField
        label="Reason"
        hint="Optional. It is part of the error that the workflow sees."
        value={entries.reason}
        onChange={(reason) => change({ reason })}
      />
    );
  if (action === "fork")
    return (
      <TextField
        label="Id of the new run"
        hint="Optional. Without one, it is the id of this run and a random part."
        value={entries.id}
        onChange={(id) => change({ id })}
      />
    );
  if (action === "retry" && run.compensated)
    return <Force label="Retry although its clean-up was done" {...{ entries, change, problems }} />;
  if (action === "delete" && !hasEnded(run))
    return <Force label="Delete although it has not ended" {...{ entries, change, problems }} />;
  if (action !== "signal") return null;
  if (intent.decision)
    return (
      <>
        {intent.decision.input && <Value value={intent.decision.input} label={`Input of ${intent.decision.tool}`} />}
        <TextField
          label="Reason"
          hint={intent.decision.approved ? "Optional. It is recorded." : "Optional. The model reads it."}
          value={entries.reason}
          onChange={(reason) => change({ reason })}
        />
      </>
    );
  return (
    <>
      {intent.signal === undefined && (
        <TextField
          label="Name of the signal"
          value={entries.name}
          problem={problems.get(NAME)}
          onChange={(name) => change({ name })}
        />
      )}
      <PayloadFields
        fields={fieldsOf(intent.payloadSchema)}
        texts={payload}
        problems={problems}
        onChange={(name, text) => setPayload(new Map([...payload, [name, text]]))}
      />
    </>
  );
}

interface ForceProps {
  readonly label: string;
  readonly entries: Entries;
  readonly change: (part: Partial<Entries>) => void;
  readonly problems: Problems;
}

const Force = ({ label, entries, change, problems }: ForceProps): JSX.Element => (
  <CheckField
    label={label}
    isChecked={entries.force}
    problem={problems.get(FORCE)}
    onChange={(force) => change({ force })}
  />
);

/** What is sent, or what is wrong with the fields. */
function bodyOf(
  { action, run, from, signal, payloadSchema, decision }: Intent,
  { reason, id, name, force }: Entries,
  texts: FieldTexts,
): ActionBody | { readonly problems: Problems } {
  const needsForce = (action === "retry" && run.compensated) || (action === "delete" && !hasEnded(run));
  if (needsForce && !force) return { problems: new Map([[FORCE, "Confirm this first."]]) };
  const body: ActionBody = { run: run.id, ...(needsForce && { force: true }) };
  if (action === "cancel") return { ...body, ...(reason.trim() !== "" && { reason: reason.trim() }) };
  if (action === "fork" && from !== undefined) return { ...body, from, ...(id.trim() !== "" && { id: id.trim() }) };
  if (action !== "signal") return body;
  if (signal === undefined && name.trim() === "") return { problems: new Map([[NAME, "A signal has a name."]]) };
  if (decision && signal !== undefined) {
    const payload = { approved: decision.approved, ...(reason.trim() !== "" && { reason: reason.trim() }) };
    return { ...body, name: signal, payload };
  }
  const fields = fieldsOf(payloadSchema);
  const given = fields ? payloadOf(fields, texts) : payloadFromJson(texts.get("") ?? "");
  if ("problems" in given) return given;
  return { ...body, name: signal ?? name.trim(), ...(given.payload !== undefined && { payload: given.payload }) };
}
