/**
 * A transfer in the node's binary form, signed. Little-endian: text = u64 length + UTF-8; structure = u64 number of
 * fields, then (name, value); list of bytes = u64 length + bytes.
 */
import type { Signer } from "../runtime/ports/signer.ts";

/** Chain id of a node of The Block. */
export const CHAIN_ID = 1;

/** On a simulated chain signatures are made for another id, so that they are worth nothing on a real one. */
export const SIMULATED_CHAIN_ID = 0x53_49_4d_55;

/** Share of the fee, in percent, that goes to the consumer lane. */
const FEE_PERCENT = 100;

/** What the node keeps in its base fee; the rest of a fee is the tip. */
const BASE_FEE = 1n;

/** Bytes of the two fields (`lane`, `version`) that the node counts and does not read; see {@link signTransfer}. */
const UNREAD_BYTES = 12 + 4 + 15 + 4;

/** What is signed. */
export interface TransferPayload {
  readonly from: string;
  readonly to: string;
  /** Base units. */
  readonly amount: bigint;
  /** Base units. */
  readonly fee: bigint;
  /** Number of the transaction of this account, from 1 on, without a gap. */
  readonly nonce: number;
}

/** Writes the payload. */
export function encodePayload({ from, to, amount, fee, nonce }: TransferPayload): Uint8Array<ArrayBuffer> {
  return new Writer()
    .u64(8n)
    .text("from_").text(from)
    .text("to").text(to)
    .text("amount_consumer").u64(amount)
    .text("amount_industrial").u64(0n)
    .text("fee").u64(fee)
    .text("pct").u8(FEE_PERCENT)
    .text("nonce").u64(BigInt(nonce))
    .text("memo").bytes(new Uint8Array())
    .done();
}

/**
 * Signs a transfer.
 *
 * The node's own form has nine fields; its decoder cannot read the last two, which are enumerations, and gives them
 * their defaults (consumer lane, Ed25519) when they are left out.
 *
 * @returns The transaction as the node's `submit_tx` takes it, lower-case hexadecimal
 */
export async function signTransfer(
  payload: TransferPayload,
  signer: Signer,
  chainId: number,
): Promise<string> {
  const encoded = encodePayload(payload);
  const signature = await signer.sign(new Writer().raw(domainOf(chainId)).raw(encoded).done());
  return hexOf(encodeSigned(encoded, payload.from, signature));
}

/**
 * The least fee with which the node admits a transfer: its base fee, and one base unit per byte that it counts.
 *
 * @param floorPerByte Base units per byte that the node asks for at present
 */
export function leastFee(from: string, to: string, floorPerByte: bigint): bigint {
  const payload = encodePayload({ from, to, amount: 0n, fee: 0n, nonce: 0 });
  const bytes = encodeSigned(payload, from, new Uint8Array(64)).length + UNREAD_BYTES;
  return BASE_FEE + BigInt(bytes) * (floorPerByte > 1n ? floorPerByte : 1n);
}

function encodeSigned(payload: Uint8Array, publicKey: string, signature: Uint8Array): Uint8Array {
  return new Writer()
    .u64(7n)
    .text("payload").raw(payload)
    .text("public_key").bytes(bytesOf(publicKey))
    .text("signature").u64(1n).text("ed25519").bytes(signature)
    .text("tip").u64(0n)
    .text("signer_pubkeys").u64(0n)
    .text("aggregate_signature").u64(0n)
    .text("threshold").u8(0)
    .done();
}

/** The 16 bytes in front of everything that is signed for a chain. */
function domainOf(chainId: number): Uint8Array {
  const domain = new Uint8Array(16);
  domain.set(new TextEncoder().encode("THE_BLOCKv2|"));
  new DataView(domain.buffer).setUint32(12, chainId, true);
  return domain;
}

/** Appends values. */
class Writer {
  readonly #parts: Uint8Array[] = [];

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  /** @throws {RangeError} If the value does not fit */
  u64(value: bigint): this {
    if (value < 0n || value >= 2n ** 64n) throw new RangeError(`Cannot write ${value} as u64`);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    return this.raw(bytes);
  }

  bytes(value: Uint8Array): this {
    return this.u64(BigInt(value.length)).raw(value);
  }

  text(value: string): this {
    return this.bytes(new TextEncoder().encode(value));
  }

  done(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
