const version = String(Reflect.get(globalThis, "reloadVersion"));

export async function note(of: string): Promise<string> {
  "use task: retries=0";
  return `${of}: ${version}`;
}
