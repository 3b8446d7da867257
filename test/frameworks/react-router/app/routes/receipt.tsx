import type { LoaderFunctionArgs } from "react-router";

async function write(id: string): Promise<string> {
  "use task";
  return `receipt ${id}`;
}

// beside a component: React Router takes the loader, and with it the workflow, out of what browsers get
async function receipt(id: string): Promise<string> {
  "use workflow: id=receipt-{id}";
  return write(id);
}

export async function loader({ params }: LoaderFunctionArgs) {
  return { text: await receipt(params.id ?? "") };
}

export default function Receipt({ loaderData }: { loaderData: { text: string } }) {
  return <p>{loaderData.text}</p>;
}
