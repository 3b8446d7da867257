import type { JSX } from "preact";
import { useId } from "preact/hooks";
import type { Field, FieldTexts, Problems } from "../model/schema-form.ts";

interface FrameProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly problem?: string | undefined;
  readonly isRequired?: boolean;
  /** The control, with the attributes that tie it to its words. */
  readonly control: (ties: Ties) => JSX.Element;
}

interface Ties {
  readonly id: string;
  readonly "aria-describedby"?: string;
  readonly "aria-invalid"?: "true";
}

function Frame({ label, hint, problem, isRequired, control }: FrameProps): JSX.Element {
  const id = useId();
  const about = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isRequired === true && <span class="muted"> (required)</span>}
      </label>
      {control({ id, ...(about !== "" && { "aria-describedby": about }), ...(problem && { "aria-invalid": "true" }) })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {problem !== undefined && (
        <p class="problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends Omit<FrameProps, "control"> {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export const TextField = ({ value, onChange, ...frame }: TextFieldProps): JSX.Element => (
  <Frame
    {...frame}
    control={(ties) => (
      <input
        {...ties}
        type="text"
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    )}
  />
);

interface CheckFieldProps {
  readonly label: string;
  readonly isChecked: boolean;
  readonly problem: string | undefined;
  readonly onChange: (isChecked: boolean) => void;
}

export function CheckField({ label, isChecked, problem, onChange }: CheckFieldProps): JSX.Element {
  return (
    <div class="field">
      <label class="check">
        <input type="checkbox" checked={isChecked} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
        {label}
      </label>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

interface PayloadFieldsProps {
  /** Undefined: the payload is written as JSON. */
  readonly fields: readonly Field[] | undefined;
  readonly texts: FieldTexts;
  readonly problems: Problems;
  readonly onChange: (name: string, text: string) => void;
}

const JSON_FIELD: Field = {
  name: "",
  label: "Payload as JSON",
  kind: "json",
  isRequired: false,
  description: "Nothing: the signal has no payload.",
  choices: [],
  initial: "",
};

/** The form for the payload of a signal. */
export const PayloadFields = ({
  fields = [JSON_FIELD],
  texts,
  problems,
  onChange,
}: PayloadFieldsProps): JSX.Element => (
  <>
    {fields.map((field) => (
      <PayloadField
        key={field.name}
        field={field}
        text={texts.get(field.name) ?? field.initial}
        problem={problems.get(field.name)}
        onChange={(text) => onChange(field.name, text)}
      />
    ))}
  </>
);

interface PayloadFieldProps {
  readonly field: Field;
  readonly text: string;
  readonly problem: string | undefined;
  readonly onChange: (text: string) => void;
}

function PayloadField({ field, text, problem, onChange }: PayloadFieldProps): JSX.Element {
  const { label, description, isRequired, kind } = field;
  if (kind === "boolean")
    return (
      <CheckField
        label={description === undefined ? label : `${label}: ${description}`}
        isChecked={text === "true"}
        problem={problem}
        onChange={(isChecked) => onChange(String(isChecked))}
      />
    );
  const frame = { label, hint: description, problem, isRequired };
  return <Frame {...frame} control={(ties) => <Control {...{ field, text, onChange, ties }} />} />;
}

interface ControlProps extends Omit<PayloadFieldProps, "problem"> {
  readonly ties: Ties;
}

function Control({ field, text, onChange, ties }: ControlProps): JSX.Element {
  const { kind, choices, isRequired } = field;
  const input = ({ currentTarget }: { readonly currentTarget: { readonly value: string } }): void =>
    onChange(currentTarget.value);
  if (kind === "choice")
    return (
      <select {...ties} value={text} onChange={input}>
        {(!isRequired || text === "") && <option value="">–</option>}
        {choices.map((choice) => (
          <option key={JSON.stringify(choice)} value={JSON.stringify(choice)}>
            {typeof choice === "string" ? choice : JSON.stringify(choice)}
          </option>
        ))}
      </select>
    );
  if (kind === "json")
    return <textarea {...ties} class="mono" rows={6} spellcheck={false} value={text} onInput={input} />;
  const isNumber = kind === "number" || kind === "integer";
  return (
    <input
      {...ties}
      type="text"
      inputMode={isNumber ? "decimal" : "text"}
      required={isRequired}
      autocomplete="off"
      value={text}
      onInput={input}
    />
  );
}
