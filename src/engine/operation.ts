/**
 * Operations of our own on the chain: which there are, what each one takes, and how one may proceed. Pure: whether
 * and how they are sent is the business of `runtime/operations.ts`.
 */
import type { MarketId } from "./market.ts";

/** States of an operation. */
export const OPERATION_STATUSES = [
  "pending",
  "submitted",
  "confirmed",
  "failed",
  "expired",
  "rejected",
  "reversed",
] as const;

/** State of an operation. */
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/**
 * What may follow what. `pending` is kept before anything is sent; `submitted` includes "sent, and nobody knows
 * whether it arrived"; `rejected` is the node's refusal; `failed` was never sent; `expired` has no proof within the
 * window and is never sent again; `reversed` was taken back by a reorganisation.
 */
const NEXT: Readonly<Record<OperationStatus, readonly OperationStatus[]>> = {
  pending: ["submitted", "rejected", "failed"],
  submitted: ["confirmed", "expired"],
  confirmed: ["reversed"],
  reversed: ["confirmed"],
  failed: [],
  expired: [],
  rejected: [],
};

/** Whether an operation may go from one state to another. */
export function mayFollow(from: OperationStatus, to: OperationStatus): boolean {
  return NEXT[from].includes(to);
}

/** Whether an operation still waits for something. */
export function isOpen(status: OperationStatus): boolean {
  return status === "pending" || status === "submitted";
}

/** One parameter of an operation. */
export type ParameterSpec =
  & { readonly optional?: boolean; readonly meaning: string }
  & (
    | { readonly kind: "amount"; readonly min: bigint }
    | { readonly kind: "integer"; readonly min: number; readonly max: number }
    | { readonly kind: "text"; readonly maxLength: number }
    | { readonly kind: "hex32" }
    | { readonly kind: "texts"; readonly max: number; readonly maxLength: number }
    | { readonly kind: "list"; readonly max: number }
    | { readonly kind: "object" }
  );

/** One kind of operation. */
export interface OperationSpec {
  /** The market whose gate has to be open; null for what belongs to no market. */
  readonly market: MarketId | null;
  readonly summary: string;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
}

const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const count = (meaning: string, min = 0, max = COUNT_MAX) =>
  ({ kind: "integer", min, max, meaning }) as const;
const name = (meaning: string) => ({ kind: "text", maxLength: 128, meaning }) as const;

/** Every operation that can be sent. Parameters have the names that the node gives them. */
export const OPERATIONS = {
  transfer: {
    market: null,
    summary: "Sends base units from the account of the signing key",
    parameters: {
      to: { kind: "hex32", meaning: "Address of the recipient: 64 lower-case hexadecimal digits" },
      amount: { kind: "amount", min: 1n, meaning: "Base units; as text above 2^53 − 1" },
      fee: {
        kind: "amount",
        min: 1n,
        optional: true,
        meaning: "Base units; the least that the node admits, when it is not given",
      },
    },
  },
  storage_register_provider: {
    market: "storage",
    summary: "Registers a storage provider, or renews one",
    parameters: {
      provider_id: name("Name of the provider"),
      max_capacity_bytes: count("Bytes that it offers", 1),
      price_per_block: count("Base units per block"),
      escrow_deposit: count("Base units that it puts down"),
      region: { ...name("Where it is"), optional: true },
      latency_ms: { ...count("Milliseconds that it answers in", 0, 0xffff_ffff), optional: true },
      tags: { kind: "texts", max: 16, maxLength: 64, optional: true, meaning: "Words to be found by" },
    },
  },
  storage_upload: {
    market: "storage",
    summary: "Makes a storage contract with a provider",
    parameters: {
      object_id: name("Name of the object"),
      provider_id: name("Who keeps it"),
      original_bytes: count("Size of the object", 1),
      shares: count("Parts that it is kept in", 1, 65_535),
      price_per_block: count("Base units per block and share"),
      start_block: count("First block of the contract"),
      retention_blocks: count("Blocks that it is kept for", 1),
    },
  },
  ad_register_campaign: {
    market: "ad",
    summary: "Registers an ad campaign",
    parameters: {
      id: name("Name of the campaign"),
      advertiser_account: name("Who pays"),
      budget_usd_micros: count("Budget in µUSD", 1),
      creatives: { kind: "list", max: 64, meaning: "Creatives, as the node's ad market takes them" },
      targeting: { kind: "object", meaning: "`{domains, badges}`" },
      metadata: { kind: "object", optional: true, meaning: "Texts by name" },
    },
  },
  energy_settle: {
    market: "energy",
    summary: "Settles energy that a provider has delivered",
    parameters: {
      provider_id: name("Who delivered"),
      buyer: { ...name("Who pays; our account, when it is not given"), optional: true },
      kwh_consumed: count("Kilowatt-hours", 1),
      meter_hash: { kind: "hex32", meaning: "Hash of the meter reading" },
    },
  },
} as const satisfies Readonly<Record<string, OperationSpec>>;

