import { keyOf } from "../engine/random.ts";

const BYTE_HEX: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);

/** What a hash is of; keeps the kinds apart that share a height and an index. */
export const HASH_TAG = {
  block: 1,
  digest: 2,
  meter: 3,
  account: 4,
  peer: 5,
  snapshot: 6,
  manifest: 7,
} as const;

/** Writes 32 bits as eight hexadecimal digits. */
function wordHex(word: number): string {
  return BYTE_HEX[word >>> 24]! + BYTE_HEX[(word >>> 16) & 255]! + BYTE_HEX[(word >>> 8) & 255]! +
    BYTE_HEX[word & 255]!;
}

/** The eight 32-bit words of the hash of a key. Not cryptographic: it only has to be unique and repeatable. */
export function hashWords(...key: readonly number[]): number[] {
  const words: number[] = [];
  for (let lane = 1; lane <= 8; lane++) words.push(keyOf(lane, ...key));
  return words;
}

/** 64 lower-case hexadecimal digits that identify a key. */
export function hex256(...key: readonly number[]): string {
  return hashWords(...key).map(wordHex).join("");
}

/**
 * The hash of a block: like {@link hex256} but with as many leading zero bits as its difficulty asks for.
 *
 * @param difficultyBits Leading zero bits, 0..31
 */
export function blockHash(difficultyBits: number, ...key: readonly number[]): string {
  const words = hashWords(...key);
  words[0] = words[0]! >>> difficultyBits;
  return words.map(wordHex).join("");
}

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** Writes 32 bytes, given as 64 hexadecimal digits, in base 58 with the Bitcoin alphabet. */
export function base58OfHex(hex: string): string {
  let value = BigInt(`0x${hex}`);
  let text = "";
  for (; value > 0n; value /= 58n) text = BASE58[Number(value % 58n)]! + text;
  for (let i = 0; i + 1 < hex.length && hex.startsWith("00", i); i += 2) text = "1" + text;
  return text;
}
