/** Rows of the query tables to values and back. Rows that money depends on carry a checksum of their own. */
import { crc32 } from "node:zlib";
import type { Alert, AlertSeverity } from "../engine/alert.ts";
import type { Candle } from "../engine/candle.ts";
import type { EntryKind, LedgerEntry } from "../engine/ledger.ts";
import type { MarketId } from "../engine/market.ts";
import type { ReceiptDispute, ReceiptSource } from "../engine/receipt.ts";
import type { OperationStatus, OperationType } from "../engine/operation.ts";
import {
  type FeatureSample,
  type OperationRow,
  type OwnOperation,
  type ReceiptRow,
  StoreError,
} from "../runtime/ports/store.ts";

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** Values of a row in column order. */
export type Values = (string | number | null)[];

/** Columns of `receipts` without the checksum. */
export const RECEIPT_COLUMNS = [
  "id",
  "seq",
  "height",
  "idx",
  "anchored",
  "market",
  "source",
  "digest",
  "provider",
  "consumer",
  "own",
  "disputed",
  "verified",
  "time_ms",
  "amount",
  "deducted",
  "units",
  "subsidies",
  "disputes",
  "payload",
] as const;

/** Columns of `entries` without the checksum. */
export const ENTRY_COLUMNS = [
  "id",
  "seq",
  "kind",
  "market",
  "receipt_id",
  "height",
  "anchored",
  "time_ms",
  "amount",
  "debit",
  "credit",
] as const;

/** Columns of `operations` that an operation of ours has, without the checksum. */
export const OWN_OPERATION_COLUMNS = [
  "id",
  "seq",
  "height",
  "idx",
  "anchored",
  "type",
  "status",
  "time_ms",
  "provider",
  "consumer",
  "own",
  "amount",
  "details",
  "client_operation_id",
  "request",
  "updated_ms",
  "proof",
] as const;

/** A receipt as values of its row. */
export function receiptValues({ receipt, timeMs, own }: ReceiptRow, seq: number): Values {
  return [
    receipt.id,
    seq,
    receipt.height,
    receipt.index,
    Number(receipt.anchored),
    receipt.market,
    receipt.source,
    receipt.digest,
    receipt.provider,
    receipt.consumer,
    Number(own),
    Number(receipt.disputes.length > 0),
    receipt.verified === null ? null : Number(receipt.verified),
    timeMs,
    receipt.amount.toString(),
    receipt.deducted.toString(),
    receipt.units.toString(),
    JSON.stringify(
      Object.fromEntries(
        Object.entries(receipt.subsidies).map(([bucket, amount]) => [bucket, amount.toString()]),
      ),
    ),
    JSON.stringify(receipt.disputes),
    receipt.payload,
  ];
}

/** A row of `receipts` as a receipt. */
export function toReceipt(row: Row): ReceiptRow {
  checkRow("receipts", row, RECEIPT_COLUMNS);
  return {
    timeMs: row.time_ms as number,
    own: row.own === 1,
    receipt: {
      id: row.id as string,
      source: row.source as ReceiptSource,
      kind: row.source === "settlement.audit" ? "movement" : "work",
      market: row.market as MarketId,
      height: row.height as number,
      anchored: row.anchored === 1,
      index: row.idx as number,
      digest: row.digest as string,
      amount: BigInt(row.amount as string),
      deducted: BigInt(row.deducted as string),
      units: BigInt(row.units as string),
      provider: row.provider as string | null,
      consumer: row.consumer as string | null,
      verified: row.verified === null ? null : row.verified === 1,
      subsidies: Object.fromEntries(
        Object.entries(JSON.parse(row.subsidies as string) as Record<string, string>)
          .map(([bucket, amount]) => [bucket, BigInt(amount)]),
      ),
      disputes: JSON.parse(row.disputes as string) as readonly ReceiptDispute[],
      payload: row.payload as string,
    },
  };
}

