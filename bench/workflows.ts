async function step(i: number): Promise<object> {
  "use task";
  return { id: i, name: "x".repeat(60), ok: true, amount: 12.5 };
}

export async function sequence(n: number): Promise<number> {
  "use workflow";
  for (let i = 0; i < n; i++) await step(i);
  return n;
}

export async function fanOut(n: number): Promise<number> {
  "use workflow";
  return (await Promise.all(Array.from({ length: n }, (_, i) => step(i)))).length;
}
