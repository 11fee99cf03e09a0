/** The peers' configurations as our configs: the same model, parameter for parameter. */
import { conventionSets } from '../../src/config/conventions';
import { parseRunConfig } from '../../src/config/parse';
import type { ModelInput, RunConfig } from '../../src/config/schema';

/** Fields that are not named here are those of our model section. */
export type PeerConfig = Record<string, unknown> & {
  kind: 'vector' | 'image';
  batch: number;
  /** Who is timed besides. */
  peers?: string[];
  /** A named set of ours that the model follows. */
  conventions?: string;
  /** Side of an image. */
  size?: number;
  /** What was added to each side of it. */
  pad?: number;
};

/** Images come padded already, as in the peer. Its conditioners see no mask; nothing else differs from our defaults. */
export function ourConfig({ batch, peers: _, pad: __, conventions, size, ...fields }: PeerConfig): RunConfig {
  const set = conventionSets.find(({ name }) => name === conventions);
  const likePeer =
    fields.kind === 'vector'
      ? { conditioning: 'selected' }
      : { height: size, width: size, ...(set ? {} : { maskChannel: false }) };
  return parseRunConfig(
    {
      data: { source: 'moons' },
      model: { ...likePeer, ...set?.[fields.kind], ...fields } as unknown as ModelInput,
      training: { batch, steps: 1_000_000, learningRate: 1e-3, clipNorm: 100 },
    },
    'bench',
  );
}
