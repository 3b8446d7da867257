"use client";

import { useState } from "react";
import { getReceipt } from "./actions";

export function Button({ id }: { id: string }) {
  const [text, setText] = useState("");
  return <button onClick={async () => setText(await getReceipt(id))}>{text}</button>;
}
