/** Sends operations to the node and recognises them on the chain. */
import type { OperationIntent, OperationType } from "../engine/operation.ts";
import { type Absent, absent, isKnown, type Known } from "../engine/reason.ts";
import type { Clock } from "../runtime/ports/clock.ts";
import type {
  Facts,
  NodeRequest,
  OperationPlan,
  OperationSender,
  SendResult,
  Sent,
  Sighting,
} from "../runtime/ports/operation_sender.ts";
import type { Signer } from "../runtime/ports/signer.ts";
import type { Account, AccountSnapshots } from "./account_snapshot.ts";
import type { NodeClient } from "./client.ts";
import { type Field, fieldOf } from "./decode/field.ts";
import { balance, mempool } from "./dialects/chain.ts";
import { METHOD_OF, OFFERS, PROVIDER_LISTING } from "./dialects/operations.ts";
import { NodeError } from "./errors.ts";
import { CHAIN_ID, leastFee, signTransfer, SIMULATED_CHAIN_ID } from "./transfer.ts";

/** JSON-RPC: an internal error, which may have come after the deed. */
const INTERNAL_ERROR = -32603;

/** Pages of energy receipts that are searched for a settlement. */
const ENERGY_PAGES = 4;
const ENERGY_PAGE_SIZE = 250;

/** Kinds of error with which the node says no before it acts. */
const REFUSALS: ReadonlySet<string> = new Set(["missing", "unauthorized", "application", "rate_limited"]);

/** What {@link NodeOperations} needs. */
export interface NodeOperationsOptions {
  readonly client: NodeClient;
  readonly snapshots: AccountSnapshots;
  readonly clock: Clock;
  /** Signs transfers; or why nothing can. */
  readonly signer: Known<Signer>;
  /** Our account, for what is not signed; null when none is configured. */
  readonly account: () => string | null;
  /** Whether the node is a simulation. */
  readonly simulated: () => boolean;
}

/** A node as a receiver of operations. */
export class NodeOperations implements OperationSender {
  readonly #options: NodeOperationsOptions;
  #lastRequestNonce = 0;

  constructor(options: NodeOperationsOptions) {
    this.#options = options;
  }

  async offer(type: OperationType): Promise<Known<true>> {
    const { client, signer } = this.#options;
    if (type === "transfer" && !isKnown(signer)) return signer as Absent;
    const question = OFFERS[type];
    if (client.offers(question)) return true; // Found out once per connection.
    return await orAbsent(() => client.ask(question, undefined));
  }

  async plan(intent: OperationIntent, open: readonly Sent[]): Promise<Known<OperationPlan>> {
    return await orAbsent(() =>
      intent.type === "transfer" ? this.#planTransfer(intent, open) : this.#planCall(intent)
    );
  }

  async send({ method, params }: NodeRequest): Promise<SendResult> {
    try {
      const answer = await this.#options.client.transport.call(method, params, { read: false });
      return readAnswer(method, answer);
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      const result = resultOfError(error);
      // A wrong nonce or balance says that the accounts have changed behind the newest frame.
      if (method === METHOD_OF.transfer && result.kind !== "unsent") this.#options.snapshots.distrust();
      return result;
    }
  }

  async look({ type, proof }: Sent, accepted: boolean): Promise<Sighting> {
    try {
      switch (type) {
        case "transfer":
          return await this.#lookForTransfer(proof, accepted);
        case "storage_register_provider":
          return await this.#lookForProvider(proof);
        case "ad_register_campaign":
          return await this.#lookForCampaign(proof);
        case "energy_settle":
          return await this.#lookForSettlement(proof);
        case "storage_upload":
          return { kind: "unseen", reason: "this node lists no storage contracts" };
      }
    } catch (error) {
      if (error instanceof NodeError) return { kind: "blocked", reason: error.message };
      throw error;
    }
  }

