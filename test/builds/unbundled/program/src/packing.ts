import { pack, type Item } from "./tasks.ts";

export async function packAll(item: Item): Promise<number> {
  let packed = 0;
  for (let part = 0; part < item.parts; part++) {
    packed = await pack(item.name, part);
  }
  return packed;
}
