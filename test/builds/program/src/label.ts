import { effect } from "./world.ts";

export default async (id: string): Promise<string> => {
  "use task";
  effect(`label ${id}`);
  return `label ${id}`;
};
