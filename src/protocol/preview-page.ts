/** Messages between the data preview's page and the extension host. */
import type { DataPreview, TableOverview } from './data';
import type { DataChoice, TrainEstimate } from './engine';

export interface PresetGroup {
  label: string;
  presets: readonly { name: string; title: string; about: string }[];
}

/** What the user chose on the page. */
export interface TrainingChoice extends DataChoice {
  preset?: string;
  /** Number of steps, if it differs from the preset's. */
  steps?: number;
}

/** Implemented by the host, called by the page. */
export interface PreviewHost {
  /** A built-in name or an absolute path. */
  source(): Promise<string>;
  /** Reads the data; `token` names the call for `cancel`. */
  preview(token: string, choice?: DataChoice): Promise<DataPreview>;
  /** A table as it is written; undefined for other data. */
  overview(token: string): Promise<TableOverview | undefined>;
  /** Those that fit the data, the recommended one first. None for a config, which says itself how to train. */
  presets(): Promise<PresetGroup[]>;
  estimate(choice: TrainingChoice, token: string): Promise<TrainEstimate>;
  cancel(token: string): Promise<void>;
  showLog(): Promise<void>;
  /** Asks where to write the run, and starts it. */
  train(choice: TrainingChoice): Promise<void>;
  /** Writes a config where the user says. */
  saveConfig(choice: TrainingChoice): Promise<void>;
}

/** Implemented by the page, called by the host. */
export interface PreviewEvents {
  /** The file changed on disk: ask again. */
  changed(): void;
}
