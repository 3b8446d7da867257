export async function lateByName(name: string): Promise<string> {
  "use workflow";
  return `${name} is here`;
}

export async function lateAndNotWanted(name: string): Promise<string> {
  "use workflow";
  return `${name} is here`;
}
