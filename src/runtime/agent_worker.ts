/** Entry of the worker that one user's agent runs in. It does nothing but ask it. */
import { parentPort, workerData } from "node:worker_threads";
import { decode, encode } from "../engine/codec.ts";
import { type Agent, INTENTS_MAX, resolveParameters } from "../engine/trading/agents/agent.ts";
import { agentProblem } from "../engine/trading/agents/foreign.ts";
import { type AgentQuestion, type AgentReply, type AgentStart, MEMORY_TEXT_MAX } from "./agent_protocol.ts";

const say = (reply: AgentReply) => parentPort!.postMessage(reply);

try {
  await start(workerData as AgentStart);
} catch (error) {
  say({ kind: "refused", problem: messageOf(error) });
}

async function start({ url }: AgentStart): Promise<void> {
  const module = await import(url);
  const problem = agentProblem(module.default);
  if (problem !== null) return say({ kind: "refused", problem });
  const agent = module.default as Agent;
  parentPort!.on("message", (question: AgentQuestion) => {
    try {
      say(decide(agent, question));
    } catch (error) {
      say({ kind: "failed", seq: question.seq, problem: messageOf(error) });
    }
  });
  const { name, title, hypothesis } = agent;
  say({ kind: "ready", name, title, hypothesis, parameters: agent.parameters.map((row) => ({ ...row })) });
}

function decide(agent: Agent, { seq, view, parameters: given, memory: text }: AgentQuestion): AgentReply {
  const { parameters, problems } = resolveParameters(agent, given);
  if (problems.length > 0) {
    throw new RangeError(problems.map(({ field, message }) => `${field} ${message}`).join("; "));
  }
  const memory = text === null ? agent.memory(parameters) : decode(text);
  const intents = agent.decide(view, parameters, memory);
  // A flood stays here: only its length crosses over.
  if (Array.isArray(intents) && intents.length > INTENTS_MAX) {
    const flood = `decide() returned ${intents.length} intents, at most ${INTENTS_MAX} are allowed`;
    return { kind: "failed", seq, problem: flood };
  }
  const written = encode(memory);
  if (written.length > MEMORY_TEXT_MAX) {
    const size = `its memory has ${written.length} characters, at most ${MEMORY_TEXT_MAX} are allowed`;
    return { kind: "failed", seq, problem: size };
  }
  return { kind: "decided", seq, intents, memory: written };
}

function messageOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).slice(0, 500);
}
