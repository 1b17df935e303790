/** The program's own answers about a desk, against what its fills say. */
// @ts-types="#types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { TOKENS } from "../../src/engine/trading/instrument.ts";
import type { Fill } from "../../src/engine/trading/order.ts";
import { attribute } from "../../src/engine/trading/trade_statistics.ts";
import { FigureCache, TRADES_MAX } from "../../src/runtime/trading_figures.ts";
import type { QueryValues } from "../../src/server/query.ts";
import { portfolioRoutes } from "../../src/server/routes/portfolio.ts";
import type { RouteContext } from "../../src/server/router.ts";
import type { Services } from "../../src/server/services.ts";
import { plain } from "../../src/server/body.ts";
import { strategiesView } from "../../src/server/views/strategies.ts";
import { riskView } from "../../src/server/views/trading.ts";
import type { Ambient } from "../../src/server/views/view.ts";
import type { World } from "../truth/world.ts";

/** Fills that are read at once; more than any of these tests has. */
const FILLS_MAX = 1_000_000;

type Row = Readonly<Record<string, number>> & { readonly id: string };

/** Asks routes and views of a world without a socket. */
export class Books {
  readonly #world: World;
  readonly #figures = new FigureCache();

  constructor(world: World) {
    this.#world = world;
  }

  /** Every fill of the present account, oldest first. */
  fills(): readonly Fill[] {
    const { loop, store } = this.#world.life;
    return store.fills(loop.state.desk.epoch, 0, FILLS_MAX);
  }

  /** Body of a GET. */
  async get<T>(path: string, query: QueryValues = {}): Promise<T> {
    const { loop, store, trading } = this.#world.life;
    const services = {
      state: () => loop.state,
      queries: () => store,
      source: () => "simulated",
      trading,
      clock: this.#world.clock,
      tradingFigures: () => this.#figures.of(loop.state, store),
    } as unknown as Services;
    const route = portfolioRoutes(services).find((row) => row.method === "GET" && row.path === path)!;
    assert(route.handle !== undefined, path);
    const reply = await route.handle({ query, params: {} } as unknown as RouteContext);
    assert("json" in reply, path);
    return reply.json as T;
  }

  /** Body of `/strategy/breakdown`, which is a topic. */
  breakdown(): { readonly strategies: readonly Row[] } {
    const { loop, store, trading } = this.#world.life;
    const closedTrades = () => this.#figures.trades(loop.state, store);
    const ambient = { agents: trading.agents, closedTrades } as unknown as Ambient;
    const { draft } = strategiesView.build(loop.state, ambient);
    return plain(draft).value as unknown as { strategies: readonly Row[] };
  }

  /** Body of `/risk/portfolio`. */
  risk(): Readonly<Record<string, number>> {
    const { loop, store } = this.#world.life;
    const tradingFigures = () => this.#figures.of(loop.state, store);
    const { draft } = riskView.build(loop.state, { tradingFigures } as unknown as Ambient);
    return plain(draft).value as Readonly<Record<string, number>>;
  }
}

