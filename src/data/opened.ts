import type { RefusedColumn } from '../protocol/data';
import type { Examples } from './dataset';
import type { DecimalCommas } from './decimal-comma';
import type { Gaps } from './gaps';
import type { Ragged } from './rows';

/** Data of any format before they are split. */
export interface Opened {
  kind: 'vector' | 'image';
  name: string;
  /** [D], or [H, W, C] before padding. */
  shape: number[];
  levels?: number;
  all: Examples;
  /** Examples in the source, where only the first ones were opened for a look. */
  total?: number;
  /** As `total`, of what is held out. */
  testTotal?: number;
  /** What the data themselves hold out. */
  test?: Examples;
  /** One for each example, in proportion to which examples are drawn. */
  weights?: Float32Array;
  testWeights?: Float32Array;
  featureNames?: string[];
  /** Names of the numbers of the context, which come after the features of each example. */
  contextNames?: string[];
  /** Their number, also where they have no names; of columns of a table the names alone tell it. */
  contextSize?: number;
  labelNames?: string[];
  /** Gaps of a table. */
  gaps?: Gaps;
  /** The places of a table’s columns in the file, from 0: features, then context. */
  columns?: number[];
  /** What training refuses of a table that was read nevertheless. */
  refused?: RefusedColumn[];
  ragged?: Ragged;
  /** Columns of a table whose numbers have decimal commas. */
  decimalCommas?: DecimalCommas[];
  /** A built-in name or an absolute path. */
  source: string;
  note: string;
  /** What the images were fitted with, since they have different sizes and the config does not say. */
  fitted?: { crop: 'center'; size: number };
  /** Pictures that cannot be read and were left out, where they were looked for. */
  damaged?: string[];
}
