// @ts-types="#types/std_http_negotiation.d.ts"
import { acceptsEncodings } from "@std/http/negotiation";

/** Whether the client asked for an encoding. A client that says nothing gets plain bytes. */
export function wantsEncoding(request: Request, encoding: string): boolean {
  const asked = request.headers.get("accept-encoding")?.trim() ?? "";
  return asked !== "" && acceptsEncodings(request, encoding, "identity") === encoding;
}
