/** The agents of users: files of the configuration, each in a worker of its own, loaded when the program starts. */
import type { AgentCard } from "../engine/trading/agents/agent.ts";
import type { Log } from "../telemetry/log.ts";
import { type AgentAnswer, type AgentHost, type AgentHostOptions, startAgent } from "./agent_host.ts";
import type { Clock } from "./ports/clock.ts";

/** A file that could not be loaded, and why. */
export interface NotLoaded {
  readonly file: string;
  readonly reason: string;
}

/** One agent that was loaded. Its worker is started anew when somebody readmits it after a suspension. */
export class UserAgent {
  readonly card: AgentCard;
  readonly #options: AgentHostOptions;
  #host: AgentHost;
  #busy = false;
  #closed = false;

  constructor(host: AgentHost, options: AgentHostOptions) {
    this.card = host.card;
    this.#host = host;
    this.#options = options;
  }

  /** Whether it is being asked, or is starting; then it sits this block out. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Asks for a decision, see {@link AgentHost.ask}. */
  async ask(question: Parameters<AgentHost["ask"]>[0]): Promise<AgentAnswer> {
    this.#busy = true;
    try {
      return await this.#host.ask(question);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Starts its worker again, if it was ended.
   *
   * @returns Why that was not possible, or null
   */
  async restart(): Promise<string | null> {
    if (this.#host.suspended === null || this.#closed) return null;
    this.#busy = true;
    try {
      const host = await startAgent(this.#options);
      if (this.#closed || host.card.name !== this.card.name) {
        await host.close();
        return this.#closed ? null : `its file now holds an agent named ${host.card.name}`;
      }
      this.#host = host;
      return null;
    } catch (error) {
      return messageOf(error);
    } finally {
      this.#busy = false;
    }
  }

  /** Ends its worker until a {@link restart}. */
  async suspend(reason: string): Promise<void> {
    await this.#host.suspend(reason);
  }

  /** Ends its worker for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#host.close();
  }
}

/** What came of the files of a configuration. */
export interface UserAgents {
  readonly agents: readonly UserAgent[];
  readonly notLoaded: readonly NotLoaded[];
}

/** What {@link loadUserAgents} needs. */
export interface UserAgentOptions {
  /** Paths, as the configuration names them. */
  readonly files: readonly string[];
  readonly urlOf: (file: string) => URL;
  /** Names that are taken. */
  readonly taken: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly decisionMs?: number;
}

/** Loads every file, side by side. One that cannot be loaded is told of and left out. */
export async function loadUserAgents(options: UserAgentOptions): Promise<UserAgents> {
  const { files, urlOf, taken, clock, log, decisionMs } = options;
  const names = new Set(taken);
  const agents: UserAgent[] = [];
  const notLoaded: NotLoaded[] = [];
  const started = await Promise.all(files.map(async (file) => {
    try {
      const how = { clock, url: urlOf(file), ...(decisionMs === undefined ? {} : { decisionMs }) };
      return { file, how, host: await startAgent(how) };
    } catch (error) {
      return { file, reason: messageOf(error) };
    }
  }));
  for (const found of started) {
    let { reason } = found;
    if (found.host && names.has(found.host.card.name)) {
      reason = `the name "${found.host.card.name}" is taken`;
      await found.host.close();
    }
    if (reason !== undefined) {
      notLoaded.push({ file: found.file, reason });
      log.error("agent.not_loaded", { file: found.file, reason });
    } else {
      names.add(found.host!.card.name);
      agents.push(new UserAgent(found.host!, found.how!));
      log.info("agent.loaded", { agent: found.host!.card.name, file: found.file });
    }
  }
  return { agents, notLoaded };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
