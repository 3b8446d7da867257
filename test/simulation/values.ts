import { createCodec, versioned } from "../../packages/runtime/src/values/codec.ts";

/** What the store has, as programs have it. */
export const values = versioned(createCodec());
