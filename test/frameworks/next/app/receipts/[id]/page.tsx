import { getReceipt } from "./actions";
import { Button } from "./button";

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  return (
    <>
      <p>{await getReceipt(id)}</p>
      <Button id={id} />
    </>
  );
}
