/** What is signed for a simulated chain; a signature for it is worth nothing on a real one. */
const DOMAIN = Uint8Array.of(...new TextEncoder().encode("THE_BLOCKv2|"), 0x55, 0x4d, 0x49, 0x53);

const MEMPOOL_MAX = 1_024;
const ACCOUNTS_MAX = 10_000;
const RECORDS_MAX = 1_000;
const BASE_FEE = 1n;

/** Bytes that the node counts for fields which it does not read. */
const UNREAD_BYTES = 35;

/** Whole transactions are below this. */
const TX_BYTES_MAX = 4_096;

/** What submissions have done to an account. */
export interface SubmittedAccount {
  /** Base units, beside what the chain itself books. */
  readonly delta: bigint;
  readonly nonce: number;
}

interface Transaction {
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly nonce: number;
}

/** Checks an Ed25519 signature; the address is the public key in hexadecimal. */
export type Verifier = (address: string, message: Uint8Array, signature: Uint8Array) => boolean;

/** A storage provider that was registered over RPC. */
export interface RegisteredProvider {
  readonly provider: string;
  readonly capacity_bytes: number;
  readonly price_per_block: number;
  readonly escrow_deposit: number;
  readonly region: string | null;
  readonly latency_ms: number | null;
  readonly tags: readonly string[];
  readonly version: number;
}

/**
 * Everything that was sent to a simulated node, beside the chain, which stays a pure function. Gone with the node, and
 * not touched by its reorganisations.
 */
export class Submissions {
  readonly #accounts = new Map<string, SubmittedAccount>();
  readonly #chainBalance: (address: string) => bigint;
  readonly #verify: Verifier;
  readonly #nonces = new Set<string>();
  #mempool: Transaction[] = [];
  readonly providers = new Map<string, RegisteredProvider>();
  readonly campaigns = new Map<string, { readonly advertiser: string; readonly budget: number }>();
  readonly contracts = new Map<string, Readonly<Record<string, unknown>>>();
  readonly settlements: Readonly<Record<string, unknown>>[] = [];

  /** @param chainBalance What an account holds without any submission, base units */
  constructor(chainBalance: (address: string) => bigint, verify: Verifier) {
    this.#chainBalance = chainBalance;
    this.#verify = verify;
  }

  /** Accounts that submissions have touched. */
  get accounts(): ReadonlyMap<string, SubmittedAccount> {
    return this.#accounts;
  }

  /** Transactions that wait for a block. */
  get pending(): number {
    return this.#mempool.length;
  }

  /** Gives an account base units out of nothing. */
  fund(address: string, amount: bigint): void {
    this.#add(address, amount);
  }

  /** What an account holds, base units. */
  balanceOf(address: string): bigint {
    return this.#chainBalance(address) + (this.#accounts.get(address)?.delta ?? 0n);
  }

  /** Takes a number that every request of a method needs once, in the life of the node. */
  takeNonce(method: string, nonce: number): boolean {
    const key = `${method} ${nonce}`;
    if (this.#nonces.has(key)) return false;
    this.#nonces.add(key);
    return true;
  }

  /**
   * Admits a transaction.
   *
   * @param hex As `submit_tx` takes it
   * @returns Why it is not admitted, in the node's words; `malformed` where its decoder gives up; null when it is
   */
  submit(hex: string): string | null {
    const signed = decodeTransaction(hex);
    if (signed === null) return "malformed";
    const { tx, payload, signature, size } = signed;
    if ((tx.fee - BASE_FEE) / BigInt(size) < 1n) return "FeeTooLow";
    const mine = this.#mempool.filter(({ from }) => from === tx.from);
    const account = this.#accounts.get(tx.from);
    if (account === undefined && this.#chainBalance(tx.from) === 0n) return "UnknownSender";
    if (mine.some(({ nonce }) => nonce === tx.nonce)) return "Duplicate";
    if (tx.nonce !== (account?.nonce ?? 0) + mine.length + 1) return "NonceGap";
    const underWay = mine.reduce((sum, { amount, fee }) => sum + amount + fee, 0n);
    if (this.balanceOf(tx.from) - underWay < tx.amount + tx.fee) return "InsufficientBalance";
    if (!this.#verify(tx.from, Uint8Array.of(...DOMAIN, ...payload), signature)) return "BadSignature";
    if (this.#mempool.length >= MEMPOOL_MAX) return "MempoolFull";
    this.#mempool.push(tx);
    return null;
  }

  /** Takes the waiting transactions into a block. */
  mine(): void {
    for (const { from, to, amount, fee, nonce } of this.#mempool) {
      this.#add(from, -amount - fee, nonce);
      this.#add(to, amount);
    }
    this.#mempool = [];
  }

  /** Loses what waits, as a node does that ends. */
  forgetPending(): void {
    this.#mempool = [];
  }

  /** Whether another record fits into one of the tables. */
  fits(table: { readonly size?: number; readonly length?: number }): boolean {
    return (table.size ?? table.length ?? 0) < RECORDS_MAX;
  }

  #add(address: string, amount: bigint, nonce?: number): void {
    const before = this.#accounts.get(address) ?? { delta: 0n, nonce: 0 };
    if (!this.#accounts.has(address) && this.#accounts.size >= ACCOUNTS_MAX) return;
    this.#accounts.set(address, { delta: before.delta + amount, nonce: nonce ?? before.nonce });
  }
}

/** Reads the seven-field form; null for anything else. */
function decodeTransaction(hex: string) {
  if (!/^([0-9a-f]{2})+$/.test(hex) || hex.length > 2 * TX_BYTES_MAX) return null;
  const bytes = Uint8Array.from(hex.match(/../g)!, (pair) => parseInt(pair, 16));
  try {
    const reader = new Reader(bytes);
    reader.fields(7, "payload");
    const start = reader.at;
    reader.fields(8, "from_");
    const from = reader.text();
    const to = reader.named("to").text();
    const amount = reader.named("amount_consumer").u64();
    if (reader.named("amount_industrial").u64() !== 0n) return null;
    const fee = reader.named("fee").u64();
    if (reader.named("pct").u8() > 100) return null;
    const nonce = Number(reader.named("nonce").u64());
    reader.named("memo").bytes();
    const payload = bytes.subarray(start, reader.at);
    const key = hexOf(reader.named("public_key").bytes());
    reader.named("signature").fields(1, "ed25519");
    const signature = reader.bytes();
    reader.named("tip").u64();
    if (reader.named("signer_pubkeys").u64() !== 0n) return null;
    reader.named("aggregate_signature").bytes();
    reader.named("threshold").u8();
    if (reader.at !== bytes.length || key !== from || !/^[0-9a-f]{64}$/.test(from)) return null;
    return { tx: { from, to, amount, fee, nonce }, payload, signature, size: bytes.length + UNREAD_BYTES };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Reads the node's binary form; a RangeError where it ends too early or says something else. */
class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#take(1)[0]!;
  }

  u64(): bigint {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  }

  bytes(): Uint8Array {
    const length = this.u64();
    if (length > BigInt(TX_BYTES_MAX)) throw new RangeError("too long");
    return this.#take(Number(length));
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  named(name: string): this {
    if (this.text() !== name) throw new RangeError(`no ${name}`);
    return this;
  }

  fields(count: number, first: string): this {
    if (this.u64() !== BigInt(count)) throw new RangeError(`not ${count} fields`);
    return this.named(first);
  }

  #take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError("it ends too early");
    const part = this.#bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