  async #planTransfer({ params }: OperationIntent, open: readonly Sent[]): Promise<Known<OperationPlan>> {
    const { signer, simulated, snapshots, client } = this.#options;
    if (!isKnown(signer)) return signer as Absent;
    const from = signer.address;
    const to = params.to as string;
    const amount = params.amount as bigint;
    const transfers = open.filter((sent) => sent.type === "transfer").map(({ proof }) => proof);
    const { accounts } = await snapshots.current();
    const nonce =
      Math.max(accountOf(accounts, from).nonce, ...transfers.map((sent) => sent.nonce as number)) +
      1;
    const fee = params.fee as bigint | undefined ?? leastFee(from, to, await feeFloor(client));
    const payload = { from, to, amount, fee, nonce };
    const chainId = simulated() ? SIMULATED_CHAIN_ID : CHAIN_ID;
    const tx = await signTransfer(payload, signer, chainId);
    const held = accountOf(accounts, from).balance;
    const toThere = transfers.filter((sent) => sent.to === to)
      .reduce((sum, sent) => sum + BigInt(sent.amount!), 0n);
    const shown = { from, to, amount: String(amount), fee: String(fee), nonce, chain_id: chainId };
    return {
      request: { method: METHOD_OF.transfer, params: { tx, nonce: this.#requestNonce() } },
      account: from,
      balance: held,
      fee,
      details: { ...shown, tx_sha256: await sha256Hex(tx) },
      proof: {
        ...shown,
        recipient_at_least: String(accountOf(accounts, to).balance + toThere + amount),
      },
    };
  }

  async #planCall({ type, params }: OperationIntent): Promise<Known<OperationPlan>> {
    const account = this.#options.account();
    const held = await this.#balanceOf(account);
    const given = type === "energy_settle" && params.buyer === undefined && account !== null
      ? { ...params, buyer: account }
      : params;
    const details = Object.fromEntries(
      Object.entries(given).filter(([, value]) => typeof value === "string" || typeof value === "number"),
    ) as Facts;
    return {
      request: { method: METHOD_OF[type], params: given },
      account,
      balance: held,
      fee: 0n,
      details,
      proof: { ...details, ...await this.#before(type, details) },
    };
  }

  /** What is already there and must not be taken for ours. */
  async #before(type: OperationType, given: Facts): Promise<Facts> {
    switch (type) {
      case "storage_register_provider":
        return { version_before: (await this.#provider(given.provider_id as string))?.version ?? 0 };
      case "ad_register_campaign":
        return { existed: Number(await this.#hasCampaign(given)) };
      case "energy_settle":
        return { settled_before: (await this.#settlements(given)).length };
      default:
        return {};
    }
  }

  async #balanceOf(account: string | null): Promise<Known<bigint>> {
    if (account === null) return absent("NO_ACCOUNT", "no account of ours is configured (account.address)");
    const answer = await this.#options.client.ask(balance, [account]);
    return isKnown(answer) ? answer.accounts[0]!.amount : answer as Absent;
  }

  /**
   * A used nonce is the proof when the node is known to have the transaction. When it is not, another transaction
   * may have used the nonce, and only the recipient's balance tells.
   */
  async #lookForTransfer(proof: Facts, accepted: boolean): Promise<Sighting> {
    const { tipHeight, accounts } = await this.#options.snapshots.current();
    const from = accountOf(accounts, proof.from as string);
    if (from.nonce < (proof.nonce as number)) {
      return {
        kind: "unseen",
        reason: `the newest nonce on the chain is ${from.nonce}, this one has ${proof.nonce}`,
      };
    }
    const arrived = accountOf(accounts, proof.to as string).balance >= BigInt(proof.recipient_at_least!);
    if (arrived) return { kind: "seen", height: tipHeight, evidence: "nonce and balance of the recipient" };
    if (accepted) return { kind: "seen", height: tipHeight, evidence: "nonce" };
    return {
      kind: "unseen",
      reason:
        `nonce ${proof.nonce} has been used, and the recipient's balance does not show this transfer: ` +
        "look before sending again",
    };
  }

  async #lookForProvider(proof: Facts): Promise<Sighting> {
    const found = await this.#provider(proof.provider_id as string);
    const isOurs = found !== null && found.version > (proof.version_before as number) &&
      found.capacity === proof.max_capacity_bytes && found.price === proof.price_per_block;
    return isOurs
      ? { kind: "seen", height: null, evidence: `provider listing, version ${found.version}` }
      : { kind: "unseen", reason: "the provider listing does not show it" };
  }

  async #lookForCampaign(proof: Facts): Promise<Sighting> {
    if (proof.existed !== 0) return { kind: "unseen", reason: "a campaign of this name was there before" };
    return await this.#hasCampaign(proof)
      ? { kind: "seen", height: null, evidence: "campaign listing" }
      : { kind: "unseen", reason: "the campaign listing does not show it" };
  }

  async #lookForSettlement(proof: Facts): Promise<Sighting> {
    const found = await this.#settlements(proof);
    const height = found[0];
    return height !== undefined && found.length > (proof.settled_before as number)
      ? { kind: "seen", height, evidence: "energy receipt" }
      : { kind: "unseen", reason: "no energy receipt shows it" };
  }

  async #provider(id: string) {
    const listing = await this.#read("storage.discover_providers", PROVIDER_LISTING);
    for (const provider of listing.get("providers").list()) {
      if (provider.get("provider").text() !== id) continue;
      return {
        version: provider.optional("version")?.count() ?? 0,
        capacity: provider.get("capacity_bytes").count(),
        price: provider.get("price_per_block").count(),
      };
    }
    return null;
  }

