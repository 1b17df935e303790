// @ts-types="#types/std_assert.d.ts"
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import vector from "../../tests/fixtures/signed_transfer.json" with { type: "json" };
import { CHAIN_ID, encodePayload, leastFee, signTransfer, SIMULATED_CHAIN_ID } from "./transfer.ts";

/** Bytes of the fields `lane` and `version`, names and values. */
const UNREAD_BYTES = (8 + 4 + 4) + (8 + 7 + 4);

const PAYLOAD = {
  from: vector.address,
  to: vector.to,
  amount: BigInt(vector.amount),
  fee: BigInt(vector.fee),
  nonce: vector.nonce,
};

async function signer() {
  const seed = Uint8Array.from(atob(vector.seed_base64), (char) => char.charCodeAt(0));
  const prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
  const key = await crypto.subtle.importKey("pkcs8", new Uint8Array([...prefix, ...seed]), "Ed25519", false, [
    "sign",
  ]);
  return {
    address: vector.address,
    sign: async (message: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", key, message)),
  };
}

Deno.test("signTransfer() makes byte for byte what the node's own wallet makes, without the two fields it cannot read", async () => {
  const nine = vector.nine_fields_hex;
  assertEquals(nine.slice(0, 2), "09");
  const seven = `07${nine.slice(2, nine.length - 2 * UNREAD_BYTES)}`;
  assertEquals(await signTransfer(PAYLOAD, await signer(), CHAIN_ID), seven);
});

Deno.test("signTransfer() makes other signatures for a simulated chain", async () => {
  const [real, simulated] = [
    await signTransfer(PAYLOAD, await signer(), CHAIN_ID),
    await signTransfer(PAYLOAD, await signer(), SIMULATED_CHAIN_ID),
  ];
  assertNotEquals(real, simulated);
  assertEquals(real.length, simulated.length);
});

Deno.test("encodePayload() writes every integer up to 2^64 − 1 and nothing beyond", async () => {
  const amount = 2n ** 64n - 1n;
  const hex = Array.from(encodePayload({ ...PAYLOAD, amount }), (byte) => byte.toString(16).padStart(2, "0"))
    .join(
      "",
    );
  assertEquals(hex.includes("f".repeat(16)), true);
  const key = await signer();
  await assertRejects(
    () => signTransfer({ ...PAYLOAD, amount: amount + 1n }, key, CHAIN_ID),
    RangeError,
    "u64",
  );
});

Deno.test("leastFee() is the base fee and the floor for every byte that the node counts", () => {
  const bytes = BigInt(vector.nine_fields_hex.length / 2);
  assertEquals(leastFee(vector.address, vector.to, 1n), 1n + bytes);
  assertEquals(leastFee(vector.address, vector.to, 0n), 1n + bytes);
  assertEquals(leastFee(vector.address, vector.to, 3n), 1n + 3n * bytes);
});
