import type { ImageInput, RunConfigInput, VectorInput } from './schema';

export interface Preset {
  name: string;
  /** For a list to pick from. */
  title: string;
  about: string;
  data: Partial<RunConfigInput['data']>;
  /** Without the sizes that come from the data. */
  model: Omit<VectorInput, 'dim'> | Omit<ImageInput, 'height' | 'width' | 'channels' | 'levels'>;
  /** Passes over the training examples that the steps come to at most, so that few are not learned by heart. */
  mostEpochs?: number;
  training: NonNullable<RunConfigInput['training']>;
}
