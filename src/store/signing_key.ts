/** The Ed25519 key that transfers are signed with: a file that only its owner can read. */
import type { Signer } from "../runtime/ports/signer.ts";

const FILE_BYTES_MAX = 4_096;
const SEED_BYTES = 32;

/** What stands before a raw key in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.from([
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
]);

/** A key that was loaded. */
export interface SigningKey {
  readonly signer: Signer;
  /** Every spelling of the key, so that the log can hide it. */
  readonly secrets: readonly string[];
}

/** The key file cannot be used; the message never holds anything of what stands in it. */
export class SigningKeyError extends Error {
  override readonly name = "SigningKeyError";
}

/**
 * Loads a key: the PEM file that the node's own `generate-key` writes, PKCS #8 as PEM, or 64 hexadecimal digits.
 *
 * @throws {SigningKeyError} If the file is missing, open to others, or holds no such key
 */
export async function loadSigningKey(path: string): Promise<SigningKey> {
  const refuse = (why: string) => new SigningKeyError(`Cannot use the key file ${path}: ${why}`);
  const text = await readPrivate(path, refuse);
  const seed = seedOf(text);
  if (seed === null) {
    throw refuse("it must hold an Ed25519 private key as PEM, or as 64 hexadecimal digits");
  }
  const pkcs8 = new Uint8Array([...PKCS8_PREFIX, ...seed]);
  const open = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", open);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const secrets = [hexOf(seed), btoa(String.fromCharCode(...seed)), btoa(String.fromCharCode(...pkcs8))];
  seed.fill(0);
  pkcs8.fill(0);
  const bytes = Uint8Array.from(atob(x!.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return {
    secrets: [...secrets, secrets[0]!.toUpperCase()],
    signer: {
      address: hexOf(bytes),
      sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, message)),
    },
  };
}

/** Reads the file; its rights are those of the file that was opened, not of one that took its place. */
async function readPrivate(path: string, refuse: (why: string) => Error): Promise<string> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw refuse(error instanceof Deno.errors.NotFound ? "there is no such file" : "it cannot be read");
  }
  try {
    const { isFile, mode, size } = await file.stat();
    if (!isFile) throw refuse("it is not a file");
    if (mode === null) throw refuse("its permissions cannot be checked on this system");
    if ((mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, "0");
      throw refuse(`others can reach it (permissions ${found}); run chmod 600`);
    }
    if (size > FILE_BYTES_MAX) throw refuse(`it is larger than ${FILE_BYTES_MAX} bytes`);
    const bytes = new Uint8Array(FILE_BYTES_MAX);
    let length = 0;
    for (let read; length < bytes.length && (read = await file.read(bytes.subarray(length))) !== null;) {
      length += read;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    file.close();
  }
}

/** The 32 bytes of a key, or null. */
function seedOf(text: string): Uint8Array | null {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) {
    return Uint8Array.from(trimmed.match(/../g)!, (pair) => parseInt(pair, 16));
  }
  const pem = /^-----BEGIN (ED25519 )?PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END \1?PRIVATE KEY-----$/.exec(
    trimmed,
  );
  if (!pem) return null;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(pem[2]!.replace(/\s/g, "")), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
  if (bytes.length === SEED_BYTES) return bytes;
  const isPkcs8 = bytes.length === PKCS8_PREFIX.length + SEED_BYTES &&
    PKCS8_PREFIX.every((byte, i) => bytes[i] === byte);
  return isPkcs8 ? bytes.slice(PKCS8_PREFIX.length) : null;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
