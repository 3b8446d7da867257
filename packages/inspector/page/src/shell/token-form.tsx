import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { TextField } from "../actions/fields.tsx";
import { useInspector } from "../net/context.ts";
import { keepToken } from "../net/token.ts";

/** Asks for the token that the API wants. */
export function TokenForm(): JSX.Element {
  const { client } = useInspector();
  const [token, setToken] = useState("");
  return (
    <form
      class="box token"
      onSubmit={(event) => {
        event.preventDefault();
        if (token.trim() === "") return;
        keepToken(token.trim());
        client.unlock(token.trim());
      }}
    >
      <h1>This inspector wants a token</h1>
      <p>
        Open the whole address that <code>perdure inspect</code> has printed, or paste its token here. It is kept until
        you close this tab.
      </p>
      <TextField label="Token" value={token} onChange={setToken} />
      <div class="buttons">
        <button type="submit" class="is-primary">
          Open
        </button>
      </div>
    </form>
  );
}