/** Holds every figure against the fills; all sums are of whole base units, so they are equal and not close. */
export async function reconcile(world: World): Promise<{ readonly fills: number; readonly agents: number }> {
  const books = new Books(world);
  const { desk } = world.life.loop.state;
  const account = desk.account!;
  const fills = books.fills();
  const total = (pick: (fill: Fill) => number) => fills.reduce((sum, fill) => sum + pick(fill), 0);
  const realized = total((fill) => fill.realized);
  const fees = total((fill) => fill.fee);
  const cash = account.capital +
    total(({ side, gross, fee }) => side === "sell" ? gross - fee : -gross - fee);

  const held = new Map(TOKENS.map((token) => [token, 0]));
  for (const { token, side, qtyMicro } of fills) {
    held.set(token, held.get(token)! + (side === "buy" ? qtyMicro : -qtyMicro));
  }
  for (const token of TOKENS) {
    const own = account.positions.filter((position) => position.token === token);
    assertEquals(own.reduce((sum, { qtyMicro }) => sum + qtyMicro, 0), held.get(token), token);
  }

  const risk = books.risk();
  assertEquals([risk.cash, risk.realized, risk.fees], [cash, realized, fees], "/risk/portfolio");
  assertEquals(risk.equity, cash + risk.exposure!, "equity is cash and positions");
  assertEquals(risk.equity, account.capital + realized + risk.unrealized!, "equity is capital and profit");

  const { strategies } = books.breakdown();
  const rows = attribute(fills);
  for (const { id, realized, fees, turnover, fills } of strategies) {
    const own = rows.filter(({ agent }) => (agent ?? "operator") === id);
    const sum = (pick: (row: (typeof rows)[number]) => number) =>
      own.reduce((all, row) => all + pick(row), 0);
    assertEquals(
      [realized, fees, turnover, fills],
      [
        sum((row) => row.realized),
        sum((row) => row.fees),
        sum((row) => row.turnover),
        sum((row) => row.fills),
      ],
      `/strategy/breakdown ${id}`,
    );
  }
  const unrealized = strategies.reduce((sum, row) => sum + row.unrealized!, 0);
  assertEquals(unrealized, risk.unrealized, "unrealised profit of all owners");
  assertEquals(strategies.reduce((sum, { fills }) => sum + fills!, 0), fills.length, "every fill has a row");

  const { matrix, truncated } = await books.get<
    {
      truncated: boolean;
      matrix: readonly { strategies: Readonly<Record<string, { pnl: number; trades: number }>> }[];
    }
  >("/strategy/matrix", { period: "all" });
  assertEquals(truncated, account.closedTrades >= TRADES_MAX);
  if (!truncated) {
    const cells = matrix.flatMap(({ strategies }) => Object.values(strategies));
    assertEquals(
      cells.reduce((sum, { pnl }) => sum + pnl, 0) +
        account.positions.reduce((sum, position) => sum + position.realized, 0),
      realized,
      "/strategy/matrix and what open positions have realised",
    );
    assertEquals(cells.reduce((sum, { trades }) => sum + trades, 0), account.closedTrades);
  }

  assertEquals((await books.get<{ total: number }>("/pnl/realized")).total, realized, "/pnl/realized");
  const { days } = await books.get<{ days: readonly Row[] }>("/pnl/daily", { days: 365 });
  assertEquals(days.reduce((sum, { pnl }) => sum + pnl!, 0), realized, "/pnl/daily");
  assertEquals(
    account.capital + days.reduce((sum, { equity_change }) => sum + equity_change!, 0),
    risk.equity,
    "/pnl/daily in equity",
  );
  const markets = await books.get<
    {
      totals: Readonly<Record<string, number>>;
      series: readonly { markets: Readonly<Record<string, number>> }[];
    }
  >(
    "/pnl/markets",
    { limit: 500 },
  );
  const newest = fills.slice(-500);
  assertEquals(markets.series.length, newest.length);
  const running = Object.fromEntries(TOKENS.map((token) => [
    token,
    fills.slice(0, fills.length - newest.length).reduce(
      (sum, fill) => fill.token === token ? sum + fill.realized : sum,
      0,
    ),
  ]));
  newest.forEach((fill, i) => {
    running[fill.token]! += fill.realized;
    assertEquals(markets.series[i]!.markets, running, `/pnl/markets point ${i}`);
  });
  assertEquals(markets.totals, running);

  const { series } = await books.get<{ series: readonly (readonly [number, number])[] }>(
    "/chart/portfolio",
    { tf: "1m", limit: 500 },
  );
  assertEquals(series.at(-1)![1], risk.equity, "/chart/portfolio ends with the equity of now");
  return { fills: fills.length, agents: new Set(rows.map(({ agent }) => agent)).size };
}
