/** Routes of the trading desk: mode, orders, positions, risk. */
import { encode } from "../../engine/codec.ts";
import { isToken, type Token, TOKENS } from "../../engine/trading/instrument.ts";
import { resolveParameters } from "../../engine/trading/agents/agent.ts";
import {
  type AgentSettings,
  agentSettings,
  type DeskPatch,
  type DeskSettings,
} from "../../engine/trading/desk.ts";
import { PRICE_MAX, QTY_MAX } from "../../engine/trading/money.ts";
import {
  ORDER_TRANSITIONS,
  type OrderIntent,
  type OrderStatus,
  type TimeInForce,
  TIMES_IN_FORCE,
} from "../../engine/trading/order.ts";
import { previewOrder } from "../../engine/trading/preview.ts";
import type { TradingMode } from "../../engine/trading/rules.ts";
import { type OrderRow, StoreError } from "../../runtime/ports/store.ts";
import { Fields } from "../fields.ts";
import { Problem } from "../problem.ts";
import { PAGING, type QuerySpec } from "../query.ts";
import { replyBody } from "../reply.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import {
  FILL_UNITS,
  fillDraft,
  lockDraft,
  ORDER_UNITS,
  ORDER_UNITS_ALONE,
  orderDraft,
  ordersDraft,
  PREVIEW_UNITS,
  previewDraft,
  stateDraft,
} from "../views/trading.ts";
import { chainMeta, isFirstPage, paged, pageOf } from "./ledger.ts";

/** Largest paper capital, base units: sums of two are still exact. */
const CAPITAL_MAX = 2 ** 52;

/** How long a confirmation of live mode is good for. */
const CONFIRM_MS = 60_000;

const NAME = /^[\x21-\x7e]{1,64}$/;
const REASON = /^[^\p{C}]{1,200}$/u;

const STATUSES = Object.keys(ORDER_TRANSITIONS) as OrderStatus[];

const FILTER: QuerySpec = {
  token: { type: "choice", words: TOKENS, meaning: "Only this instrument" },
  status: { type: "choice", words: STATUSES, meaning: "Only in this state" },
  agent: { type: "text", maxLength: 64, meaning: "Only of this agent" },
};

