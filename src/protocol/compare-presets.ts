/** Several kinds of flow trained on the same data for the same time. */
import type { TrainResult } from './engine';

export interface ComparePresetsRequest {
  /** As for a training. */
  data: string;
  /** Names of presets or sets of conventions, each once. */
  presets: readonly string[];
  /** Folder of the runs, each in a folder of its preset's name. */
  output: string;
  /** Seconds of training, each. */
  seconds: number;
  seed?: number;
}

export interface PresetResult extends Pick<TrainResult, 'run' | 'status' | 'message' | 'seconds' | 'best'> {
  preset: string;
  steps: number;
  parameters: number;
  /** Milliseconds for so many examples at once, the best of a few; absent without a checkpoint. */
  cost?: { examples: number; score: number; sample: number };
  /** Every validation, by seconds of training. */
  curve: { step: number; seconds: number; validationNats: number; validationBitsPerDim?: number }[];
}

export interface PresetComparison {
  data: string;
  seconds: number;
  unit: 'nats' | 'bits/dim';
  /** The best first; those without a validation last. */
  results: PresetResult[];
  /** Presets that were not started because the comparison was ended early. */
  left: string[];
}
