/** Paths to ask for, made from the index of a running program. */
import { routeTable } from "../../src/app.ts";
import { MARKET_IDS } from "../../src/engine/market.ts";
import { type Json, until } from "./harness.ts";

/** One entry of the index. */
export interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly scope: string;
}

/** The route table as the index shows it. */
export function expectedIndex(): readonly Endpoint[] {
  return routeTable().map(({ method, path, summary, scope }) => ({
    method,
    path: path.replace(/:(\w+)/g, "{$1}"),
    summary,
    scope,
  }));
}

/** Whether the answer of a GET is one of our bodies; text formats and the OpenAPI document are not. */
export function hasBody(path: string): boolean {
  return routeTable().some((route) =>
    route.method === "GET" && route.path.replace(/:(\w+)/g, "{$1}") === path && route.shape !== undefined
  );
}

/** Query parameters without which a route answers 400. */
const NEEDED: Readonly<Record<string, string>> = { "/theblock/history": "?metric=tps" };

/** Ids of what a program has just now, by the path that takes one. */
const IDS: Readonly<Record<string, (read: (path: string) => Promise<Json>) => Promise<readonly string[]>>> = {
  "/theblock/markets/{market}": () => Promise.resolve(MARKET_IDS),
  "/chart/{symbol}": () => Promise.resolve(["COMPUTE", "AD"]),
  "/orders/{id}": async (read) =>
    ((await read("/orders")).orders as readonly { id: string }[]).slice(0, 2).map(({ id }) => id),
  "/theblock/operations/{id}": async (read) =>
    ((await read("/theblock/operations")).operations as readonly { id: string }[]).slice(0, 2).map(({ id }) =>
      id
    ),
  "/backtest/{id}": backtestIds,
  "/backtest/{id}/trades": backtestIds,
  "/backtest/{id}/equity": backtestIds,
};

async function backtestIds(read: (path: string) => Promise<Json>): Promise<readonly string[]> {
  return ((await read("/backtest/history")).backtests as readonly { id: string }[]).map(({ id }) => id);
}

/** Runs a small backtest to its end, in a real worker; gives its id. */
export async function runBacktest(url: string, key: string): Promise<string> {
  const headers = { "content-type": "application/json", "x-api-key": key };
  const prices = [10, 11, 12, 11, 10];
  const body = JSON.stringify({
    data: { kind: "inline", rows: prices.map((price, i) => [1_767_225_600 + 60 * i, price]) },
    agents: [{ name: "momentum", params: { qty: 1 } }],
    capital: 1_000,
  });
  const response = await fetch(`${url}/backtest`, { method: "POST", headers, body });
  const { id } = await response.json();
  await until("the backtest has ended", async () => {
    const { status } = await (await fetch(`${url}/backtest/${id}`, { headers })).json();
    if (status === "failed") throw new Error("the backtest failed");
    return status === "done";
  });
  return id;
}

/**
 * The paths to ask for an endpoint; none where the program has nothing of the kind now.
 *
 * @param read Gives the body of a path
 * @throws {TypeError} If a new route takes something that this table does not know
 */
export async function samplePaths(
  { path }: Endpoint,
  read: (path: string) => Promise<Json>,
): Promise<readonly string[]> {
  if (!path.includes("{")) return [`${path}${NEEDED[path] ?? ""}`];
  const ids = IDS[path];
  if (!ids) throw new TypeError(`Cannot ask for ${path}: name a value for it in this file`);
  return (await ids(read)).map((id) => path.replace(/\{\w+\}/, encodeURIComponent(id)));
}

/** Whether an endpoint needs a key on loopback. */
export function needsKey({ scope }: Endpoint): boolean {
  return scope !== "open" && scope !== "public";
}
