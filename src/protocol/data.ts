/** What is known about data before a flow is trained on them. */
import type { Histogram } from './tensors';

/** An end of a column's values where their density does not fade out. */
export interface Limit {
  value: number;
  /** The share of values that equal the limit, where it is large. */
  share?: number;
}

/** What the values of a column are like that flows have trouble with. */
export type ValueFinding =
  /** They number or name the rows. */
  | { kind: 'row number' }
  /** Whole numbers, as classes and small counts are. */
  | { kind: 'few values'; distinct: number }
  | { kind: 'heavy tail'; side: 'above' | 'below' | 'both' }
  | { kind: 'limits'; low?: Limit; high?: Limit };

export interface NumberSummary {
  min: number;
  max: number;
  mean: number;
  std: number;
  /** The values below which a quarter, a half and three quarters lie. */
  quartiles?: [number, number, number];
  histogram?: Histogram;
  findings?: ValueFinding[];
  /** How many different whole numbers the values are, where rows share them. */
  wholeNumbers?: number;
}

/** A column that training refuses, since it holds more than numbers. */
export interface RefusedColumn {
  name: string;
  /** Its place in the file, from 0. */
  column: number;
  /** Rows that are refused, of those that were read. */
  rows: number;
  /** The first of its cells that is refused, and its place: "line 17". Without a place it is the type of all of them. */
  example: string;
  where?: string;
}

export interface FeaturePreview extends NumberSummary {
  name: string;
  /** Its place in the file, from 0; absent where it is not a column of a table. */
  column?: number;
  /** Rows without a value, of all that were read; absent for data that have no gaps. */
  gaps?: number;
  /** The flow reads it and does not model it. */
  condition?: boolean;
}

export interface ClassCount {
  name: string;
  examples: number;
}

export interface DataPreview {
  /** A built-in name or a file's name. */
  name: string;
  kind: 'vector' | 'image';
  /** In words: where the data come from and how they are split. */
  note: string;
  train: number;
  validation: number;
  /** [D] or [H, W, C] of one example, before padding. */
  shape: number[];
  /** Images: pixels are 0 … levels − 1. */
  levels?: number;
  /** Images in files: height and width that they were scaled to; null where they are as large as in the files. */
  scaledTo?: number | null;
  /** Over the examples that were looked at, which `looked` counts. */
  range: [number, number];
  looked: number;
  /** Vectors: the first features, and after them the numbers of the condition; at most 64. */
  features?: FeaturePreview[];
  /** Vectors: the first rows, at most 20. */
  rows?: number[][];
  /** Data with labels: how many of the examples that were looked at are of each class, in the order of their names. */
  classes?: ClassCount[];
  /** The class of each of `rows`; '' for a row without one. */
  rowClasses?: string[];
  /** Images: a contact sheet of the first examples, as a PNG file. */
  sheet?: { png: Uint8Array; width: number; height: number; columns: number; examples: number };
  /** Columns that were asked for and that training refuses; everything else describes the other columns. */
  refused?: RefusedColumn[];
  /** Things worth knowing before training: constant columns, few examples, sizes that scales do not divide. */
  warnings: string[];
}

/** A column of a table, by its first rows. */
export interface OverviewColumn {
  name: string;
  /** What a config calls it: its name, or its number from 0 where the first row has no names. */
  key: string | number;
  /** It may be classes: text, or few whole numbers. */
  classes: boolean;
  /** The different values that were seen, in order, of columns that may be classes and have few of them. */
  seen?: string[];
  type: 'number' | 'text' | 'date';
  /** Rows without a value, of those that were looked at. */
  gaps: number;
  /** Different values. */
  distinct: number;
  /** Rows of each value in `seen`. */
  counts?: number[];
  numbers?: NumberSummary & { histogram: Histogram };
}

/** A table as it is written, before anybody chose what of it is modeled. */
export interface TableOverview {
  name: string;
  bytes: number;
  rows: number;
  /** Rows that all this is of. */
  looked: number;
  /** Whether there are more rows than `rows`. */
  more: boolean;
  columns: OverviewColumn[];
  /** In the file; of more than 256 the first are described. */
  columnCount: number;
  /** The first rows; a gap is ''. */
  cells: string[][];
  /** How many rows have gaps in just these columns. */
  gaps: { columns: number[]; rows: number }[];
}