/** Name of an operation that can be sent. */
export type OperationType = keyof typeof OPERATIONS;

/** Values of parameters; amounts are exact. */
export type OperationParams = Readonly<Record<string, unknown>>;

/** An operation that somebody wants. */
export interface OperationIntent {
  readonly type: OperationType;
  readonly params: OperationParams;
}

/** Whether a text names an operation. */
export function isOperationType(text: string): text is OperationType {
  return Object.hasOwn(OPERATIONS, text);
}

/** What an operation is, by its name. */
export function operationSpec(type: OperationType): OperationSpec {
  return OPERATIONS[type];
}

/** Something wrong with one parameter. */
export interface ParameterProblem {
  readonly field: string;
  readonly message: string;
}

/** Reads the parameters of an operation: every one that it has, and no other. */
export function readParams(
  type: OperationType,
  given: Readonly<Record<string, unknown>>,
): { readonly params: OperationParams; readonly problems: readonly ParameterProblem[] } {
  const { parameters } = operationSpec(type);
  const params: Record<string, unknown> = {};
  const problems: ParameterProblem[] = [];
  for (const field of Object.keys(given)) {
    if (Object.hasOwn(parameters, field)) continue;
    const message = `is not a parameter of ${type}; it has ${Object.keys(parameters).join(", ")}`;
    problems.push({ field: `params.${field.slice(0, 64)}`, message });
  }
  for (const [field, spec] of Object.entries(parameters)) {
    const value = Object.hasOwn(given, field) ? given[field] : undefined;
    if (value === undefined) {
      if (!spec.optional) problems.push({ field: `params.${field}`, message: "is missing" });
      continue;
    }
    const read = readValue(spec, value);
    if (read === undefined) problems.push({ field: `params.${field}`, message: `must be ${wanted(spec)}` });
    else params[field] = read;
  }
  return { params, problems };
}

/** Largest amount that the chain can hold. */
const AMOUNT_MAX = 2n ** 64n - 1n;

function readValue(spec: ParameterSpec, value: unknown): unknown {
  switch (spec.kind) {
    case "amount": {
      const amount = typeof value === "number" && Number.isSafeInteger(value)
        ? BigInt(value)
        : typeof value === "string" && /^\d{1,20}$/.test(value)
        ? BigInt(value)
        : undefined;
      return amount !== undefined && amount >= spec.min && amount <= AMOUNT_MAX ? amount : undefined;
    }
    case "integer":
      return Number.isSafeInteger(value) && (value as number) >= spec.min && (value as number) <= spec.max
        ? value
        : undefined;
    case "text":
      return isName(value, spec.maxLength) ? value : undefined;
    case "hex32":
      return typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? value : undefined;
    case "texts":
      return Array.isArray(value) && value.length <= spec.max &&
          value.every((item) => isName(item, spec.maxLength))
        ? value
        : undefined;
    case "list":
      return Array.isArray(value) && value.length > 0 && value.length <= spec.max &&
          isShallow(value, DEPTH_MAX)
        ? value
        : undefined;
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value) &&
          isShallow(value, DEPTH_MAX)
        ? value
        : undefined;
  }
}

/** Names go into the node's tables and our log: nothing in them may be invisible. */
function isName(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= maxLength && !/\p{Cc}/u.test(value);
}

/** Levels of nesting of what is passed on as it is. */
const DEPTH_MAX = 16;

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((item) => isShallow(item, depth - 1));
}

function wanted(spec: ParameterSpec): string {
  switch (spec.kind) {
    case "amount":
      return `an integer within ${spec.min}..2^64 − 1, as text above 2^53 − 1`;
    case "integer":
      return `an integer within ${spec.min}..${spec.max}`;
    case "text":
      return `a text of 1..${spec.maxLength} visible characters`;
    case "hex32":
      return "64 lower-case hexadecimal digits";
    case "texts":
      return `a list of at most ${spec.max} texts`;
    case "list":
      return `a list of 1..${spec.max} items`;
    case "object":
      return `an object, nested at most ${DEPTH_MAX} deep`;
  }
}

/** An operation as text; equal ones have equal texts, in whatever order their parameters came. */
export function requestText({ type, params }: OperationIntent): string {
  return `${type} ${sortedJson(params)}`;
}

function sortedJson(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${sortedJson(item)}`).join(",")}}`;
}

/** What an operation takes from our account besides fees, base units; a campaign's budget is in another unit. */
export function costOf({ type, params }: OperationIntent, energyPrice: bigint | null): bigint | null {
  const number = (field: string) => BigInt(params[field] as number);
  switch (type) {
    case "transfer":
      return params.amount as bigint;
    case "storage_register_provider":
      return number("escrow_deposit");
    case "storage_upload":
      return number("price_per_block") * number("retention_blocks") * number("shares");
    case "ad_register_campaign":
      return 0n;
    case "energy_settle":
      return energyPrice === null ? null : energyPrice * number("kwh_consumed");
  }
}
