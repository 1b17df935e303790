/** A store with rows in it, and folders that vanish after a test. */
import type { Change } from "../../src/engine/change.ts";
import type { Receipt } from "../../src/engine/receipt.ts";
import type { Applied } from "../../src/runtime/ports/store.ts";
import { receiptAt, T0 } from "./engine.ts";

/** Runs a test with a folder of its own. */
export async function inFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bb-store-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A receipt as ingest commits it; the time is that of the height, a second each. */
export function applied(
  height: number,
  given: Partial<Receipt> = {},
  row: { readonly own?: boolean; readonly timeMs?: number } = {},
): Applied {
  const receipt = receiptAt(height, { id: `${height}-${given.index ?? 0}-d`, ...given });
  const timeMs = row.timeMs ?? T0 + 1_000 * height;
  const change: Change = { kind: "receipt", receipt, timeMs, own: row.own ?? false };
  return {
    event: { kind: "receipts", atMs: timeMs, receipts: [receipt], through: height },
    changes: [change],
  };
}
