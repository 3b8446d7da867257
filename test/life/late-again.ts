export async function lateAgain(name: string): Promise<string> {
  "use workflow";
  return `${name} is here again`;
}
