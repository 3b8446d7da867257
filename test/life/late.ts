export async function lateWorkflow(name: string): Promise<string> {
  "use workflow";
  return `${name} is here`;
}
