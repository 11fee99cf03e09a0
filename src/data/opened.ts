import type { Dataset, Examples } from './dataset';
import type { Rows } from './rows';

type OfDataset = 'kind' | 'name' | 'shape' | 'levels' | 'contextNames' | 'contextSize';

/** Data of any format before the split; a table also has what is known about its rows. */
export interface Opened extends Pick<Dataset, OfDataset>, Partial<Omit<Rows, 'total'>> {
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
  /** A built-in name or an absolute path. */
  source: string;
  note: string;
  /** What the images were fitted with, since they have different sizes and the config does not say. */
  fitted?: { crop: 'center'; size: number };
  /** Pictures that cannot be read and were left out, where they were looked for. */
  damaged?: string[];
}
