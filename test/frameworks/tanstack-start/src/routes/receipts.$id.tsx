import { createFileRoute } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";

async function write(id: string): Promise<string> {
  "use task";
  return `receipt ${id}`;
}

// beside a component: TanStack Start takes the server function's handler, and with it the workflow, out of what browsers get
async function receipt(id: string): Promise<string> {
  "use workflow: id=receipt-{id}";
  return write(id);
}

const getReceipt = createServerFn()
  .validator((id: string) => id)
  .handler(({ data }) => receipt(data));

export const Route = createFileRoute("/receipts/$id")({
  loader: ({ params }) => getReceipt({ data: params.id }),
  component: () => <p>{Route.useLoaderData()}</p>,
});