/** A ledger entry as values of its row. */
export function entryValues(entry: LedgerEntry, seq: number): Values {
  return [
    entry.id,
    seq,
    entry.kind,
    entry.market,
    entry.receiptId,
    entry.height,
    Number(entry.anchored),
    entry.timeMs,
    entry.amount.toString(),
    entry.debit,
    entry.credit,
  ];
}

/** A row of `entries` as an entry. */
export function toEntry(row: Row): LedgerEntry {
  checkRow("entries", row, ENTRY_COLUMNS);
  return {
    id: row.id as string,
    kind: row.kind as EntryKind,
    market: row.market as MarketId | null,
    receiptId: row.receipt_id as string | null,
    height: row.height as number,
    anchored: row.anchored === 1,
    timeMs: row.time_ms as number,
    amount: BigInt(row.amount as string),
    debit: row.debit as string,
    credit: row.credit as string,
  };
}

/** A row of `operations` as an operation. */
export function toOperation(row: Row): OperationRow {
  return {
    id: row.id as string,
    type: row.type as string,
    status: row.status as OperationStatus,
    timeMs: row.time_ms as number,
    height: row.height as number | null,
    provider: row.provider as string | null,
    consumer: row.consumer as string | null,
    amount: BigInt(row.amount as string),
    own: row.own === 1,
    details: row.details as string,
  };
}

/** An operation of ours as values of its row. */
export function ownOperationValues(operation: OwnOperation): Values {
  return [
    operation.id,
    0,
    operation.height,
    0,
    0,
    operation.type,
    operation.status,
    operation.createdMs,
    operation.provider,
    operation.consumer,
    1,
    operation.amount.toString(),
    operation.details,
    operation.clientOperationId,
    operation.request,
    operation.updatedMs,
    operation.proof,
  ];
}

/** A row of `operations` as an operation of ours. */
export function toOwnOperation(row: Row): OwnOperation {
  checkRow("operations", row, OWN_OPERATION_COLUMNS);
  return {
    id: row.id as string,
    clientOperationId: row.client_operation_id as string,
    type: row.type as OperationType,
    request: row.request as string,
    status: row.status as OperationStatus,
    createdMs: row.time_ms as number,
    updatedMs: row.updated_ms as number,
    height: row.height as number | null,
    provider: row.provider as string | null,
    consumer: row.consumer as string | null,
    amount: BigInt(row.amount as string),
    details: row.details as string,
    proof: row.proof as string,
  };
}

/** A row of `candles` as a candle. */
export function toCandle(row: Row): Candle {
  return {
    t: row.t as number,
    open: BigInt(row.open as string),
    high: BigInt(row.high as string),
    low: BigInt(row.low as string),
    close: BigInt(row.close as string),
    amount: BigInt(row.amount as string),
    units: BigInt(row.units as string),
    count: row.count as number,
    source: row.source as string,
  };
}

/** A row of `features` as a sample. */
export function toFeatures(row: Row): FeatureSample {
  return {
    height: row.height as number,
    timeMs: row.time_ms as number,
    raw: new Float64Array((row.raw as Uint8Array).slice().buffer),
    z: new Float32Array((row.z as Uint8Array).slice().buffer),
  };
}

/** A row of `alerts` as an alert. */
export function toAlert(row: Row): Alert {
  return {
    id: row.id as string,
    rule: row.rule as string,
    severity: row.severity as AlertSeverity,
    message: row.message as string,
    raisedMs: row.raised_ms as number,
    resolvedMs: row.resolved_ms as number | null,
  };
}

/** CRC-32 over the values of a row. */
export function rowChecksum(values: Values): number {
  return crc32(JSON.stringify(values));
}

function checkRow(table: string, row: Row, columns: readonly string[]): void {
  const values = columns.map((column) => row[column] as string | number | null);
  if (rowChecksum(values) !== row.checksum) {
    throw new StoreError(
      "corrupt",
      `Cannot read ${table}: the row ${String(row.id).slice(0, 80)} is damaged`,
    );
  }
}