  async #hasCampaign({ id }: Facts): Promise<boolean> {
    const listing = await this.#read("ad_market.list_campaigns", {});
    return listing.get("campaigns").list().some((campaign) => campaign.get("id").text() === id);
  }

  /** Heights of the settlements of a delivery, as far back as the newest pages reach. */
  async #settlements({ provider_id, kwh_consumed, meter_hash }: Facts): Promise<readonly number[]> {
    const heights: number[] = [];
    for (let page = 0; page < ENERGY_PAGES; page++) {
      const answer = await this.#read("energy.receipts", { provider_id, page, page_size: ENERGY_PAGE_SIZE });
      const receipts = answer.get("receipts").list();
      for (const receipt of receipts) {
        const isOne = receipt.optional("meter_hash")?.text() === meter_hash &&
          receipt.get("kwh_delivered").count() === kwh_consumed;
        if (isOne) heights.push(receipt.get("block_settled").count());
      }
      if (receipts.length < ENERGY_PAGE_SIZE) break;
    }
    return heights.sort((a, b) => b - a);
  }

  async #read(method: string, params: Readonly<Record<string, unknown>>): Promise<Field> {
    return fieldOf(method, await this.#options.client.transport.call(method, params));
  }

  /** The node takes each of these numbers once, whoever sends it: microseconds are not taken twice. */
  #requestNonce(): number {
    return this.#lastRequestNonce = Math.max(
      this.#lastRequestNonce + 1,
      Math.floor(this.#options.clock.nowMs() * 1_000),
    );
  }
}

function accountOf(accounts: ReadonlyMap<string, Account>, address: string): Account {
  return accounts.get(address) ?? { balance: 0n, nonce: 0 };
}

/** What the node asks for per byte at present; the live one says 0 and asks for 1. */
async function feeFloor(client: NodeClient): Promise<bigint> {
  const answer = await client.ask(mempool, undefined);
  if (!isKnown(answer)) return 1n;
  return answer.lanes.find(({ lane }) => lane === "consumer")?.feeFloor ?? 1n;
}

/** A node that cannot be asked now is a reason like any other. */
async function orAbsent<T>(ask: () => Promise<Known<T>>): Promise<Known<T>> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NodeError) return absent("NODE_DOWN", error.message);
    throw error;
  }
}

function readAnswer(method: string, answer: unknown): SendResult {
  const { status, block_settled } = Object(answer) as Record<string, unknown>;
  if (status !== undefined && status !== "ok") {
    return {
      kind: "refused",
      reason: `${method}: the node answered ${JSON.stringify(status).slice(0, 100)}`,
    };
  }
  const isRecord = method === METHOD_OF.storage_upload || method === METHOD_OF.energy_settle;
  const height = Number.isSafeInteger(block_settled) ? block_settled as number : null;
  return { kind: "accepted", final: isRecord, height };
}

/** What an error says about a request: only what certainly did not happen is called so. */
function resultOfError(error: NodeError): SendResult {
  const reason = error.message;
  if (error.unsent) return { kind: "unsent", reason };
  if (REFUSALS.has(error.kind)) return { kind: "refused", reason };
  if (error.kind === "rpc" && error.code !== INTERNAL_ERROR) return { kind: "refused", reason };
  if (error.kind === "http" && error.status !== null && error.status < 500) {
    return { kind: "refused", reason };
  }
  return { kind: "unknown", reason };
}

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
