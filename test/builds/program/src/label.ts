import { effect } from "./world.ts";

export default async (id: string, reference: string): Promise<string> => {
  "use task";
  effect(`label ${id}`);
  if (reference === "") throw new Error("no reference");
  return `label ${id}`;
};
