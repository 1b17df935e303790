/** Names: whether the node knows and verified one. */
import type { DomainRecord } from "../../runtime/ports/domain_lookup.ts";
import type { Question } from "../question.ts";

/** Looks up one name. */
export const domain: Question<string, DomainRecord> = {
  id: "domain",
  meaning: "Is this name registered and verified?",
  spellings: [
    {
      dialect: "readme",
      methods: ["gateway.dns_lookup"],
      ask: async (ask, name) => {
        const field = await ask("gateway.dns_lookup", { domain: name });
        return {
          verified: field.optional("verified")?.boolean() ?? false,
          found: field.first("record", "records", "txt") !== undefined,
        };
      },
    },
    {
      dialect: "live",
      methods: ["net.dns_verify"],
      ask: async (ask, name) => {
        const field = await ask("net.dns_verify", { domain: name });
        const verified = field.get("verified").boolean();
        return { verified, found: verified };
      },
    },
  ],
};
