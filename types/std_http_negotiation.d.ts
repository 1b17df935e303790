export function accepts(request: { headers: Headers }, ...types: string[]): string | undefined;
export function acceptsEncodings(request: { headers: Headers }, ...encodings: string[]): string | undefined;