/** The routes. */
export function tradingRoutes(services: Services): readonly Route[] {
  const confirmations = new Confirmations();
  const desk = () => services.state().desk;
  const trading = () => services.trading;
  return [
    {
      method: "GET",
      path: "/state",
      summary: "Mode, emergency stop and what the operator set",
      scope: "public",
      shape: "EngineState",
      handle: () => ({ topic: "engine" }),
    },
    {
      method: "POST",
      path: "/state",
      summary: "Changes mode and settings; what is absent stays",
      scope: "trade",
      shape: "EngineState",
      handle: (context) => {
        const { patch, rev, emergencyStop, confirm } = readState(context.body, services);
        const now = desk();
        if (rev !== undefined && rev !== now.rev) {
          throw new Problem(
            409,
            `the state was changed since revision ${rev}: it is at ${now.rev} now; read it again`,
          );
        }
        const needsAdmin = (patch.mode === "live" && now.mode !== "live") ||
          (emergencyStop === false && now.account?.halt?.code === "EMERGENCY_STOP");
        if (needsAdmin && !context.scopes.has("admin")) {
          throw new Problem(
            403,
            'the scope "admin" is needed for live mode and for ending an emergency stop',
          );
        }
        if (patch.mode === "live" && now.mode !== "live") {
          confirmations.check(confirm, services.clock.monotonicMs());
        }
        kept(() => {
          const stopped = desk().account?.halt?.code === "EMERGENCY_STOP";
          // Before anything that could fail, or set agents going.
          if (emergencyStop === true && !stopped) trading().command({ type: "stop", reason: "POST /state" });
          if (Object.keys(patch).length > 0) trading().command({ type: "set", patch });
          if (emergencyStop === false && stopped) trading().command({ type: "resume" });
        });
        return { json: replyBody(stateDraft(desk()), chainMeta(services)) };
      },
    },
    {
      method: "POST",
      path: "/orders",
      summary: "Places an order; what the risk check refuses is answered with 200, denied and a code",
      scope: "trade",
      shape: "OrderBody",
      handle: ({ body }) => {
        const intent = readOrder(body);
        if (desk().mode === "live") {
          throw new Problem(
            501,
            "no operation of this node buys or sells an instrument: orders exist in paper mode",
          );
        }
        const placed = kept(() => trading().place(intent));
        if (placed.kind === "conflict") {
          throw new Problem(
            409,
            `client_order_id "${intent.clientOrderId}" belongs to order ${placed.row.order.id}, which is another`,
          );
        }
        return { json: replyBody(orderDraft(placed.row), orderMeta(services, placed.row)) };
      },
    },
    {
      method: "POST",
      path: "/orders/preview",
      summary: "What an order would come to now, and what the risk check would say; places nothing",
      scope: "read",
      shape: "OrderPreviewBody",
      handle: ({ body }) => {
        const intent = readOrder(body);
        const { account, rules, nowMs } = desk();
        if (!account || !rules) throw new Problem(503, "the desk has not been opened yet");
        const preview = previewOrder(account, rules, intent, nowMs);
        return { json: replyBody(previewDraft(preview, intent), chainMeta(services, PREVIEW_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/fills",
      summary: "Executions of the present account, newest first",
      scope: "read",
      shape: "Fills",
      query: { limit: { type: "integer", min: 1, max: 500, default: 50, meaning: "Fills, the newest" } },
      handle: ({ query }) => {
        const { epoch } = desk();
        const fills = epoch === 0 ? [] : services.queries().fills(epoch, 0, query.limit as number);
        return { json: replyBody({ epoch, fills: fills.map(fillDraft) }, chainMeta(services, FILL_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/orders",
      summary: "Orders, newest first",
      scope: "read",
      shape: "Orders",
      query: { ...PAGING, ...FILTER },
      handle: (context) => {
        if (isFirstPage(context)) return { topic: "orders" };
        const { token, status, agent } = context.query;
        const filter = {
          token: token as Token | undefined,
          status: status as OrderStatus | undefined,
          agent: agent as string | undefined,
        };
        const draft = paged(() => ordersDraft(services.queries(), filter, pageOf(context.query)));
        return { json: replyBody(draft, chainMeta(services, ORDER_UNITS)) };
      },
    },
    {
      method: "GET",
      path: "/orders/:id",
      summary: "One order with its fills",
      scope: "read",
      shape: "OrderBody",
      handle: ({ params }) => {
        const row = services.queries().order(params.id!);
        if (!row) throw unknownOrder(params.id!);
        const fills = services.queries().fillsOf(row.order.id).map(fillDraft);
        return { json: replyBody({ ...orderDraft(row), fills }, orderMeta(services, row)) };
      },
    },
    {
      method: "DELETE",
      path: "/orders/:id",
      summary: "Takes an order back",
      scope: "trade",
      shape: "OrderBody",
      handle: ({ params }) => {
        const done = kept(() => trading().cancel(params.id!));
        if (done.kind === "unknown") throw unknownOrder(params.id!);
        if (done.kind === "over") {
          throw new Problem(409, `order ${params.id} is ${done.row.order.status} already`);
        }
        return { json: replyBody(orderDraft(done.row), orderMeta(services, done.row)) };
      },
    },
    {
      method: "GET",
      path: "/positions",
      summary: "What the account holds, by token",
      scope: "read",
      shape: "PositionBody",
      handle: () => ({ topic: "positions" }),
    },
    {
      method: "GET",
      path: "/dashboard",
      summary: "Account, positions, orders and risk in one",
      scope: "read",
      shape: "Dashboard",
      handle: () => ({ topic: "dashboard" }),
    },
    {
      method: "GET",
      path: "/risk/portfolio",
      summary: "Equity, exposure, drawdown, value at risk, locks",
      scope: "read",
      shape: "RiskPortfolio",
      handle: () => ({ topic: "risk" }),
    },
    {
      method: "GET",
      path: "/risk/locks",
      summary: "What protections have locked",
      scope: "read",
      shape: "Locks",
      handle: () => {
        const locks = (desk().account?.locks ?? []).map(lockDraft);
        return {
          json: replyBody(
            { locks },
            chainMeta(services, { "locks.since": "Unix s", "locks.until": "Unix s" }),
          ),
        };
      },
    },
    {
      method: "DELETE",
      path: "/risk/locks/:id",
      summary: "Lifts a lock",
      scope: "trade",
      shape: "Locks",
      handle: ({ params }) => {
        if (!desk().account?.locks.some(({ id }) => id === params.id)) {
          throw new Problem(404, `there is no lock "${params.id!.slice(0, 128)}"`);
        }
        kept(() => trading().command({ type: "unlock", id: params.id! }));
        const locks = (desk().account?.locks ?? []).map(lockDraft);
        return { json: replyBody({ locks }, chainMeta(services)) };
      },
    },
    {
      method: "POST",
      path: "/risk/stop",
      bodyOptional: true,
      summary: "Emergency stop: entries are cancelled and refused; cancels and exits pass",
      scope: "trade",
      shape: "EngineState",
      handle: ({ body }) => {
        const fields = new Fields(body ?? {}, ["reason", "flatten"]);
        const reason = fields.text("reason", REASON, "a text of at most 200 characters") ?? "POST /risk/stop";
        const flatten = fields.flag("flatten") ?? false;
        fields.check();
        kept(() => {
          trading().command({ type: "stop", reason });
          if (flatten) trading().command({ type: "flatten" });
        });
        return { json: replyBody(stateDraft(desk()), chainMeta(services)) };
      },
    },
    {
      method: "POST",
      path: "/risk/resume",
      bodyOptional: true,
      summary: "Ends a halt",
      scope: "admin",
      shape: "EngineState",
      handle: ({ body }) => {
        new Fields(body ?? {}, []).check();
        kept(() => trading().command({ type: "resume" }));
        return { json: replyBody(stateDraft(desk()), chainMeta(services)) };
      },
    },
    ...([["/ws", "orders"], ["/positions/ws", "positions"], ["/dashboard/ws", "dashboard"]] as const).map(
      ([path, topic]): Route => ({
        method: "WS",
        path,
        summary: `{type: "${topic}", data, timestamp} on connect and on change`,
        scope: "read",
        session: { kind: "legacy", topic },
      }),
    ),
  ];
}

/** The time of an order's body is the order's own. */
function orderMeta(services: Services, { order }: OrderRow) {
  return { source: services.source(), asOfMs: order.placedMs, units: ORDER_UNITS_ALONE };
}

/** A store that cannot keep what was asked for is the server's trouble, and may be over soon. */
function kept<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const detail = `nothing can be kept at present, look before you repeat it: ${error.message}`;
    throw new Problem(503, detail, {
      headers: { "retry-after": "5" },
    });
  }
}

function unknownOrder(id: string): Problem {
  return new Problem(404, `there is no order "${id.slice(0, 128)}"`);
}

function readOrder(body: unknown): OrderIntent {
  const fields = new Fields(body, [
    "token",
    "qty",
    "side",
    "limit",
    "client_order_id",
    "time_in_force",
    "reduce_only",
  ]);
  const token = fields.text("token", /^[A-Za-z]{1,16}$/, `one of ${TOKENS.join(", ")}`, true)?.toUpperCase();
  if (token !== undefined && !isToken(token)) fields.refuse("token", `must be one of ${TOKENS.join(", ")}`);
  const qty = fields.number("qty", 0, QTY_MAX, true);
  if (qty !== undefined && !(qty > 0)) fields.refuse("qty", "must be above 0");
  else if (qty !== undefined && Math.round(qty * 1e6) / 1e6 !== qty) {
    fields.refuse("qty", "must have at most 6 decimals");
  }
  const side = fields.choice("side", ["buy", "sell"] as const, true);
  const limit = fields.number("limit", 0, PRICE_MAX);
  if (limit === 0) fields.refuse("limit", "must be above 0");
  const clientOrderId = fields.text("client_order_id", NAME, "1 to 64 printable characters without spaces");
  const timeInForce = fields.choice("time_in_force", Object.keys(TIMES_IN_FORCE) as TimeInForce[]);
  const reduceOnly = fields.flag("reduce_only");
  fields.check();
  return {
    token: token as Token,
    side: side!,
    qty: qty!,
    limit: limit ?? null,
    timeInForce: timeInForce ?? "gtc",
    reduceOnly: reduceOnly ?? false,
    clientOrderId: clientOrderId ?? null,
    agent: null,
  };
}

interface StateRequest {
  readonly patch: DeskPatch;
  readonly rev: number | undefined;
  readonly emergencyStop: boolean | undefined;
  readonly confirm: string | undefined;
}

function readState(body: unknown, services: Services): StateRequest {
  const fields = new Fields(body, [
    "running",
    "emergency_stop",
    "mode",
    "paper_assets",
    "paper_capital",
    "settings",
    "rev",
    "confirm",
  ]);
  const running = fields.flag("running");
  const mode = fields.choice<TradingMode>("mode", ["monitor", "paper", "live"]);
  const paperAssets = fields.choices<Token>("paper_assets", TOKENS);
  const paperCapital = fields.integer("paper_capital", 1, CAPITAL_MAX);
  const settings = readSettings(fields, services);
  const patch: DeskPatch = {
    ...(running === undefined ? {} : { running }),
    ...(mode === undefined ? {} : { mode }),
    ...(paperAssets === undefined ? {} : { paperAssets }),
    ...(paperCapital === undefined ? {} : { paperCapital }),
    ...(settings === undefined ? {} : { settings }),
  };
  const rev = fields.integer("rev", 0, Number.MAX_SAFE_INTEGER);
  const emergencyStop = fields.flag("emergency_stop");
  const confirm = fields.text("confirm", /^[0-9a-f]{1,64}$/, "the token of the refusal");
  fields.check();
  return { patch, rev, emergencyStop, confirm };
}

/** `settings.agents` names agents; those that are not named stay as they are. */
function readSettings(fields: Fields, services: Services): DeskSettings | undefined {
  const settings = fields.object("settings", ["agents"]);
  const named = settings?.entries("agents");
  if (!named) return undefined;
  const { desk } = services.state();
  const agents: Record<string, AgentSettings> = { ...desk.settings.agents };
  const { agents: known } = services.trading;
  for (const [name, value] of named) {
    const agent = known.find((candidate) => candidate.name === name);
    // One whose file is not loaded any more can be switched off, and sent back as it was read.
    if (!agent && !Object.hasOwn(desk.settings.agents, name)) {
      const names = known.map((one) => one.name).join(", ");
      settings!.refuse(`agents.${name.slice(0, 64)}`, `is no agent; there are ${names}`);
      continue;
    }
    const given = settings!.inside(`agents.${name}`, value, ["enabled", "share", "params"]);
    const old = agentSettings(desk, name);
    const params = Object.fromEntries(given.entries("params") ?? Object.entries(old.params));
    if (agent) {
      for (const { field, message } of resolveParameters(agent, params).problems) {
        given.refuse(`params.${field.slice(0, 64)}`, message);
      }
    } else if (encode(params) !== encode(old.params)) {
      given.refuse("params", "cannot be changed: the agent is not loaded");
    }
    agents[name] = {
      enabled: given.flag("enabled") ?? old.enabled,
      share: given.number("share", 0, 1) ?? old.share,
      params: params as Record<string, number>,
    };
  }
  return { agents };
}

/** Live mode is entered in two steps: a refusal with a token, and the same request with it. */
class Confirmations {
  #token = "";
  #untilMs = -Infinity;

  /** @throws {Problem} 409 with a token, unless the one given is the newest and not too old */
  check(given: string | undefined, nowMs: number): void {
    if (given !== undefined && given === this.#token && nowMs <= this.#untilMs) {
      this.#untilMs = -Infinity;
      return;
    }
    this.#token = crypto.randomUUID().replaceAll("-", "");
    this.#untilMs = nowMs + CONFIRM_MS;
    throw new Problem(
      409,
      `live mode must be confirmed: send the same request with "confirm": "${this.#token}" within ${
        CONFIRM_MS / 1000
      } s`,
      { errors: [{ field: "confirm", message: this.#token }] },
    );
  }
}
