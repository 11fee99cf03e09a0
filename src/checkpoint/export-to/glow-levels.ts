/** Chains over images that are built as Glow is, as libraries that have no other ones hold them. */
import type { ImageLayerConfig } from '../../config/image-layers';
import { named, type Named } from '../../config/layer-folders';

type Kind = ImageLayerConfig['kind'];
export type Layer<K extends Kind> = Extract<ImageLayerConfig, { kind: K }>;
export type NamedLayer<K extends Kind> = Named<Layer<K>>;

export interface GlowStep {
  actNorm: NamedLayer<'actNorm'>;
  mixing: NamedLayer<'conv1x1'>;
  coupling: NamedLayer<'coupling'>;
}

/** After a squeeze; at the end of each but the last the second half of the channels leaves. */
export interface GlowLevel {
  steps: GlowStep[];
  /** Prior of the latents that leave here. */
  prior?: NamedLayer<'prior'>;
}

export const glowLevelsWords =
  'levels of a squeeze, steps of act norm, 1×1 convolution and coupling, and at most a learned prior';

/** Undefined where the chain is built otherwise. */
export function glowLevels(chain: readonly ImageLayerConfig[] = []): GlowLevel[] | undefined {
  const layers = named(chain);
  const levels: GlowLevel[] = [];
  let at = 0;
  const next = <K extends Kind>(
    kind: K,
    fits: (layer: Layer<K>) => boolean = () => true,
  ): NamedLayer<K> | undefined => {
    const layer = layers[at] as NamedLayer<K> | undefined;
    if (layer?.kind !== kind || !fits(layer)) return undefined;
    at++;
    return layer;
  };
  while (at < layers.length) {
    if (!next('squeeze', ({ order }) => order === 'channel-major')) return undefined;
    const steps: GlowStep[] = [];
    for (let actNorm = next('actNorm'); actNorm; actNorm = next('actNorm')) {
      const mixing = next('conv1x1', ({ bias }) => !bias);
      const coupling = next('coupling', ({ nets, seesContext }) => nets === 'joint' && !seesContext);
      if (!mixing || !coupling) return undefined;
      steps.push({ actNorm, mixing, coupling });
    }
    const prior = next('prior');
    const last = at === layers.length;
    if (steps.length === 0 || (prior && prior.given !== (last ? 'nothing' : 'first'))) return undefined;
    if (!last && !next('factorOut', ({ leaves }) => leaves === 'second')) return undefined;
    levels.push({ steps, ...(prior ? { prior } : {}) });
  }
  return levels.length > 0 ? levels : undefined;
}
