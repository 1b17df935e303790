export function ifNoneMatch(value: string | null, etag: string | undefined): boolean;
