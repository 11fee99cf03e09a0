/** What the page does when a command of the host asks for it, and what it tells the host of its selection. */
import type { LayerKind } from './model';

/** Each is a command of the host, "flowscope." and its name; tabs of the layer go by `PageEvents.select`. */
export const pageActions = [
  'previousLayer',
  'nextLayer',
  'firstLayer',
  'lastLayer',
  'previousExample',
  'nextExample',
  'previousCheckpoint',
  'nextCheckpoint',
  'goBack',
  'goForward',
  'drawSamples',
  'compareWith',
  'copyReport',
  'showKeys',
] as const;

export type PageAction = (typeof pageActions)[number];

/** A layer as lists outside of the page show it, in the language of the page. */
export interface OutlineLayer {
  index: number;
  title: string;
  kind: LayerKind;
  /** Zero-based. Layers stay in forward order, so a scale may come back. */
  scale: number;
  /** Shape of its output, "4×4×2". */
  shape: string;
  /** In words, for a hint. */
  description: string;
  /** Mean over the batch, nats, as the page writes it; absent while it is not known. */
  logDet?: string;
  /** Non-finite output values over the batch. */
  nonFinite: number;
  /** NaN or Inf first appear here. */
  first: boolean;
}

export interface PageSelection {
  layer: number;
  canGoBack: boolean;
  canGoForward: boolean;
  /** Whether there is a plane to show, and another checkpoint of the run. */
  hasPlane: boolean;
  hasCheckpoints: boolean;
  /** Path of the model that is compared with, while one is. */
  comparedWith?: string;
}
