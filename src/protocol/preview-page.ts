/** Messages between the data preview's page and the extension host. */
import type { DataPreview } from './data';

/** Implemented by the host, called by the page. */
export interface PreviewHost {
  /** A built-in name or an absolute path. */
  source(): Promise<string>;
  /** Reads the data; `token` names the call for `cancel`. */
  preview(token: string): Promise<DataPreview>;
  cancel(token: string): Promise<void>;
  showLog(): Promise<void>;
  /** Opens the training wizard with these data chosen. */
  train(): Promise<void>;
}

/** Implemented by the page, called by the host. */
export interface PreviewEvents {
  /** The file changed on disk: ask again. */
  changed(): void;
}
