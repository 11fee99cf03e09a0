import type { MaskView } from '../../../src/protocol/inspect';
import { places, type ViewData } from '../../base/view-data/view-data';

export function maskNumbers(view: MaskView): ViewData {
  return {
    columns: [...places(view.inImage.shape), { name: 'read', values: view.inImage.data }],
    arrays: { mask: view.mask, in_image: view.inImage },
  };
}
