import type { RunConfigInput } from './schema';

type VectorInput = Extract<RunConfigInput['model'], { kind: 'vector' }>;

type ImageInput = Extract<RunConfigInput['model'], { kind: 'image' }>;

export interface Preset {
  name: string;
  /** For a list to pick from. */
  title: string;
  about: string;
  data: Partial<RunConfigInput['data']>;
  /** Without the sizes that come from the data. */
  model: Omit<VectorInput, 'dim'> | Omit<ImageInput, 'height' | 'width' | 'channels' | 'levels'>;
  training: NonNullable<RunConfigInput['training']>;
}
