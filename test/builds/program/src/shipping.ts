import { sleep } from "perdure";
import { effect } from "./world.ts";

export default async function ship(id: string, parcels: number): Promise<string> {
  "use workflow: id=shipment-{id}";
  let sent = 0;
  while (sent < parcels) {
    await sleep(1);
    sent += await hand(sent);
  }
  return `${sent} of ${id} sent`;
}

const hand = async (parcel: number): Promise<number> => {
  "use task";
  effect(`hand over ${parcel}`);
  return 1;
};
