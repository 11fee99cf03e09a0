/** The peer's configurations as our configs: the same model, parameter for parameter. */
import { parseRunConfig } from '../../src/config/parse';
import type { RunConfig } from '../../src/config/schema';

export interface PeerConfig {
  kind: 'vector' | 'image';
  batch: number;
  dim?: number;
  couplings?: number;
  hidden?: number[];
  size?: number;
  channels?: number;
  levels?: number;
  scales?: number;
  base?: number;
  blocks?: number;
}

/** Images come padded already, as in the peer. Its conditioners see no mask; nothing else differs from our defaults. */
export function ourConfig(peer: PeerConfig): RunConfig {
  const model =
    peer.kind === 'vector'
      ? {
          kind: 'vector',
          dim: peer.dim,
          couplings: peer.couplings,
          hidden: peer.hidden,
          conditioning: 'selected',
        }
      : {
          kind: 'image',
          height: peer.size,
          width: peer.size,
          channels: peer.channels,
          levels: peer.levels,
          scales: peer.scales,
          base: peer.base,
          blocks: peer.blocks,
          maskChannel: false,
        };
  return parseRunConfig(
    {
      data: { source: 'moons' },
      model,
      training: { batch: peer.batch, steps: 1_000_000, learningRate: 1e-3, clipNorm: 100 },
    },
    'bench',
  );
}
