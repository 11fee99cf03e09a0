import type { Examples } from './dataset';

/** Data of any format before they are split. */
export interface Opened {
  kind: 'vector' | 'image';
  name: string;
  /** [D], or [H, W, C] before padding. */
  shape: number[];
  levels?: number;
  all: Examples;
  /** What the data themselves hold out. */
  test?: Examples;
  featureNames?: string[];
  labelNames?: string[];
  /** A built-in name or an absolute path. */
  source: string;
  note: string;
}
