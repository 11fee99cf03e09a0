/** Was eine Schicht tut, in einer Zeile. */
import { numbersThatMove, type LayerMoves } from '../../../src/protocol/layer-moves';
import type { LayerInfo } from '../../../src/protocol/model';
import type { layers as english } from '../en/layers';

function moving(moves: LayerMoves): string {
  if (moves.of === 'pixels')
    return `Pixel mit ${moves.parity === 'odd' ? 'ungerader' : 'gerader'} Summe aus Zeile und Spalte bewegen sich`;
  if (moves.of === 'values') return `${moves.count} von ${moves.total} Werten bewegen sich`;
  const [one, many] = moves.of === 'channels' ? ['Kanal', 'Kanäle'] : ['Merkmal', 'Merkmale'];
  return moves.count === 1
    ? `${one} ${moves.first[0]} bewegt sich`
    : `${many} ${numbersThatMove(moves)} bewegen sich`;
}

function described(layer: LayerInfo): string {
  const { kind, moves, hasNorm, assumed } = layer;
  const shape = layer.inputShape.join('×');
  const output = layer.outputShape.join('×');
  if (moves) return `${shape}, ${moving(moves)}${hasNorm ? ', dann Batch-Norm' : ''}`;
  switch (kind) {
    case 'logit':
      return `${shape}, Pixel zu Logits${assumed ? ' (angenommen)' : ''}`;
    case 'standardize':
      return `${shape}, Mittelwert abgezogen, durch die Standardabweichung geteilt`;
    case 'squeeze':
      return `${shape} zu ${output} gefaltet`;
    case 'factorOut':
      return `${output} von ${shape} gehen weiter, der Rest nach z`;
    case 'permute':
      return `${shape}, Merkmale in anderer Reihenfolge`;
    case 'batchNorm':
      return `${shape}, Batch-Norm mit Verstärkung und Versatz`;
    case 'actNorm':
      return `${shape}, gelernte Verschiebung und Skalierung jedes Merkmals`;
    default:
      return layer.description;
  }
}

export const layers: typeof english = { layerDescription: described };
