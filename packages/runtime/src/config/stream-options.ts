import { checkOptions, PerdureError, type OptionNames } from "@perdure/protocol";
import { toMilliseconds, type Duration } from "./duration.ts";

/** How the streams of runs are written. Bytes are those of the chunks as they are stored. */
export interface StreamOptions {
  /** How long chunks are collected, to be committed together. The first one after a quiet time is committed at once. Default `"25ms"`. */
  readonly flushEvery?: Duration;
  /** So many bytes are committed without waiting for that time. Default 65,536. Four times as many may await their commit; then a task's `write()` waits. */
  readonly flushBytes?: number;
  /** The most that one chunk may have. Default 1 MiB. */
  readonly chunkBytes?: number;
  /** The most that the chunks of one stream may have together. Default 64 MiB. */
  readonly streamBytes?: number;
}

export interface StreamSettings {
  /** Milliseconds. */
  readonly flushEvery: number;
  readonly flushBytes: number;
  readonly chunkBytes: number;
  readonly streamBytes: number;
}

const STREAM_OPTIONS: OptionNames<StreamOptions> = {
  flushEvery: true,
  flushBytes: true,
  chunkBytes: true,
  streamBytes: true,
};

const MIB = 1_048_576;

/** @throws PerdureError `OPTION_UNKNOWN`, `OPTION_INVALID`, `DURATION_INVALID` */
export function streamSettings(options: StreamOptions = {}): StreamSettings {
  const { flushEvery = 25, flushBytes = MIB / 16, chunkBytes = MIB, streamBytes = 64 * MIB } = options;
  checkOptions(options, STREAM_OPTIONS, "configure({ streams })");
  return {
    flushEvery: toMilliseconds(flushEvery, "streams.flushEvery"),
    flushBytes: bytes(flushBytes, "flushBytes"),
    chunkBytes: bytes(chunkBytes, "chunkBytes"),
    streamBytes: bytes(streamBytes, "streamBytes"),
  };
}

function bytes(value: number, option: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  const params = { option: `streams.${option}`, value: String(value), expected: "a whole number from 1" };
  throw new PerdureError("OPTION_INVALID", params);
}
