import { gateAt } from "../governor.ts";
import type { ChainView } from "../chain_view.ts";
import type { Submissions } from "../submissions.ts";
import { integerOf, named, RpcError, textOf } from "./common.ts";
import { adCampaigns } from "./live_ad.ts";
import { discoverProviders } from "./live_storage.ts";

/** Answers one method by what was sent to the node. */
export type SubmissionMethod = (params: unknown, view: ChainView, submissions: Submissions) => unknown;

const INVALID = () => new RpcError(-32602, "invalid params");
const HOUR_S = 3_600;

/** Methods that change something, and the ones that show what they changed; the same in both dialects. */
export const SUBMISSION_METHODS: ReadonlyMap<string, SubmissionMethod> = new Map<string, SubmissionMethod>([
  ["simulator.fund", fund],
  [
    "balance",
    (params, _view, submissions) => ({ amount: submissions.balanceOf(textOf(params, "address") ?? "") }),
  ],
  ["submit_tx", submitTx],
  ["storage.register_provider", registerProvider],
  ["storage.discover_providers", listProviders],
  ["storage_upload", upload],
  ["ad_market.register_campaign", registerCampaign],
  ["ad_market.list_campaigns", listCampaigns],
  ["energy.settle", settle],
]);

/** One frame of `/state_stream`. */
export function stateFrame(seq: number, view: ChainView, submissions: Submissions): Record<string, unknown> {
  const { identities } = view.chain;
  const addresses = new Set([identities.address, identities.miner, ...submissions.accounts.keys()]);
  return {
    seq,
    tip_height: Math.max(0, view.tip),
    root: new Array(32).fill(0),
    compressed: false,
    accounts: [...addresses].sort().map((address) => ({
      address,
      balance: submissions.balanceOf(address),
      account_seq: submissions.accounts.get(address)?.nonce ?? 0,
      proof: [],
    })),
  };
}

function fund(params: unknown, _view: ChainView, submissions: Submissions): unknown {
  const address = textOf(params, "address");
  if (address === undefined) throw INVALID();
  submissions.fund(address, BigInt(integerOf(params, "amount", 0)));
  return { status: "ok" };
}

function submitTx(params: unknown, _view: ChainView, submissions: Submissions): unknown {
  const nonce = named(params).nonce;
  if (!Number.isSafeInteger(nonce)) throw new RpcError(-32602, "missing nonce");
  if (!submissions.takeNonce("submit_tx", nonce as number)) throw new RpcError(-32000, "replayed nonce");
  const refusal = submissions.submit(textOf(params, "tx") ?? "");
  if (refusal === "malformed") throw INVALID();
  return refusal === null ? { status: "ok" } : { error: refusal };
}

function registerProvider(params: unknown, view: ChainView, submissions: Submissions): unknown {
  const id = textOf(params, "provider_id") ?? "";
  const before = submissions.providers.get(id);
  if (before === undefined && !submissions.fits(submissions.providers)) throw new RpcError(-32603, "full");
  const tags = named(params).tags;
  submissions.providers.set(id, {
    provider: id,
    capacity_bytes: integerOf(params, "max_capacity_bytes", 0),
    price_per_block: integerOf(params, "price_per_block", 0),
    escrow_deposit: integerOf(params, "escrow_deposit", 0),
    region: textOf(params, "region") ?? null,
    latency_ms: named(params).latency_ms === undefined ? null : integerOf(params, "latency_ms", 0),
    tags: Array.isArray(tags) ? tags : [],
    version: (before?.version ?? 0) + 1,
  });
  return { status: "ok", provider: providerBody(view, submissions, id) };
}

function providerBody(view: ChainView, submissions: Submissions, id: string): unknown {
  return {
    ...submissions.providers.get(id)!,
    expires_at: Math.floor(view.state.timestampMs / 1_000) + HOUR_S,
    last_seen_block: null,
    proof_successes: 0,
    proof_failures: 0,
    success_rate_ppm: 1_000_000,
  };
}

/** Each provider comes twice, as today's node answers. */
function listProviders(params: unknown, view: ChainView, submissions: Submissions): unknown {
  const known = discoverProviders(params, view);
  const registered = [...submissions.providers.keys()].map((id) => providerBody(view, submissions, id));
  const providers = [...registered.flatMap((one) => [one, one]), ...known.providers as unknown[]];
  return { ...known, providers };
}

function upload(params: unknown, view: ChainView, submissions: Submissions): unknown {
  if (gateAt(view, "storage").state !== "trade") {
    return { action: "upload", mode: "storage_rehearsal", status: "rehearsal" };
  }
  const id = textOf(params, "object_id") ?? "";
  if (!submissions.fits(submissions.contracts)) throw new RpcError(-32603, "full");
  submissions.contracts.set(id, named(params));
  const deposit = integerOf(params, "price_per_block", 0) * integerOf(params, "retention_blocks", 0);
  return { status: "ok", providers: [textOf(params, "provider_id")], replicas: [], total_deposit: deposit };
}

function registerCampaign(params: unknown, _view: ChainView, submissions: Submissions): unknown {
  const id = textOf(params, "id");
  const advertiser = textOf(params, "advertiser_account");
  if (id === undefined || advertiser === undefined) throw INVALID();
  if (submissions.campaigns.has(id)) throw new RpcError(-32000, "campaign already exists");
  if (!submissions.fits(submissions.campaigns)) throw new RpcError(-32603, "full");
  submissions.campaigns.set(id, { advertiser, budget: integerOf(params, "budget_usd_micros", 0) });
  return { status: "ok" };
}

function listCampaigns(_params: unknown, view: ChainView, submissions: Submissions): unknown {
  const known = adCampaigns(view);
  const registered = [...submissions.campaigns].map(([id, { advertiser, budget }]) => ({
    id,
    advertiser_account: advertiser,
    creatives: [],
    remaining_budget_usd_micros: budget,
    reserved_budget_usd_micros: 0,
  }));
  return { ...known, campaigns: [...registered, ...known.campaigns as unknown[]] };
}

function settle(params: unknown, view: ChainView, submissions: Submissions): unknown {
  if (gateAt(view, "energy").state !== "trade") {
    throw new RpcError(-33020, "energy.settle blocked: energy market in rehearsal");
  }
  const meterHash = textOf(params, "meter_hash");
  const seller = textOf(params, "provider_id");
  if (meterHash === undefined || seller === undefined) throw INVALID();
  if (!submissions.fits(submissions.settlements)) throw new RpcError(-32603, "full");
  const receipt = {
    buyer: textOf(params, "buyer") ?? "anonymous",
    seller,
    kwh_delivered: integerOf(params, "kwh_consumed", 0),
    price_paid: 0,
    block_settled: Math.max(0, view.tip),
    treasury_fee: 0,
    slash_applied: 0,
    meter_hash: meterHash,
  };
  submissions.settlements.push(receipt);
  return receipt;
}
